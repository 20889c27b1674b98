"""How `gunicorn magnetiq.wsgi` serves; the number of workers comes from WEB_CONCURRENCY, as always with gunicorn."""

from magnetiq.settings import LOGGING

bind = "0.0.0.0:8000"  # inside the container; compose.yaml decides who can reach it
# Loaded once, before any worker: a setting that forbids the start ends the server, instead of restarting workers
# for ever.
preload_app = True
worker_class = "gthread"
threads = 4
timeout = 30
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# Its lines are ours, too: what it cannot understand of a request, it would quote as it came.
logconfig_dict = {**LOGGING, "loggers": {**LOGGING["loggers"], "gunicorn.error": {"handlers": [], "propagate": True}}}

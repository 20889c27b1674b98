"""The web server's entry point (gunicorn, waitress)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magnetiq.settings")

application = get_wsgi_application()

from magnetiq.checks import refuse_to_start  # noqa: E402 (needs the settings)

refuse_to_start()

"""Web server, worker and beat as threads of one process: for the demo, where nothing but Python is installed."""

import threading
from contextlib import suppress

from celery.beat import Service
from celery.worker import state
from waitress.server import create_server

from integrations.sandbox import is_free
from magnetiq.celery import app
from magnetiq.wsgi import application

HOST = "127.0.0.1"
QUEUES = ["fast", "bulk"]


def free_port(wanted: int) -> int:
    """`wanted`, or the next port that nobody uses."""
    return next(port for port in range(wanted, wanted + 100) if is_free(port))


class OneProcess:
    """Serves on `port` and works on both queues from `start` to `stop`. The broker is this process's memory."""

    def __init__(self, port: int) -> None:
        self.server = create_server(application, host=HOST, port=port, threads=8)
        self.worker = app.WorkController(
            pool_cls="threads", concurrency=4, queues=QUEUES, loglevel="WARNING", quiet=True
        )
        # Celery's beat looks at no setting here: without the name, the schedules in the database would never fire.
        self.beat = Service(app, max_interval=1, scheduler_cls=app.conf.beat_scheduler)
        self.threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("web", self.serve), ("worker", self.worker.start), ("beat", self.beat.start))
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def serve(self) -> None:
        with suppress(OSError):  # how its loop finds out that `stop` has closed the socket
            self.server.run()

    def stop(self) -> None:
        self.beat.stop()
        state.should_stop = 0  # type: ignore[assignment] # the worker's loop ends, with this exit code
        self.server.close()
        for thread in self.threads:  # they use the database, which stops with this process
            thread.join(timeout=5)

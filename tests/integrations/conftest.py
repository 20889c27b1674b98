"""What the tests of the core share: a postbox that listens, and the integration that posts to it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from integrations import commands, configuration, gate, setup
from integrations.models import Connection, Integration
from integrations.outbox import wake
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

from .promising import LETTERS, Handle

TOKEN = "a-token-that-opens-the-postbox"


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """What a process remembers of rates and wake-ups is forgotten between tests."""
    gate.limiter.cache_clear()
    wake._last.clear()
    wake._silent_until = 0
    yield
    gate.limiter.cache_clear()


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    server = Postbox()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def registered(settings: LazySettings, db: None) -> Integration:
    """The postbox is one line in the settings; its rows are there, nothing is configured."""
    settings.INTEGRATIONS = [*settings.INTEGRATIONS, "tests.postbox.service.PostboxService"]
    setup.create_integration(PostboxService)
    for job in PostboxService.jobs():
        setup.create_job_schedule(job)
        commands.register(job)
    return Integration.objects.get(slug="postbox")


@pytest.fixture
def connection(registered: Integration, postbox: Postbox) -> Connection:
    """Configured and enabled."""
    configuration.configure(registered, {"url": postbox.url, "token": TOKEN})
    configuration.set_enabled(registered, True)
    return fresh()


def fresh() -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="postbox", owner="")


def service() -> PostboxService:
    return PostboxService(fresh())


def change(connection: Connection, **values: Any) -> None:
    configuration.configure(connection.integration, values)


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handle], None]:
    """Put another handler behind `post_letters`."""

    def replace(handler: Handle) -> None:
        monkeypatch.setattr(LETTERS, "handler", lambda self, leads: handler(leads))

    return replace

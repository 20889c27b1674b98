"""Promised letters against Django's own SMTP backend, with the same letters, in one run."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest
import requests
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from integrations import configuration, outbox
from integrations.email import letters
from integrations.email.sandbox import HOST, PASSWORD, USERNAME
from integrations.email.service import EmailService
from integrations.email.settings import EmailSettings
from integrations.models import Integration
from leads.models import Touchpoint
from magnetiq.settings import BASE_DIR
from tests.factories import TouchpointFactory, WhitepaperFactory

from .report import tell, timed

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]
LETTERS, ROUNDS = 200, 7
SETTINGS = EmailSettings(host=HOST, from_email="office@firm.example")


@contextmanager
def mail_server() -> Iterator[dict[str, Any]]:
    """The stand-in as a process of its own: its ports, and the address of its page."""
    command = [sys.executable, "-m", "integrations.email.sandbox", "--port", "0", "--smtp-port", "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [*command, "--folder", folder, "--keep", "20000"], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def connect(server: dict[str, Any]) -> None:
    values = {"host": HOST, "port": server["smtp"], "security": "none", "username": USERNAME, "password": PASSWORD}
    integration = Integration.objects.get(slug="email")
    configuration.configure(
        integration, {**values, "from_email": "office@firm.example", "rate": "900000/second", "retry_schedule": [1]}
    )
    configuration.set_enabled(integration, True)


def requests_for_whitepapers(number: int) -> list[Touchpoint]:
    whitepaper = WhitepaperFactory()
    return TouchpointFactory.create_batch(number, whitepaper=whitepaper)


def compose(touchpoint: Touchpoint) -> EmailMessage:
    return letters.compose(
        letters.WhitepaperDelivery, touchpoint, occasion="", key=str(touchpoint.pk), settings=SETTINGS
    )


def backend(server: dict[str, Any]) -> EmailBackend:
    return EmailBackend(host=HOST, port=server["smtp"], username=USERNAME, password=PASSWORD, timeout=30)


def one_connection_each(server: dict[str, Any], messages: Iterable[EmailMessage]) -> None:
    for message in messages:
        backend(server).send_messages([message])


def one_connection(server: dict[str, Any], messages: Iterable[EmailMessage]) -> None:
    backend(server).send_messages(messages)


def ours(touchpoints: Sequence[Touchpoint]) -> None:
    outbox.once(EmailService.whitepaper_delivery, touchpoints)
    tally = outbox.drain_operations([EmailService.whitepaper_delivery])
    assert tally.outcomes == {"delivered": len(touchpoints)}


def seconds(run: Callable[[list[Touchpoint]], None]) -> float:
    """For LETTERS letters, to people of their own."""
    touchpoints = requests_for_whitepapers(LETTERS)
    with timed() as clock:
        run(touchpoints)
    return clock.seconds


def ready(send: Callable[[dict[str, Any], Iterable[EmailMessage]], None], server: dict[str, Any]) -> float:
    """Without the composing."""
    messages = [compose(touchpoint) for touchpoint in requests_for_whitepapers(LETTERS)]
    with timed() as clock:
        send(server, messages)
    return clock.seconds


def test_promised_letters_are_as_fast_as_djangos_over_one_connection() -> None:
    with mail_server() as server:
        connect(server)
        each = seconds(lambda people: one_connection_each(server, map(compose, people)))
        one, promised = zip(*(one_round(server) for _ in range(ROUNDS)), strict=True)
        each_ready, one_ready = ready(one_connection_each, server), ready(one_connection, server)
        arrived = requests.get(f"{server['url']}letters.json", timeout=30).json()

    assert len(arrived["letters"]) == LETTERS * (2 * ROUNDS + 3)
    tell(
        "Letters written and sent",
        LETTERS,
        Django_one_connection_each=each,
        Django_one_connection=median(one),
        promised=median(promised),
        Django_one_connection_each_already_written=each_ready,
        Django_one_connection_already_written=one_ready,
    )
    ratio = median(django / ours for django, ours in zip(one, promised, strict=True))
    print(f"  promised / Django over one connection: {ratio:.2f}")  # noqa: T201
    assert ratio >= 0.9


def one_round(server: dict[str, Any]) -> tuple[float, float]:
    """Django's and ours one after the other, so that whatever else the machine does meets both."""
    django = seconds(lambda people: one_connection(server, map(compose, people)))
    return django, seconds(ours)

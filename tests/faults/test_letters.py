"""Hundreds of letters over a bad line, with workers killed in the middle: all arrive, few again, none as another."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from integrations import configuration, outbox
from integrations.email.sandbox import MailSandbox, settings_for
from integrations.email.service import EmailService
from integrations.models import Integration
from tests.factories import LeadFactory, TouchpointFactory, WhitepaperFactory

from .processes import BEAT, WORKER, Process, broker, processes
from .test_chaos import HURRIED, all_delivered, hurry_beat, until

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 2  # of a worker: so many letters it may be sending when it is killed


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path, keep=100_000) as peer:
        yield peer


def connect(peer: MailSandbox) -> None:
    integration = Integration.objects.get(slug="email")
    configuration.configure(integration, {**settings_for(peer), **HURRIED, "rate": "100000/second"})
    configuration.set_enabled(integration, True)


def make_the_line_bad(peer: MailSandbox) -> None:
    peer.faults.set("mail", 451, times=40)  # greylisting, at first
    peer.faults.set("rcpt", 450, share=0.03)
    peer.faults.set("data", 421, share=0.02)
    peer.faults.set("end", 452, share=0.03)
    peer.faults.set("cut_before", share=0.02)
    peer.faults.set("cut_lost", share=0.02)
    peer.faults.set("cut_kept", share=0.04)


def promise(number: int) -> set[str]:
    """A whitepaper to each of so many people; their addresses."""
    people = LeadFactory.create_batch(number)
    whitepaper = WhitepaperFactory()
    with transaction.atomic():
        touchpoints = [TouchpointFactory(lead=lead, whitepaper=whitepaper) for lead in people]
        outbox.once(EmailService.whitepaper_delivery, touchpoints)
    return {lead.email for lead in people}


def kill_on_the_way(workers: list[Process], peer: MailSandbox, number: int, *, kills: int) -> None:
    """SIGKILL one worker after the other, at even distances on the way to `number` letters."""
    for kill in range(kills):
        wanted = number * (kill + 1) // (kills + 1)
        until(lambda wanted=wanted: len(peer.letters) >= wanted, 60 + number / 10)  # type: ignore[misc]
        worker = workers[kill % len(workers)]
        worker.kill()
        worker.start()


@pytest.mark.parametrize(("number", "kills"), [(500, 2), pytest.param(5000, 12, marks=pytest.mark.soak)])
def test_every_letter_arrives(peer: MailSandbox, number: int, kills: int) -> None:
    hurry_beat()
    connect(peer)
    make_the_line_bad(peer)
    people = promise(number)

    with broker() as redis_url, processes(redis_url, WORKER, WORKER, BEAT) as (first, second, _beat):
        kill_on_the_way([first, second], peer, number, kills=kills)
        until(all_delivered, 60 + number / 10)

    ids = defaultdict(list)
    for letter in peer.letters:
        ids[letter.recipients[0]].append(letter.id)
    again, met = len(peer.letters) - number, dict(peer.faults.met)
    print(f"{number} letters, {kills} kills, {met}: {len(peer.letters)} arrived, {again} of them again")  # noqa: T201
    assert ids.keys() == people
    assert len({letter.id for letter in peer.letters}) == number  # which a mail program shows once
    assert [address for address, copies in ids.items() if len(set(copies)) > 1] == []
    assert again <= met["cut_kept"] + kills * THREADS
    assert min(met[kind] for kind in ("mail", "rcpt", "data", "end", "cut_before", "cut_lost", "cut_kept")) > 0

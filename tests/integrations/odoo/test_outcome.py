"""What became of leads in Odoo, and the report about it."""

import json
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from integrations import outbox
from integrations.configuration import service_of
from integrations.models import ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from leads.actions import Utm
from leads.models import Lead, Touchpoint
from tests.factories import WhitepaperFactory

from .people import captured, crowd
from .rooms import a_session, come

NEW, QUALIFIED, WON = 1, 2, 4


def read() -> dict[str, int]:
    return service_of("odoo").read_outcomes().counts


def number(lead: Lead) -> int:
    return int(ExternalRecord.objects.get(remote_model="crm.lead", subject_id=lead.pk).remote_id)


def told(lead: Lead) -> dict[str, Any]:
    found: dict[str, Any] = ExternalRecord.objects.get(remote_model="crm.lead", subject_id=lead.pk).told
    return found


def lose(peer: OdooSandbox, lead: Lead) -> None:
    peer.write("crm.lead", number(lead), {"active": False, "probability": 0.0})


@pytest.fixture
def three(odoo: Integration, peer: OdooSandbox) -> list[Lead]:
    """Won, lost, and still open."""
    leads = crowd(3)
    outbox.drain()
    peer.write("crm.lead", number(leads[0]), {"stage_id": WON})
    lose(peer, leads[1])
    peer.write("crm.lead", number(leads[2]), {"stage_id": QUALIFIED, "user_id": 2})
    return leads


def test_stage_outcome_and_salesperson_are_heard_of(three: list[Lead]) -> None:
    assert read() == {"won": 1, "lost": 1, "open": 1}

    won, lost, still_open = (told(lead) for lead in three)
    assert (won["stage"], won["outcome"]) == ("Won", "won")
    assert lost["outcome"] == "lost"
    assert still_open == {"stage": "Qualified", "outcome": "open", "salesperson": "Mitchell Admin"}


def test_only_news_is_counted(three: list[Lead], peer: OdooSandbox) -> None:
    read()
    lose(peer, three[2])

    assert read() == {"lost": 1}
    assert read() == {}


def test_what_was_deleted_there_is_shown(three: list[Lead], peer: OdooSandbox) -> None:
    peer.unlink("crm.lead", number(three[0]))

    read()

    assert ExternalRecord.objects.get(subject_id=three[0].pk).gone_at


def test_many_take_one_call_for_two_hundred(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(250)
    outbox.drain()
    peer.calls.clear()

    assert read() == {"open": 250}

    assert Counter(f"{model}.{method}" for model, method, _user in peer.calls) == {
        "crm.stage.search_read": 1,
        "crm.lead.read": 2,
    }


def test_nobody_is_asked_where_nobody_is_known(odoo: Integration, peer: OdooSandbox) -> None:
    assert (read(), peer.calls) == ({}, [])


def test_the_report_counts_by_whitepaper_webinar_and_campaign(odoo: Integration, peer: OdooSandbox) -> None:
    (seat,) = come(a_session(), "cid")
    paper = WhitepaperFactory.create(title_en="What it pays")
    ann = captured("ann@acme.example", whitepaper=paper, utm=Utm(campaign="autumn"))
    captured("ann@acme.example", key="again", whitepaper=paper)
    captured("bob@acme.example", whitepaper=paper)
    captured("cid@acme.example", kind=Touchpoint.Kind.CONTACT)
    outbox.drain()
    peer.write("crm.lead", number(ann), {"stage_id": WON})
    lose(peer, seat.lead)
    read()

    answer = StringIO()
    call_command("outcome_report", json=True, stdout=answer)

    report = json.loads(answer.getvalue())
    assert report == {
        "leads": {"leads": 3, "open": 1, "won": 1, "lost": 1},
        "stages": {"New": 2, "Won": 1},
        "whitepapers": [{"name": "What it pays", "leads": 2, "open": 1, "won": 1, "lost": 0}],
        "webinars": [{"name": "Data <strategy>", "leads": 1, "open": 0, "won": 0, "lost": 1}],
        "campaigns": [{"name": "autumn", "leads": 1, "open": 0, "won": 1, "lost": 0}],
    }
    words = StringIO()
    call_command("outcome_report", stdout=words)
    assert "  What it pays: 2 leads, 1 open, 1 won, 0 lost" in words.getvalue()

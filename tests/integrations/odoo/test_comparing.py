"""Where Odoo and we differ: what is planted is found by name, and nothing else; mending mends it there."""

from typing import Any

import pytest

from integrations import conflicts, erasure, outbox, reconciliation
from integrations.models import Delivery, Drift, ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from leads import actions
from leads.models import Lead
from tests.integrations.comparing import an_hour_later, compare, found
from webinars.models import Registration

from .people import captured, crowd
from .rooms import a_session, come

HEALTHY = 150


def remote(subject: Any) -> int:
    return int(ExternalRecord.objects.get(subject_type=subject._meta.label_lower, subject_id=subject.pk).remote_id)


def there(peer: OdooSandbox, subject: Any) -> dict[str, Any]:
    model = "crm.lead" if isinstance(subject, Lead) else "event.registration"
    records = {record["id"]: record for record in peer.records(model)}
    return records[remote(subject)]


def settle() -> None:
    outbox.drain()
    an_hour_later()


def lose_promises(*rows: Any) -> None:
    Delivery.objects.filter(subject_type=rows[0]._meta.label_lower, subject_id__in=[row.pk for row in rows]).delete()


def plant_leads(peer: OdooSandbox, people: list[Lead]) -> set[tuple[str, Any]]:
    """Twenty, five of each kind."""
    gone, never, edited, double = (people[n : n + 5] for n in range(0, 20, 5))
    peer.unlink("crm.lead", [remote(lead) for lead in gone])
    for lead in never:
        peer.unlink("crm.lead", remote(lead))
    ExternalRecord.objects.filter(subject_type="leads.lead", subject_id__in=[lead.pk for lead in never]).delete()
    for number, lead in enumerate(edited):
        peer.write("crm.lead", remote(lead), {"phone": f"+49 30 {number}"})
    for lead in double:
        record = there(peer, lead)
        tags = [[6, 0, record["tag_ids"]]]
        peer.create("crm.lead", {"name": "Copy", "email_from": record["email_from"], "tag_ids": tags, "type": "lead"})
    return {
        *(("missing", lead) for lead in gone),
        *(("never_there", lead) for lead in never),
        *(("differs", lead) for lead in edited),
        *(("twice", lead) for lead in double),
    }


def noise(peer: OdooSandbox, people: list[Lead]) -> None:
    """What sales do every day, and what Odoo makes of our words."""
    first, second, third, fourth, *_ = people
    peer.write("crm.lead", remote(first), {"stage_id": 2, "priority": "2", "type": "opportunity"})
    peer.write("crm.lead", remote(second), {"active": False, "probability": 0})
    peer.write("crm.lead", remote(third), {"tag_ids": [[6, 0, []]]})
    text = f"<div>{there(peer, fourth)['description']}\n</div>"
    peer.write("crm.lead", remote(fourth), {"description": text})


def test_twenty_planted_leads_are_found_among_many_and_mended(odoo: Integration, peer: OdooSandbox) -> None:
    people = crowd(HEALTHY + 20, website="acme.example", message="One <b>\nand\ttwo")
    settle()
    noise(peer, people[20:])
    planted = plant_leads(peer, people)

    result = compare("odoo")

    assert found() == planted
    assert (result["found"], result["unknown"], result["notes"]) == (20, 0, [])

    assert reconciliation.mend(Drift.objects.all()) == 15
    outbox.drain()
    copies = [record["id"] for record in peer.records("crm.lead") if record["name"] == "Copy"]
    peer.unlink("crm.lead", copies)  # by hand

    assert compare("odoo")["closed"] == 20
    assert found() == set()
    records = peer.records("crm.lead")
    assert sorted(record["email_from"] for record in records) == sorted(lead.email for lead in people)
    assert not any(record["phone"] for record in records)


def test_planted_registrations_are_found_among_many_and_mended(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session(capacity=None)
    people = come(session, *(f"guest{n}" for n in range(120)))
    settle()
    gone, never, away, edited, cancelled = (people[n : n + 4] for n in range(0, 20, 4))
    peer.unlink("event.registration", [remote(row) for row in [*gone, *never]])
    ExternalRecord.objects.filter(subject_type="webinars.registration", subject_id__in=[r.pk for r in never]).delete()
    peer.write("event.registration", [remote(row) for row in away], {"state": "cancel"})
    peer.write("event.registration", [remote(row) for row in edited], {"email": "other@acme.example"})
    Registration.objects.filter(pk__in=[row.pk for row in cancelled]).update(status="cancelled")
    peer.write("event.registration", remote(people[30]), {"state": "done"})  # was there: that is theirs to say

    compare("odoo")

    planted = {
        *(("missing", row) for row in gone),
        *(("never_there", row) for row in never),
        *(("state", row) for row in away),
        *(("differs", row) for row in edited),
        *(("cancelled_here", row) for row in cancelled),
    }
    assert found(Registration) == planted

    assert reconciliation.mend(Drift.objects.filter(part="event.registration")) == 20
    outbox.drain()

    compare("odoo")
    assert found(Registration) == set()
    assert {there(peer, row)["state"] for row in [*gone, *never, *away, *edited]} == {"open"}
    assert {there(peer, row)["state"] for row in cancelled} == {"cancel"}
    assert {there(peer, row)["email"] for row in edited} == {row.email for row in edited}


@pytest.fixture
def edited(odoo: Integration, peer: OdooSandbox) -> Lead:
    """Somebody changed the phone number in Odoo, some time ago."""
    lead = captured(phone="+49 30 1")
    settle()
    peer.write("crm.lead", remote(lead), {"phone": "+49 30 2"})
    return lead


class TestWhatIsNoDifference:
    def test_a_lead_that_is_on_its_way(self, odoo: Integration, peer: OdooSandbox) -> None:
        captured()
        an_hour_later()

        compare()

        assert found() == set()

    def test_a_lead_that_was_changed_a_moment_ago(self, edited: Lead) -> None:
        actions.update_details(edited, details={"company": "Acme"})
        lose_promises(edited)

        compare()

        assert found() == set()

    def test_what_an_operator_has_answered(self, edited: Lead) -> None:
        outbox.drain()
        actions.update_details(edited, details={"company": "Acme"})
        outbox.drain()
        record = ExternalRecord.objects.get(subject_type="leads.lead", subject_id=edited.pk)
        assert conflicts.answer(record, ExternalRecord.Answer.THEIRS) == ["phone"]
        an_hour_later()

        compare()

        assert found() == set()

    def test_what_was_given_up(self, odoo: Integration, peer: OdooSandbox) -> None:
        captured()
        Delivery.objects.all().cancel("Nobody wants it.")
        an_hour_later()

        compare()

        assert found() == set()


class TestIgnoring:
    def test_is_silent_until_the_values_change(self, edited: Lead, peer: OdooSandbox) -> None:
        compare()
        assert reconciliation.ignore(Drift.objects.all(), "  The new one is right. ", None) == 1

        compare()
        assert found() == set()
        assert Drift.objects.get().reason == "The new one is right."

        peer.write("crm.lead", remote(edited), {"phone": "+49 30 3"})
        compare()
        assert found() == {("differs", edited)}
        assert Drift.objects.get().reason == ""

    def test_takes_a_reason(self, edited: Lead) -> None:
        compare()

        with pytest.raises(ValueError, match="reason"):
            reconciliation.ignore(Drift.objects.all(), "  ", None)


class TestNoAnswer:
    def test_nothing_is_invented_and_nothing_closed(self, edited: Lead, peer: OdooSandbox) -> None:
        compare()
        peer.write("crm.lead", remote(edited), {"phone": "+49 30 1"})
        peer.faults.set("status", 503)

        result = compare()

        assert result["unknown"] == 1
        assert found() == {("differs", edited)}

    def test_midway(self, odoo: Integration, peer: OdooSandbox) -> None:
        people = crowd(450)
        settle()
        peer.write("crm.lead", [remote(people[0]), remote(people[449])], {"phone": "+49 30 2"})
        compare()
        peer.write("crm.lead", remote(people[449]), {"phone": ""})
        stop_after(peer, calls=5)

        result = compare()

        assert (result["unknown"], result["closed"]) == (1, 0)
        assert found() == {("differs", people[0]), ("differs", people[449])}


def stop_after(peer: OdooSandbox, *, calls: int) -> None:
    """Odoo goes away in the middle of the second round."""
    before = len(peer.calls)

    class Ending(list[Any]):
        def append(self, call: Any) -> None:
            super().append(call)
            if len(self) - before >= calls:
                peer.faults.set("status", 503)

    peer._service.calls = Ending(peer.calls)


def test_what_a_difference_quotes_goes_with_the_person(edited: Lead) -> None:
    compare()
    erasure.forget(edited.email, via="test")

    assert not Drift.objects.exists()


def test_a_mend_that_is_on_its_way_stays_open(edited: Lead) -> None:
    compare()
    reconciliation.mend(Drift.objects.all())
    an_hour_later()

    result = compare()

    assert result["closed"] == 0
    assert Drift.objects.get().promised_at is not None

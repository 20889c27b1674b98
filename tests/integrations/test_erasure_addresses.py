"""Being forgotten by whatever address: what somebody registered with outlives a change of it."""

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.mail import send_mail

from integrations import erasure, outbox
from integrations.email import suppressions
from integrations.email.answers import Undeliverable
from integrations.email.sandbox import MailSandbox
from integrations.models import Delivery, Erasure, ExternalRecord, Integration, StoredMail, Suppression, WebhookEvent
from integrations.odoo.sandbox import OdooSandbox
from leads.actions import update_details
from leads.models import Lead
from tests.factories import LeadFactory, SessionFactory, a_registrant
from tests.integrations.test_erasure import (  # noqa: F401 - fixtures among them
    an_event,
    forget,
    in_flight,
    is_complete,
    items,
    lose,
    mail,
    odoo,
    open_items,
    peer,
    where,
    work,
)
from webinars.actions import register
from webinars.models import Registration

pytestmark = pytest.mark.django_db
OLD, NEW = "zanzibar@old.example", "zanzibar@new.example"


def zoe() -> Registration:
    """She registered, and was corrected to another address afterwards."""
    words = {"first_name": "Zanzibar", "last_name": "Zanzibar", "company": "Zanzibar"}
    registration = register(SessionFactory(), a_registrant(OLD, **words)).registration
    assert update_details(registration.lead, details={"email": NEW})
    return registration


@pytest.mark.parametrize("asked", [OLD, NEW])
def test_nothing_of_the_person_is_left_whichever_address_is_named(
    odoo: Integration,  # noqa: F811
    peer: OdooSandbox,  # noqa: F811
    mail: MailSandbox,  # noqa: F811
    asked: str,
) -> None:
    registration = zoe()
    outbox.drain(integration="odoo")
    for number, address in enumerate((OLD, NEW)):
        send_mail("Hello", "Hello", None, [address])
        Suppression.objects.create(email=address, reason="unknown")
        an_event({"email": address}, number)
    LogEntry.objects.create(
        user=User.objects.create_user("admin"), content_type=ContentType.objects.get_for_model(Registration),
        object_id=str(registration.pk), action_flag=CHANGE, object_repr="Zanzibar", change_message="[]",
    )  # fmt: skip
    before = where("zanzibar")

    done = forget(asked)
    at_once = where("zanzibar")
    work()

    assert {"integrations.ExternalRecord", "webinars.Registration"} < set(before)
    assert (at_once, mail.letters) == ([], [])
    assert "zanzibar" not in str(peer.records("event.registration") + peer.records("res.partner")).lower()
    counted = items(done)
    assert {what: counted["magnetiq", what] for what in ("leads", "registrations", "stored_mails", "suppressions")} == {
        "leads": 1, "registrations": 1, "stored_mails": 2, "suppressions": 2,
    }  # fmt: skip
    assert is_complete(done)


@pytest.mark.parametrize("asked", [OLD, NEW])
def test_certificate_is_found_by_each_address_and_knows_none(asked: str) -> None:
    zoe()

    done = forget(asked)
    forget("somebody@client.example")

    assert [Erasure.objects.get(erasure.certifying(address)) for address in (OLD, NEW)] == [done, done]
    assert "zanzibar" not in str(list(Erasure.objects.values()))


@pytest.mark.parametrize("asked", [OLD, NEW])
def test_letter_on_the_wire_to_the_old_address_is_open_and_leaves_no_suppression(
    mail: MailSandbox,  # noqa: F811
    asked: str,
) -> None:
    zoe()
    held = in_flight("email", "webinar_registration")

    done = forget(asked)
    before = open_items(done)
    suppressions.note(OLD, Undeliverable("550 5.1.1"))
    lose(held)
    work()

    assert before == [("email", "webinar_registration")]
    assert (mail.letters, Suppression.objects.count(), is_complete(done)) == ([], 0, True)


def test_who_came_under_two_addresses_is_forgotten_in_both() -> None:
    registration = zoe()
    later = LeadFactory(email=OLD)

    done = forget(OLD)

    assert items(done)["magnetiq", "leads"] == 2
    assert {lead.is_forgotten for lead in Lead.objects.filter(pk__in=[later.pk, registration.lead_id])} == {True}


def test_others_in_the_same_session_stay_as_they_are(mail: MailSandbox) -> None:  # noqa: F811
    session = zoe().session
    bob = register(session, a_registrant("bob@client.example", first_name="Bob")).registration
    send_mail("Hello", "Hello", None, [bob.email])
    ours: dict[str, Any] = {"email": bob.email}
    an_event(ours)

    forget(OLD)

    bob.refresh_from_db()
    assert (bob.email, bob.status, bob.lead.is_forgotten) == ("bob@client.example", "confirmed", False)
    assert (StoredMail.objects.count(), WebhookEvent.objects.get().payload) == (1, ours)
    assert Delivery.objects.waiting().filter(subject_id=bob.pk, operation="webinar_registration").exists()
    assert not ExternalRecord.objects.exists()

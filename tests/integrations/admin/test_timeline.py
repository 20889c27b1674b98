"""What happened to somebody, on the pages of leads, registrations, bookings and payments."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from bookings import actions
from integrations import configuration, erasure, inbox, incidents, outbox, timeline
from integrations.email.service import EmailService
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import GoogleSandbox
from integrations.models import Attempt, Connection, Delivery, Erasure, Integration, WebhookEvent
from integrations.service import Incoming
from integrations.stripe.sandbox import StripeSandbox
from integrations.stripe.service import StripeService
from leads.models import Lead
from tests.bookings.times import at
from tests.factories import A_MOMENT, ConsentFactory, LeadFactory, PaymentFactory, TouchpointFactory
from tests.integrations.admin.conftest import a_delivery, a_record, logged_in, queries, text
from tests.integrations.google_calendar import conftest as google
from tests.integrations.google_calendar.booked import an_entry as synced
from tests.integrations.google_calendar.booked import deliver
from tests.integrations.promising import drain, make_due
from tests.integrations.stripe import conftest as stripe
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService
from webinars import actions as webinars
from webinars.models import Refund

EVERYTHING: Callable[[str], bool] = lambda permission: True  # noqa: E731


def page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def lines(client: Client, row: Model, **asked: Any) -> list[Any]:
    answer: Any = client.get(page_of(row), asked)
    assert answer.status_code == 200
    return list(answer.context["lines"])


def told(client: Client, row: Model) -> list[str]:
    """What and label of each line, the latest first, without markup."""
    return [plain(f"{line.what} {line.label}") for line in lines(client, row)]


def plain(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def events(row: Model) -> list[str]:
    return [moment.event for moment in timeline.of(row, EVERYTHING)]


# --- as it goes ------------------------------------------------------------------------------------------------------


def test_lead_that_was_delivered_after_a_failure_and_replayed_by_a_button(
    operator: Client, connection: Connection, postbox: Postbox
) -> None:
    lead = TouchpointFactory(utm_source="newsletter", message="Call me").lead
    postbox.script.append(Answer(503, "busy"))
    outbox.keep_in_sync(PostboxService.post_letters, [lead])
    drain()
    make_due()
    drain()
    delivery = Delivery.objects.get()
    [latest, *_others] = lines(operator, lead)
    [replay] = [button for button in latest.buttons if str(button.label) == "Replay"]

    answer = operator.post(replay.url, {replay.name: replay.value})

    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(lead)}#timeline")
    drain()
    assert events(lead) == ["attempted", "done", "attempted", "attempted", "promised", "captured"]
    said = told(operator, lead)
    letters = "Postbox: Post letters"
    assert said == [f"{letters} delivered", "Replay", f"{letters} delivered", f"{letters} not reachable",
                    f"Promised: {letters}", "Turned to us: Whitepaper"]  # fmt: skip
    [_third, done, _second, first, *_rest, captured] = lines(operator, lead)
    assert (done.detail, done.url) == ("by ada", page_of(delivery))
    assert re.match(r"attempt 1, took \d+ ms\n.+", first.detail)
    assert captured.detail == "Campaign: newsletter\nCall me"


def test_paid_registration_and_its_refund(operator: Client, db: None) -> None:
    with StripeSandbox() as peer:
        stripe.connect(peer)
        payment = stripe.started(stripe.a_seat())
        peer.pay(payment.provider_id)
        hint = {"payment_intent": payment.provider_id}
        inbox.accept(Integration.objects.get(slug="stripe"), [Incoming("evt_1", "payment_intent.succeeded", hint)])
        inbox.sweep()
        payment.refresh_from_db()
        ada = User.objects.get(username="ada")
        webinars.request_refund(payment, Decimal("19.00"), reason=Refund.Reason.BY_OPERATOR, by=ada, note="<b>late</b>")
        outbox.drain(integration="stripe")
        page = lines(operator, payment.registration)

    said = [plain(f"{line.what} {line.label}") for line in page]
    for wanted in (
        "Registered",
        "Payment of 119.00 EUR begun",
        "Paid 119.00 EUR Partially refunded",
        "Seat confirmed",
        "Stripe told us: payment_intent.succeeded processed",
        "Refund of 19.00 EUR asked for",
        "Promised: Stripe: Refunds",
        "Stripe: Refunds delivered",
        "Refund of 19.00 EUR Succeeded",
    ):
        assert wanted in said
    assert [line.at for line in page] == sorted((line.at for line in page), reverse=True)
    assert "&lt;b&gt;late&lt;/b&gt;" in text(operator.get(page_of(payment.registration)))
    of_lead = lines(operator, payment.registration.lead)
    assert page_of(payment.registration) in [line.url for line in of_lead if line.what == "Registered"]
    assert page_of(payment) in [line.url for line in of_lead if line.what.startswith("Refund of")]


def test_failing_webhook_is_found_with_what_it_is_about(operator: Client, db: None) -> None:
    with StripeSandbox() as peer:
        stripe.connect(peer)
        payment = stripe.started(stripe.a_seat())
    hint = {"payment_intent": payment.provider_id}
    inbox.accept(Integration.objects.get(slug="stripe"), [Incoming("evt_1", "payment_intent.succeeded", hint)])

    inbox.sweep()

    [line] = [line for line in lines(operator, payment) if line.icon == "webhook"]
    assert line.detail == WebhookEvent.objects.get().error != ""


def test_booking_that_was_moved_in_google(operator: Client, db: None) -> None:
    with GoogleSandbox() as peer:
        google.connect(peer)
        booking = synced(peer)
        actions.move(booking, at("11:00"))
        peer.move(names.event_id(booking), at("15:00"))
        deliver()
        operator.post(reverse("admin:bookings_booking_take_over", args=[booking.pk]))
        deliver()
        page = text(operator.get(page_of(booking)))

    said = told(operator, booking)
    assert said.index("Take over") < said.index("Booking moved to another time") < said.index("Booked")
    assert "Google Calendar: Bookings to Google Calendar delivered" in said
    assert "https://www.google.com/calendar/event?eid=" in page


@pytest.mark.parametrize(("mode", "path"), [("test", "/test"), ("live", "")])
def test_stripe_dashboard_is_linked_by_mode(operator: Client, db: None, mode: str, path: str) -> None:
    payment = PaymentFactory(provider_id="pi_1")
    keys = {"secret_key": f"sk_{mode}_1", "publishable_key": f"pk_{mode}_1", "webhook_secret": "whsec_1"}
    configuration.configure(Integration.objects.get(slug="stripe"), keys)

    found = {url for line in lines(operator, payment) for _name, url, outside in line.links if outside}

    assert found == {f"https://dashboard.stripe.com{path}/payments/pi_1"}


# --- who may see what ------------------------------------------------------------------------------------------------


@pytest.fixture
def full(connection: Connection) -> Lead:
    """Something of nearly everything has happened to this lead."""
    touch = TouchpointFactory(lead__name="<script>alert(1)</script>")
    lead: Lead = touch.lead
    ConsentFactory(lead=lead, confirmed_at=A_MOMENT, withdrawn_at=A_MOMENT + timedelta(days=1))
    delivery = a_delivery(connection, lead, PostboxService.post_letters, state="dead", attempts=1,
                          settled_at=A_MOMENT, error_kind="rejected", error="<i>No</i> such street")  # fmt: skip
    Attempt.objects.create(
        delivery=delivery, number=1, at=A_MOMENT, duration_ms=5, outcome="rejected", error="<i>No</i>"
    )
    a_record(lead, "there", gone_at=A_MOMENT)
    with translation.override("en"):
        incidents.report(connection, "unknown_payment", lead, "Something is odd")
    WebhookEvent.objects.create(integration=connection.integration, event_id="1", type="t", subject_type="leads.lead",
                                subject_id=lead.pk)  # fmt: skip
    return lead


def seen_with(lead: Lead, *codenames: str) -> set[str]:
    user = User.objects.create_user(f"bob-{len(codenames)}-{'-'.join(codenames)[:100]}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_lead", *codenames]))
    return {moment.event for moment in timeline.of(lead, user.has_perm)}


def test_each_sees_what_their_rights_are_for(full: Lead) -> None:
    assert seen_with(full) == set()
    assert seen_with(full, "view_touchpoint") == {"captured"}
    assert seen_with(full, "view_consent") == {"consent_given", "consent_confirmed", "consent_withdrawn"}
    assert seen_with(full, "view_delivery") == {"promised", "attempted", "settled"}
    assert seen_with(full, "view_incident", "view_webhookevent") == {"incident_opened", "heard"}
    assert seen_with(full, "view_externalrecord") == {"gone"}


def test_letters_and_money_are_for_who_may_see_them(db: None) -> None:
    touch = TouchpointFactory()
    outbox.once(EmailService.whitepaper_delivery, touch)
    payment = PaymentFactory(registration__lead=touch.lead)
    outbox.keep_in_sync(StripeService.read_payments, [payment])

    assert seen_with(touch.lead, "view_touchpoint", "view_delivery") == {"captured"}
    assert seen_with(touch.lead, "view_touchpoint", "view_delivery", "view_letteroverride") == {"captured", "promised"}
    assert seen_with(touch.lead, "view_payment") == {"payment_started"}
    assert seen_with(touch.lead, "view_payment", "view_delivery") == {"payment_started", "promised"}


def test_buttons_are_for_operators_only(staff: Callable[..., Client], operator: Client, full: Lead) -> None:
    looker = staff("view_lead", "view_delivery")

    assert [line.buttons for line in lines(looker, full) if line.buttons] == []
    [buttons] = [line.buttons for line in lines(operator, full) if line.buttons]
    assert [str(button.label) for button in buttons] == ["Replay", "Cancel"]


def test_way_back_leads_to_no_other_site(operator: Client, full: Lead) -> None:
    url = reverse("admin:integrations_delivery_replay", args=[Delivery.objects.get().pk])

    answer = operator.post(url, {"back": "https://evil.example/"})

    assert answer["Location"] == page_of(Delivery.objects.get())


def test_markup_is_text(operator: Client, full: Lead) -> None:
    page = text(operator.get(page_of(full)))

    assert "&lt;i&gt;No&lt;/i&gt;" in page
    assert "<i>No" not in page
    assert "<script>alert" not in page


def test_in_german_too(operator: Client, full: Lead) -> None:
    page = operator.get(page_of(full), headers={"accept-language": "de"}).content.decode()

    for words in (
        "Was geschah",
        "Einwilligung widerrufen",
        "Wandte sich an uns",
        "Versuch 1, dauerte 5 ms",
        "gescheitert",
    ):
        assert words in page


def test_nothing_personal_is_left_after_forgetting(operator: Client, full: Lead) -> None:
    full.touchpoints.update(message="I am Ada of Client Ltd", utm_campaign="spring")
    operator.post(reverse("admin:integrations_delivery_replay", args=[Delivery.objects.get().pk]))

    erasure.forget(full.email, via=Erasure.Via.COMMAND)

    page = text(operator.get(page_of(full)))
    for personal in ("Client Ltd", "such street", full.email, "alert(1)"):
        assert personal not in page
    assert "captured" in events(full)


# --- how much --------------------------------------------------------------------------------------------------------


def test_three_hundred_moments_cost_as_much_as_three_and_are_paged(operator: Client, connection: Connection) -> None:
    lead = LeadFactory()
    delivery = a_delivery(connection, lead, PostboxService.post_letters, attempts=2)
    tries = [{"number": number, "at": A_MOMENT, "duration_ms": 1, "outcome": "conflict"} for number in range(1, 300)]
    for values in tries[:2]:
        Attempt.objects.create(delivery=delivery, **values)
    for_three = queries(operator, page_of(lead))
    Attempt.objects.bulk_create(Attempt(delivery=delivery, **values) for values in tries[2:])
    Delivery.objects.update(attempts=299)

    assert queries(operator, page_of(lead)) == for_three
    seen = [(line.at, line.detail) for number in range(1, 7) for line in lines(operator, lead, timeline=number)]
    assert len(seen) == len(set(seen)) == 300
    assert len(lines(operator, lead, timeline="nonsense")) == 50
    assert lines(operator, lead, timeline=99) == lines(operator, lead, timeline=6)


def test_row_that_goes_while_it_is_read_is_left_out(db: None) -> None:
    lead = TouchpointFactory().lead
    moments = timeline.of(lead, EVERYTHING)

    assert [moment.event for moment in moments] == ["captured"]
    assert timeline.told([(timezone.now(), "captured", 10**9)]) == []


def test_what_operators_do_is_noted_in_the_words_of_the_code(full: Lead) -> None:
    client = logged_in(User.objects.create_superuser("eva"))

    client.post(reverse("admin:integrations_delivery_replay", args=[Delivery.objects.get().pk]),
                headers={"accept-language": "de"})  # fmt: skip

    assert LogEntry.objects.get().change_message == "Replay"
    assert "Wiederholen" in client.get(page_of(full), headers={"accept-language": "de"}).content.decode()

"""What people see of themselves behind the link in our letters, and what they can do about it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import links as booking_links
from bookings.actions import book
from bookings.models import Booking
from integrations import own_page, replaying
from integrations.models import Connection, Delivery, Erasure, ExternalRecord, Integration
from integrations.own_page import sections
from leads import actions
from leads.actions import Utm, capture
from leads.models import Consent, Lead, Touchpoint
from tests.factories import (
    A_MOMENT,
    ConsultantFactory,
    LeadFactory,
    RegistrationFactory,
    SessionFactory,
    TopicFactory,
    TouchpointFactory,
    WhitepaperFactory,
    a_capture,
    a_client,
)
from tests.webinars.paying import hear, pay, went_back
from webinars import links
from webinars.models import Registration

pytestmark = pytest.mark.django_db
Page = Any


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    cache.clear()


@pytest.fixture
def ada() -> Lead:
    """She asked for a whitepaper, agreed to news, and confirmed it."""
    utm = Utm(source="newsletter", campaign="spring")
    given = a_capture(
        name="Ada Lovelace", company="Engines Ltd", language="en", message="Please call me.", utm=utm,
        whitepaper=WhitepaperFactory(title_en="On engines", title_de="Von Maschinen"),
        marketing_consent=True, consent_text_version="2026-11", source="form", expects_answer=True,
    )  # fmt: skip
    lead = capture([given]).leads[0]
    actions.confirm_consent(lead.consents.get())
    return Lead.objects.get(pk=lead.pk)


def address(lead: Lead, action: str = "") -> str:
    return urlsplit(own_page.link(lead)).path + action


def look(lead: Lead, action: str = "", **options: Any) -> Page:
    return Client().get(address(lead, action), **options)


def press(lead: Lead, action: str) -> Page:
    return Client().post(address(lead, action))


def text(page: Page, status: int = 200) -> str:
    assert page.status_code == status
    return str(page.content.decode())


def letters() -> list[str]:
    """The occasions of the promised whitepaper letters."""
    keys = Delivery.objects.filter(operation="whitepaper_delivery").order_by("pk").values_list("key", flat=True)
    return [key.partition(":once:")[2] for key in keys]


def booked(lead: Lead, **details: Any) -> Booking:
    """At a consultant's of its own."""
    made = book(
        ConsultantFactory(), datetime(2027, 1, 12, 9, tzinfo=UTC), 60, a_client(lead.email, **details), lenient=True
    )
    Delivery.objects.filter(subject_type="bookings.booking").delete()
    return made


def delivered(connection: Connection, operation: str, subject: Lead | Touchpoint | Booking) -> Delivery:
    return Delivery.objects.create(
        key=operation, integration=connection.integration, connection=connection, operation=operation,
        subject_type=subject._meta.label_lower, subject_id=subject.pk, state="delivered", settled_at=A_MOMENT,
    )  # fmt: skip


def connection_of(slug: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug=slug, owner="")


class TestLink:
    def test_is_absolute_and_names_nobody(self, ada: Lead, settings: LazySettings) -> None:
        link = own_page.link(ada)

        assert link.startswith(f"{settings.SITE_URL}/my/")
        assert "@" not in link

    def test_forged_link_leads_nowhere(self, ada: Lead) -> None:
        forged = [address(ada)[:-2] + "x/", f"/my/{Signer(sep='.').sign(ada.uuid.hex)}/", "/my/nothing/"]

        assert [Client().get(path).status_code for path in forged] == [404, 404, 404]

    def test_link_of_somebody_forgotten_says_so(self, ada: Lead) -> None:
        before = address(ada)
        actions.forget([ada])

        assert "We know nothing of you any more" in text(Client().get(before), status=410)

    def test_link_ends_with_the_address_that_it_was_sent_to(self, ada: Lead) -> None:
        before = address(ada)
        actions.update_details(ada, details={"email": "augusta@client.example"})

        page = text(Client().get(before), status=410)

        assert "This link works no more" in page
        assert "augusta" not in page
        assert look(ada).status_code == 200

    def test_link_outlives_a_new_key(self, ada: Lead, settings: LazySettings) -> None:
        before = address(ada)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-key-for-signatures", [settings.SECRET_KEY]

        assert Client().get(before).status_code == 200


class TestPage:
    def test_shows_what_we_hold(self, ada: Lead) -> None:
        page = text(look(ada))

        for told in ("Ada Lovelace", "ada@client.example", "Engines Ltd", "On engines", "Please call me."):
            assert told in page
        assert "may send me news" in page
        assert "Confirmed on" in page

    def test_shows_what_somebody_registered_for_by_the_sessions_clock(self, ada: Lead) -> None:
        session = SessionFactory(topic=TopicFactory(title_en="Storage"), starts_at=A_MOMENT, zone="Asia/Tokyo")
        registration = RegistrationFactory(lead=ada, session=session)

        page = text(look(ada))

        assert "Storage" in page
        assert "21:00:00 Asia/Tokyo" in page
        assert links.manage(registration) in page

    def test_shows_consultations_with_the_way_to_their_own_page(self, ada: Lead) -> None:
        booking = booked(ada, zone="Asia/Tokyo")

        page = text(look(ada))

        assert "Consultations that you booked" in page
        assert f"{booking.reference}, Confirmed" in page
        assert "18:00:00 Asia/Tokyo" in page
        assert booking_links.manage(booking) in page

    def test_shows_and_exports_what_was_paid_and_what_went_back(self, ada: Lead) -> None:
        registration = RegistrationFactory(lead=ada, session=SessionFactory(price=90), status="pending_payment")
        payment = pay(registration)
        hear(payment, refunds=(went_back("40.00"),))

        page = text(look(ada))
        (exported,) = sections.registrations(ada).exported

        assert f"90.00 EUR: Partially refunded, Receipt {payment.receipt_number}, refunded: 40.00" in page
        (paid,) = exported["payments"]
        assert (paid["receipt_number"], paid["refunds"][0]["amount"]) == (payment.receipt_number, Decimal("40.00"))

    def test_speaks_the_language_of_the_lead(self, ada: Lead) -> None:
        Lead.objects.update(language="de")
        ada.refresh_from_db()

        page = look(ada, headers={"accept-language": "en"})

        assert (page["Content-Language"], "Von Maschinen" in text(page)) == ("de", True)

    def test_speaks_the_language_of_the_browser_to_whom_has_none(self) -> None:
        assert look(LeadFactory(), headers={"accept-language": "de"})["Content-Language"] == "de"

    def test_offers_no_languages_that_would_lead_back_to_itself(self, ada: Lead) -> None:
        assert "hreflang" not in text(look(ada))

    def test_is_kept_and_found_by_nobody(self, ada: Lead) -> None:
        page = look(ada)

        assert "no-store" in page["Cache-Control"]
        assert (page["X-Robots-Tag"], page["Referrer-Policy"]) == ("noindex", "same-origin")

    def test_has_no_inline_scripts_and_styles(self, ada: Lead) -> None:
        page = text(look(ada))

        assert not any(inline in page for inline in ("<script", "<style", "style=", "onclick"))

    @pytest.mark.parametrize("action", ["withdraw/", "forget/", "send-again/1/"])
    def test_buttons_work_from_our_own_pages_only(self, ada: Lead, action: str) -> None:
        stranger = Client(enforce_csrf_checks=True)

        assert stranger.post(address(ada, action)).status_code == 403
        assert Lead.objects.get().email == ada.email

    def test_looking_changes_nothing(self, ada: Lead) -> None:
        statuses = [look(ada, action).status_code for action in ("", "export/", "forget/", "withdraw/")]

        assert statuses == [200, 200, 200, 405]
        assert (Consent.objects.get().holds, Erasure.objects.count()) == (True, 0)

    def test_asks_the_database_as_often_for_many_requests_as_for_one(
        self, ada: Lead, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(10):
            TouchpointFactory(lead=ada, whitepaper=WhitepaperFactory())
            RegistrationFactory(lead=ada)

            booked(ada)

        with django_assert_max_num_queries(23):
            look(ada)

    def test_one_visitor_presses_ten_times_in_ten_minutes(self, ada: Lead) -> None:
        pressed = [press(ada, "withdraw/") for _ in range(11)]

        assert [page.status_code for page in pressed] == [302] * 10 + [429]
        assert 0 < int(pressed[-1]["Retry-After"]) <= 600


class TestLetterAgain:
    def test_letter_is_promised_again_as_often_as_it_is_asked_for(self, ada: Lead) -> None:
        request = ada.touchpoints.get()

        for _ in range(2):
            press(ada, f"send-again/{request.pk}/")

        assert letters() == ["", "|again 1", "|again 2"]

    def test_letter_that_an_operator_repeated_is_counted_too(self, ada: Lead) -> None:
        Delivery.objects.filter(operation="whitepaper_delivery").update(state="delivered")
        replaying.again(Delivery.objects.filter(operation="whitepaper_delivery"))

        press(ada, f"send-again/{ada.touchpoints.get().pk}/")

        assert letters() == ["", "|again 1", "|again 2"]

    def test_says_that_it_is_on_its_way(self, ada: Lead) -> None:
        page = Client().post(address(ada, f"send-again/{ada.touchpoints.get().pk}/"), follow=True)

        assert "The letter is on its way to you." in text(page)

    def test_requests_of_others_are_not_there(self, ada: Lead) -> None:
        theirs = TouchpointFactory(whitepaper=WhitepaperFactory())

        assert press(ada, f"send-again/{theirs.pk}/").status_code == 404
        assert letters() == [""]

    @pytest.mark.parametrize("change", ["unpublished", "used up"])
    def test_what_cannot_be_sent_is_not_offered(self, ada: Lead, change: str) -> None:
        request = ada.touchpoints.get()
        if change == "unpublished":
            type(request.whitepaper).objects.update(published=False)
        else:
            ada.touchpoints.update(downloads=actions.MOST_DOWNLOADS)

        assert "Send me the link again" not in text(look(ada))
        assert press(ada, f"send-again/{request.pk}/").status_code == 404


class TestConsent:
    def test_is_withdrawn_by_a_button(self, ada: Lead) -> None:
        page = Client().post(address(ada, "withdraw/"), follow=True)

        assert "Your consent is withdrawn." in text(page)
        assert "Withdrawn on" in text(page)
        assert Lead.objects.get().marketing_consent is False

    def test_that_waits_is_told(self) -> None:
        capture([a_capture(marketing_consent=True, expects_answer=True)])

        assert "It waits for your confirmation" in text(look(Lead.objects.get()))

    def test_that_was_withdrawn_has_no_button(self, ada: Lead) -> None:
        actions.withdraw_consent(ada)

        assert reverse("integrations:own_page_withdraw", args=["x"]).rpartition("x")[2] not in text(look(ada))


class TestExport:
    def exported(self, lead: Lead) -> Any:
        answer = look(lead, "export/")
        assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
        return json.loads(text(answer))

    def test_has_all_columns_of_the_person(self, ada: Lead) -> None:
        """Whoever adds a column to these tables has to say here that it is exported, or why not."""
        of_ours = {"id", "lead", "key", "uuid", "name_is_guess", "session", "number"}
        # Ours are what a calendar needs, what it told us, and whether we looked.
        of_ours |= {"sequence", "blocked", "held_until", "unchecked", "problem", "problem_details"}
        RegistrationFactory(lead=ada)
        booked(ada)
        found = self.exported(ada)

        for model, row in (
            (Lead, found["person"]),
            (Touchpoint, found["requests"][0]),
            (Consent, found["consents"][0]),
            (Registration, found["registrations"][0]),
            (Booking, found["bookings"][0]),
        ):
            columns = {field.name for field in model._meta.fields}
            assert columns - of_ours <= set(row)

    def test_tells_values(self, ada: Lead) -> None:
        found = self.exported(ada)

        assert (found["person"]["email"], found["person"]["company"]) == ("ada@client.example", "Engines Ltd")
        request = found["requests"][0]
        assert (request["whitepaper"], request["utm_source"]) == ("On engines", "newsletter")
        assert "may send me news" in found["consents"][0]["text"]

    def test_tells_which_letters_were_sent_and_who_else_knows(self, ada: Lead) -> None:
        Delivery.objects.all().delete()
        delivered(connection_of("email"), "whitepaper_delivery", ada.touchpoints.get())
        delivered(connection_of("email"), "consultant_booking", booked(ada))
        delivered(connection_of("webhooks"), "lead_captured", ada)
        ExternalRecord.objects.create(
            remote_system="https://odoo.example/firm", remote_model="crm.lead", remote_id="1",
            subject_type="leads.lead", subject_id=ada.pk, synced_at=timezone.now(),
        )  # fmt: skip

        found = self.exported(ada)

        assert found["letters"] == [{"letter": "Whitepaper", "sent_at": "2026-03-01T12:00:00Z"}]
        assert found["systems"] == ["Odoo ERP", "Outgoing webhooks"]

    def test_is_of_one_person_only(self, ada: Lead) -> None:
        capture([a_capture("eve@client.example", name="Eve", message="A secret of Eve.")])

        assert "Eve" not in json.dumps(self.exported(ada))


class TestForgetting:
    def test_is_asked_before_it_is_done(self, ada: Lead) -> None:
        assert "This cannot be undone." in text(look(ada, "forget/"))
        assert not Lead.objects.get().is_forgotten

    def test_ends_with_the_reference_of_the_certificate(self, ada: Lead) -> None:
        page = text(press(ada, "forget/"))

        done = Erasure.objects.get()
        assert str(done.reference) in page
        assert (done.via, done.actor) == ("visitor", None)
        assert Lead.objects.get().is_forgotten

    def test_names_the_systems_that_are_told_now(self, ada: Lead) -> None:
        Integration.objects.filter(slug="odoo").update(enabled=True)

        assert "Odoo ERP" in text(press(ada, "forget/"))

    def test_leads_to_a_page_that_knows_nothing(self, ada: Lead) -> None:
        link = address(ada)
        press(ada, "forget/")

        assert Client().get(link).status_code == 410
        assert Client().post(f"{link}withdraw/").status_code == 410

    def test_who_comes_back_later_has_a_page_of_their_own(self, ada: Lead) -> None:
        press(ada, "forget/")
        again = capture([a_capture()]).leads[0]

        assert address(again) != address(ada)
        assert "ada@client.example" in text(look(again))

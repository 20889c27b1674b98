"""Operators keep the catalogue, announce sessions, and see who comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import RegistrationFactory, SessionFactory, TopicFactory
from tests.leads.listening import listen
from webinars.models import Registration, ReminderRule, Session, Topic
from webinars.signals import registrations_changed, sessions_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


def topic(**typed: str) -> dict[str, str]:
    usual = {"title_en": "Data", "title_de": "Daten", "default_price": "0", "currency": "EUR", "status": "active"}
    return {**usual, "category": "", "code": "", "description_en": "", "description_de": "", **typed}


def test_topic_is_entered_in_both_languages(operator: Client) -> None:
    response = operator.post("/admin/webinars/topic/add/", topic(default_price="90"))

    assert response.status_code == 302
    assert list(Topic.objects.values_list("title_en", "title_de", "default_price")) == [("Data", "Daten", 90)]


def test_changed_topic_is_told_to_its_sessions(operator: Client) -> None:
    session = SessionFactory(topic=TopicFactory(title_en="Data", title_de="Daten"))

    with listen(sessions_changed) as told:
        operator.post(f"/admin/webinars/topic/{session.topic_id}/change/", topic(title_en="Good data"))

    assert told == [[session]]
    assert Topic.objects.get().title_en == "Good data"


@pytest.mark.parametrize("typed", [{"currency": "euro"}, {"default_price": "-1"}, {"title_de": ""}])
def test_topic_that_makes_no_sense_is_refused(operator: Client, typed: dict[str, str]) -> None:
    response = operator.post("/admin/webinars/topic/add/", topic(**typed))

    assert response.status_code == 200
    assert not Topic.objects.exists()


def rule(operator: Client, *span: str, **typed: Any) -> Any:
    numbers = dict(zip(("before_days", "before_hours", "before_minutes"), span, strict=True))
    return operator.post("/admin/webinars/reminderrule/add/", {**numbers, "active": "on", **typed})


def test_reminder_is_typed_in_days_hours_and_minutes(operator: Client) -> None:
    rule(operator, "1", "2", "30", session=SessionFactory().pk)

    assert ReminderRule.objects.exclude(session=None).get().before == timedelta(days=1, hours=2, minutes=30)
    assert "1 day, 2 hours, 30 minutes" in operator.get("/admin/webinars/reminderrule/").content.decode()


BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("was_active", "typed", "anew"),
    [
        (True, {}, False),
        (True, {"before_hours": ""}, False),
        (True, {"before_minutes": "5"}, True),
        (True, {"active": ""}, False),
        (False, {}, True),
        (False, {"active": ""}, False),
        (True, {"session": ""}, True),
    ],
)
def test_reminder_counts_anew_only_where_it_is_another_one(
    operator: Client, was_active: bool, typed: dict[str, str], anew: bool
) -> None:
    row = ReminderRule.objects.create(
        session=SessionFactory(), before=timedelta(days=3), active=was_active, counts_from=BEFORE
    )
    saved = {"before_days": "3", "before_hours": "0", "before_minutes": "0", "session": row.session_id, "active": "on"}

    operator.post(f"/admin/webinars/reminderrule/{row.pk}/change/", {**saved, **typed})

    row.refresh_from_db()
    assert row.active is (typed.get("active") != "")
    assert (row.counts_from > BEFORE) is anew


def test_reminder_on_the_page_of_its_session_is_saved_with_it_and_does_not_count_anew(operator: Client) -> None:
    session = a_session()
    row = ReminderRule.objects.create(session=session, before=timedelta(days=3), counts_from=BEFORE)
    inline = {
        "id": row.pk,
        "session": session.pk,
        "before_days": "3",
        "before_hours": "0",
        "before_minutes": "0",
        "active": "on",
    }
    typed = {f"reminder_rules-0-{name}": value for name, value in inline.items()}
    counts = {"reminder_rules-TOTAL_FORMS": "1", "reminder_rules-INITIAL_FORMS": "1"}

    plan(operator, session, presenter="Ada", **counts, **typed)

    assert Session.objects.get().presenter == "Ada"
    assert ReminderRule.objects.get(pk=row.pk).counts_from == BEFORE


@pytest.mark.parametrize("span", [("", "", ""), ("0", "0", "0"), ("7", "", ""), ("-1", "", ""), ("x", "", "")])
def test_reminder_of_no_time_or_of_a_time_that_there_is_is_refused(operator: Client, span: tuple[str, ...]) -> None:
    before = ReminderRule.objects.count()

    assert rule(operator, *span).status_code == 200
    assert ReminderRule.objects.count() == before


PLAN = {
    "starts_at_0": "2027-07-01", "starts_at_1": "10:00", "zone": "Europe/Berlin", "duration_minutes": "60",
    "full_refund_days": "7", "partial_refund_days": "2", "partial_refund_percent": "50", "vat_rate": "19.00",
    "capacity": "", "waiting_list": "on", "price": "0", "currency": "EUR", "languages": ["en"], "presenter": "",
    "meeting_url": "", "registration_opens_at_0": "", "registration_opens_at_1": "",
    "registration_closes_at_0": "", "registration_closes_at_1": "", "slug": "data",
    "reminder_rules-TOTAL_FORMS": "0", "reminder_rules-INITIAL_FORMS": "0",
}  # fmt: skip


def plan(operator: Client, session: Session | None = None, **typed: Any) -> Any:
    where = f"{session.pk}/change" if session else "add"
    topic = session.topic_id if session else TopicFactory(title_en="Data strategy").pk
    return operator.post(f"/admin/webinars/session/{where}/", {**PLAN, "topic": topic, **typed})


def a_session(**fields: Any) -> Session:
    return SessionFactory(starts_at=datetime(2027, 7, 1, 8, tzinfo=UTC), slug="data", languages=["en"], **fields)


def test_session_is_planned_as_a_draft_by_its_own_clock(operator: Client) -> None:
    plan(
        operator,
        zone="America/New_York",
        slug="",
        registration_closes_at_0="2027-06-30",
        registration_closes_at_1="12:00",
    )

    session = Session.objects.get()
    assert (session.status, session.slug) == ("draft", "data-strategy-2027-07-01")
    assert session.starts_at == datetime(2027, 7, 1, 14, tzinfo=UTC)
    assert session.registration_closes_at == datetime(2027, 6, 30, 16, tzinfo=UTC)


def test_session_page_shows_times_by_its_own_clock(operator: Client) -> None:
    page = operator.get(f"/admin/webinars/session/{a_session(zone='Asia/Tokyo').pk}/change/").content.decode()

    assert 'value="17:00:00"' in page


def test_saving_what_was_there_changes_nothing(operator: Client) -> None:
    with listen(sessions_changed) as told:
        assert plan(operator, a_session()).status_code == 302

    assert told == []


def test_moved_session_is_told(operator: Client) -> None:
    session = a_session()

    with listen(sessions_changed) as told:
        plan(operator, session, starts_at_1="11:00")

    assert told == [[session]]
    assert Session.objects.get().sequence == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("zone", {"zone": "Berlin"}),
        ("languages", {"languages": []}),
        ("currency", {"currency": "euro"}),
        ("price", {"price": "-1"}),
        ("capacity", {"capacity": "0"}),
        ("duration_minutes", {"duration_minutes": "0"}),
        ("slug", {"slug": "no slug"}),
        ("capacity", {"capacity": "9" * 5000}),
    ],
)
def test_session_that_makes_no_sense_is_refused_where_it_is_wrong(operator: Client, field: str, typed: Any) -> None:
    session = a_session()

    page = plan(operator, session, **typed)

    assert field in page.context["adminform"].form.errors
    assert Session.objects.get().sequence == session.sequence


def test_fewer_seats_than_taken_are_asked_about_first(operator: Client) -> None:
    session = a_session()
    RegistrationFactory.create_batch(3, session=session)

    page = plan(operator, session, capacity="2").content.decode()

    assert "3 seats are taken already." in page
    assert 'name="confirmed"' in page
    assert Session.objects.get().capacity is None


def test_fewer_seats_than_taken_are_saved_once_they_are_meant(operator: Client) -> None:
    session = a_session()
    RegistrationFactory.create_batch(3, session=session)

    assert plan(operator, session, capacity="2", confirmed="on").status_code == 302
    assert Session.objects.get().capacity == 2


def test_refunds_are_planned_and_the_full_one_ends_first(operator: Client) -> None:
    session = a_session(price=90)

    page = plan(operator, session, full_refund_days="1", partial_refund_days="3")
    plan(operator, session, full_refund_days="30", partial_refund_percent="25", vat_rate="7")

    assert "A full refund must end before the partial one does." in page.content.decode()
    row = Session.objects.get()
    assert (row.full_refund_days, row.partial_refund_percent, row.vat_rate) == (30, 25, 7)


def test_published_session_is_not_moved_to_the_past_and_nothing_typed_is_lost(operator: Client) -> None:
    session = a_session()

    page = plan(operator, session, starts_at_0="2020-07-01", presenter="Ada Lovelace")

    assert page.context["adminform"].form.errors == {"starts_at": ["The session would start in the past."]}
    assert 'value="Ada Lovelace"' in page.content.decode()
    assert Session.objects.get().starts_at == session.starts_at


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_session_that_is_over_is_shown_and_not_planned(operator: Client, status: str) -> None:
    session = a_session(status=status)

    assert operator.get(f"/admin/webinars/session/{session.pk}/change/").status_code == 200
    assert plan(operator, session, presenter="Ada").status_code == 403


@pytest.mark.parametrize(("status", "left"), [("draft", False), ("published", True)])
def test_only_a_draft_is_deleted(operator: Client, status: str, left: bool) -> None:
    session = a_session(status=status)

    operator.post(f"/admin/webinars/session/{session.pk}/delete/", {"post": "yes"})

    assert Session.objects.exists() is left


def test_new_session_of_a_topic_begins_with_its_usual_price(operator: Client) -> None:
    topic = TopicFactory(default_price=90, currency="CHF")

    page = operator.get("/admin/webinars/session/add/", {"topic": topic.pk}).content.decode()

    assert ('value="90.00"' in page, 'value="CHF"' in page) == (True, True)


def correct(operator: Client, registration: Registration, **typed: str) -> Any:
    told = {name: getattr(registration, name) for name in ("first_name", "last_name", "company", "phone", "zone")}
    where = f"/admin/webinars/registration/{registration.pk}/change/"
    return operator.post(where, {**told, "language": "", **typed})


def test_corrected_registration_is_told(operator: Client) -> None:
    registration = RegistrationFactory()

    with listen(registrations_changed) as told:
        correct(operator, registration, company="Engines")

    assert told == [[registration]]
    assert Registration.objects.get().company == "Engines"


def test_cancelled_registration_is_not_corrected(operator: Client) -> None:
    assert correct(operator, RegistrationFactory(status="cancelled"), company="Engines").status_code == 403

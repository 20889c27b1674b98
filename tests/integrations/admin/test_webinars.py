"""What operators do to sessions and to who comes, and what they see of both."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from integrations.models import Delivery, Integration, Run
from tests.factories import A_MOMENT, RegistrationFactory, SessionFactory
from tests.webinars.people import come, standing
from webinars.models import Registration, Session

from .conftest import queries, text

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def page_of(session: Session) -> str:
    return f"/admin/webinars/session/{session.pk}/change/"


def press(client: Client, row: Session | Registration, verb: str, **data: str) -> Any:
    return client.post(f"/admin/webinars/{row._meta.model_name}/{row.pk}/{verb}/", data, follow=True)


# --- sessions --------------------------------------------------------------------------------------------------------


def test_buttons_take_a_session_from_draft_to_its_end(operator: Client) -> None:
    session = SessionFactory(status="draft")

    assert "is public" in text(press(operator, session, "publish"))
    Session.objects.update(starts_at=timezone.now() - HOUR)
    assert "took place" in text(press(operator, session, "complete"))
    assert Session.objects.get().status == "completed"


def test_what_cannot_be_is_told(operator: Client) -> None:
    session = SessionFactory(status="draft", starts_at=timezone.now() - HOUR)

    assert "would start in the past" in text(press(operator, session, "publish"))
    assert "state is “Draft”" in text(press(operator, session, "complete"))
    assert Session.objects.get().status == "draft"


def test_cancelled_session_cancels_its_people(operator: Client) -> None:
    session = SessionFactory()
    come(session, "ada", "bob")

    press(operator, session, "cancel")

    assert standing(session) == {"ada": "cancelled", "bob": "cancelled"}


def test_what_cannot_be_undone_is_asked_first(operator: Client) -> None:
    page = text(operator.get(page_of(SessionFactory())))

    assert "This cannot be undone. Cancel this session?" in page


def test_clone_is_a_draft_at_a_time_by_the_sessions_clock(operator: Client) -> None:
    session = SessionFactory(zone="Asia/Tokyo", slug="data")

    operator.post(f"/admin/webinars/session/{session.pk}/clone/", {"starts_at_0": "2027-07-01", "starts_at_1": "10:00"})

    clone = Session.objects.get(status="draft")
    assert (clone.starts_at, clone.slug) == (datetime(2027, 7, 1, 1, tzinfo=UTC), "data-2027-07-01")


def test_sync_of_one_session_is_a_run_about_it(operator: Client) -> None:
    press(operator, SessionFactory(slug="data"), "sync")

    assert Run.objects.get().arguments == {"job": "sync_webinars", "session": "data"}


@pytest.mark.parametrize(("area", "job"), [("topic", "import_topics"), ("session", "sync_webinars")])
def test_list_has_a_button_for_the_job_about_all(operator: Client, area: str, job: str) -> None:
    odoo = Integration.objects.get(slug="odoo")

    page = text(operator.get(f"/admin/webinars/{area}/"))

    assert f'action="/admin/integrations/integration/{odoo.pk}/sync/"' in page
    assert f'name="job" value="{job}"' in page


def test_auditor_sees_no_buttons(staff: Callable[..., Client]) -> None:
    page = text(staff("view_session").get(page_of(SessionFactory())))

    assert "/cancel/" not in page
    assert "/export/" not in page


# --- people ----------------------------------------------------------------------------------------------------------


def test_page_tells_seats_and_groups_people_in_order(operator: Client) -> None:
    session = SessionFactory(capacity=2)
    come(session, "ada", "bob", "cleo", "dora")
    press(operator, session.registrations.get(first_name="ada"), "cancel")

    page = operator.get(page_of(session))

    groups = [(str(person.group), person.first_name) for person in page.context["people"]]
    assert [who for _group, who in groups] == ["bob", "cleo", "dora", "ada"]
    assert len({group for group, _who in groups}) == 4
    assert (page.context["room"].taken, page.context["free"], page.context["room"].waiting) == (2, 0, 1)


def test_page_shows_what_was_promised_about_each_person(operator: Client) -> None:
    session = SessionFactory()
    come(session, "ada")

    page = operator.get(page_of(session))

    (ada,) = page.context["people"]
    assert "webinar_registration" in {delivery.operation for delivery in ada.deliveries}
    assert f"/admin/integrations/delivery/{ada.deliveries[0].pk}/change/" in text(page)


def test_page_takes_the_same_queries_for_one_person_and_for_thirty(operator: Client) -> None:
    session = SessionFactory()
    come(session, "ada")
    for_one = queries(operator, page_of(session))
    come(session, *(f"person{number}" for number in range(29)))

    assert Delivery.objects.count() >= 30
    assert queries(operator, page_of(session)) == for_one


def test_many_people_are_shown_page_by_page(operator: Client) -> None:
    session = SessionFactory()
    RegistrationFactory.create_batch(101, session=session)

    assert "1 / 2" in text(operator.get(page_of(session)))
    assert len(operator.get(page_of(session), {"people": "2"}).context["people"]) == 1


def test_button_about_a_person_leads_back_to_the_session(operator: Client) -> None:
    session = SessionFactory()
    (ada,) = come(session, "ada")

    page = press(operator, ada, "cancel", session="1")

    assert page.redirect_chain[-1][0] == page_of(session)
    assert standing(session) == {"ada": "cancelled"}


@pytest.mark.parametrize(("ago", "asked"), [(HOUR, True), (-HOUR, True), (-3 * HOUR, False)])
def test_who_came_is_asked_from_two_hours_before_the_start(operator: Client, ago: timedelta, asked: bool) -> None:
    session = SessionFactory(starts_at=timezone.now() - ago)
    RegistrationFactory(session=session)

    assert ("/attended/" in text(operator.get(page_of(session)))) is asked


def test_people_are_decided_about_by_who_may_change_the_session(staff: Callable[..., Client]) -> None:
    (ada,) = come(SessionFactory(), "ada")

    assert press(staff("view_registration", "change_registration"), ada, "attended").status_code == 403
    assert Registration.objects.get().status == "confirmed"


@pytest.mark.parametrize(("ago", "asked"), [(HOUR / 2, True), (HOUR, False)])
def test_nothing_is_cancelled_once_it_is_over(operator: Client, ago: timedelta, asked: bool) -> None:
    session = SessionFactory(starts_at=timezone.now() - ago, duration_minutes=60)
    ada = RegistrationFactory(session=session)

    buttons = re.findall(r'action="[^"]*/(session|registration)/\d+/cancel/"', text(operator.get(page_of(session))))
    assert sorted(buttons) == (["registration", "session"] if asked else [])
    for row in (ada, session):
        assert ("The session is over." in text(press(operator, row, "cancel"))) is not asked


# --- who may know who comes ------------------------------------------------------------------------------------------


def test_who_plans_sessions_does_not_see_who_comes(staff: Callable[..., Client]) -> None:
    session = SessionFactory()
    come(session, "ada")
    planner = staff("view_session", "change_session", "export_lead")

    page = text(planner.get(page_of(session)))

    assert [shown for shown in ("ada", "/check-in/", "/export/") if shown in page] == []
    assert planner.get(f"/admin/webinars/session/{session.pk}/check-in/").status_code == 403
    assert export(planner, session, "csv").status_code == 403


def test_who_may_see_registrations_sees_who_comes(staff: Callable[..., Client]) -> None:
    session = SessionFactory()
    come(session, "ada")
    colleague = staff("view_session", "view_registration", "export_lead")

    assert "/check-in/" in text(colleague.get(page_of(session)))
    assert "ada" in text(colleague.get(f"/admin/webinars/session/{session.pk}/check-in/"))
    assert b"ada" in export(colleague, session, "csv").getvalue()


# --- at the door -----------------------------------------------------------------------------------------------------


def check_in(client: Client, session: Session, **data: Any) -> Any:
    return client.post(f"/admin/webinars/session/{session.pk}/check-in/", data, follow=True)


def test_list_at_the_door_notes_one_person(operator: Client) -> None:
    session = SessionFactory(starts_at=timezone.now() + HOUR)
    ada, _bob = come(session, "ada", "bob")

    page = text(check_in(operator, session, attended=ada.pk))

    assert "Noted: 1 person came." in page
    assert standing(session) == {"ada": "attended", "bob": "confirmed"}


def test_list_at_the_door_notes_all_that_are_ticked(operator: Client) -> None:
    session = SessionFactory(starts_at=timezone.now() + HOUR)
    ada, bob, _cleo = come(session, "ada", "bob", "cleo")

    check_in(operator, session, no_show="ticked", ticked=[ada.pk, bob.pk])

    assert standing(session) == {"ada": "no_show", "bob": "no_show", "cleo": "confirmed"}


def test_list_at_the_door_says_that_it_is_too_early(operator: Client) -> None:
    session = SessionFactory()
    (ada,) = come(session, "ada")

    assert "The session has not started yet." in text(check_in(operator, session, attended=ada.pk))
    assert standing(session) == {"ada": "confirmed"}


def test_list_at_the_door_notes_nobody_of_another_session(operator: Client) -> None:
    (ada,) = come(SessionFactory(), "ada")

    check_in(operator, SessionFactory(), attended=ada.pk)
    check_in(operator, SessionFactory(), attended="nobody")

    assert Registration.objects.get().status == "confirmed"


def test_list_at_the_door_finds_by_name_and_company(operator: Client) -> None:
    session = SessionFactory()
    RegistrationFactory(session=session, first_name="Ada", company="Engines")
    RegistrationFactory(session=session, first_name="Bob", company="Engines")

    page = operator.get(f"/admin/webinars/session/{session.pk}/check-in/", {"q": "engi ada"})

    assert [person.first_name for person in page.context["people"]] == ["Ada"]


def test_list_at_the_door_takes_the_same_queries_for_one_and_for_thirty(operator: Client) -> None:
    session = SessionFactory()
    RegistrationFactory(session=session)
    page = f"/admin/webinars/session/{session.pk}/check-in/"
    for_one = queries(operator, page)
    RegistrationFactory.create_batch(29, session=session)

    assert queries(operator, page) == for_one


# --- to take along ---------------------------------------------------------------------------------------------------


def export(client: Client, session: Session, kind: str) -> Any:
    return client.post(f"/admin/webinars/session/{session.pk}/export/", {"format": kind})


def test_people_are_exported_as_csv_without_formulas(operator: Client) -> None:
    session = SessionFactory()
    RegistrationFactory(session=session, first_name="Zoë", company="=1+1", registered_at=A_MOMENT)
    RegistrationFactory(session=session, email="forgotten-1@forgotten.invalid")

    answer = export(operator, session, "csv")

    (row,) = csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig")))
    assert (row["first_name"], row["company"]) == ("Zoë", "'=1+1")
    assert row["registered_at"] == "2026-03-01T12:00:00+00:00"


def test_people_are_exported_as_xlsx(operator: Client) -> None:
    session = SessionFactory()
    RegistrationFactory(session=session, company="=1+1")

    sheet = load_workbook(BytesIO(export(operator, session, "xlsx").getvalue())).active

    assert [cell.data_type for cell in sheet[2]].count("f") == 0
    assert [cell.value for cell in sheet[1]][:3] == ["number", "first_name", "last_name"]


def test_export_is_noted_and_takes_the_right_to_carry_addresses_away(
    operator: Client, staff: Callable[..., Client]
) -> None:
    session = SessionFactory(slug="data")
    RegistrationFactory(session=session)

    assert export(staff("view_session", "view_registration"), session, "csv").status_code == 403
    export(operator, session, "csv")

    assert [str(entry) for entry in LogEntry.objects.values_list("object_repr", "change_message")] == [
        "('data.csv', 'Exported 1 attendee.')"
    ]


# --- messages --------------------------------------------------------------------------------------------------------

A_MESSAGE = {
    "subject_en": "Bring along",
    "text_en": "Your bill.\n\nAnd <b>time</b>.",
    "subject_de": "Bitte bereithalten",
    "text_de": "Ihre Rechnung.",
    "uuid": "6f2a3c1e-2f6b-4f0c-9d5c-1f0e6f6b7a11",
}


def write(client: Client, session: Session, **typed: str) -> Any:
    return client.post(f"/admin/webinars/session/{session.pk}/message/", {**A_MESSAGE, **typed}, follow=True)


def messages_to() -> list[str]:
    """First names of those whom a message was promised to."""
    ids = Delivery.objects.filter(operation="webinar_message").values_list("subject_id", flat=True)
    return sorted(Registration.objects.filter(pk__in=ids).values_list("first_name", flat=True))


def test_message_goes_to_all_who_have_a_seat(operator: Client) -> None:
    session = SessionFactory(capacity=2)
    come(session, "ada", "bob", "cleo")

    assert "2 people get your message." in text(write(operator, session))
    assert messages_to() == ["ada", "bob"]


def test_message_that_is_sent_twice_goes_once(operator: Client) -> None:
    session = SessionFactory()
    come(session, "ada")

    write(operator, session)
    write(operator, session)

    assert messages_to() == ["ada"]
    assert session.messages.count() == 1


@pytest.mark.parametrize("typed", [{"subject_de": ""}, {"text_en": " "}, {"uuid": "none"}])
def test_message_is_written_in_both_languages(operator: Client, typed: dict[str, str]) -> None:
    session = SessionFactory()
    come(session, "ada")

    assert write(operator, session, **typed).redirect_chain == []
    assert messages_to() == []


def test_message_about_a_session_that_is_over_is_not_sent(operator: Client) -> None:
    session = SessionFactory(starts_at=timezone.now() - 2 * HOUR)
    RegistrationFactory(session=session)

    assert "The session is over." in text(write(operator, session))
    assert messages_to() == []


def test_message_about_a_session_that_took_place_goes_to_all_who_had_a_seat(operator: Client) -> None:
    session = SessionFactory(starts_at=timezone.now() - 48 * HOUR, status="completed")
    for name, status in (("ada", "attended"), ("bob", "no_show"), ("cleo", "confirmed"), ("dan", "cancelled")):
        RegistrationFactory(session=session, first_name=name, status=status)

    assert f"/session/{session.pk}/message/" in text(operator.get(page_of(session)))
    assert "3 people get your message." in text(write(operator, session))
    assert messages_to() == ["ada", "bob", "cleo"]
    assert set(Delivery.objects.values_list("expires_at", flat=True)) == {None}

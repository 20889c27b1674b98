"""The password alone opens nothing to who has a second factor."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.fixtures import Settings

from magnetiq.two_factor import devices

from .second_factor import ACCOUNT, CODE, INDEX, PASSWORD, RECOVERY, SET_UP, logged_in, proven, shown_by, with_app

pytestmark = pytest.mark.django_db
LEADS = reverse("admin:leads_lead_changelist")


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


def test_login_asks_for_the_code_and_then_leads_where_one_wanted_to_go(client: Client, ada: User) -> None:
    app = with_app(ada)

    login = client.get(LEADS)
    password = client.post(login["Location"], {"username": "ada", "password": PASSWORD, "next": LEADS})
    asked = client.get(password["Location"])
    arrived = client.post(asked["Location"], {"code": shown_by(app), "next": LEADS}, follow=True)

    assert asked["Location"] == f"{CODE}?next=%2Fadmin%2Fleads%2Flead%2F"
    assert arrived.redirect_chain == [(LEADS, 302)]
    assert arrived.status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "path", [INDEX, LEADS, SET_UP, ACCOUNT, reverse("two_factor:renew"), reverse("admin:password_change")]
)
def test_nothing_opens_without_the_code(ada: User, method: str, path: str) -> None:
    with_app(ada)

    answer = getattr(logged_in(ada), method)(path)

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, CODE)


def test_outside_the_admin_he_is_nobody_without_the_code(ada: User) -> None:
    app = with_app(ada)

    seen = [client.get(reverse("leads:list")).wsgi_request.user for client in (logged_in(ada), proven(ada, app))]

    assert [user.username for user in seen] == ["", "ada"]


def test_the_api_does_not_know_him_without_the_code(ada: User) -> None:
    app = with_app(ada)
    status = "/api/v1/admin/integrations/status"

    assert [client.get(status).status_code for client in (logged_in(ada), proven(ada, app))] == [401, 200]


def test_logging_out_needs_no_code(ada: User) -> None:
    with_app(ada)
    client = logged_in(ada)

    client.post(reverse("admin:logout"))

    assert "_auth_user_id" not in client.session


def test_session_gets_a_new_key_with_the_code(ada: User) -> None:
    app = with_app(ada)
    client = logged_in(ada)
    before = client.session.session_key

    client.post(CODE, {"code": shown_by(app)})

    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_code_works_once(ada: User) -> None:
    app = with_app(ada)
    code = shown_by(app)
    proven(ada, app)

    answer = logged_in(ada).post(CODE, {"code": code})

    assert "was used before" in answer.content.decode()


def test_wrong_code_makes_the_next_try_wait(ada: User) -> None:
    app = with_app(ada)
    client = logged_in(ada)
    client.post(CODE, {"code": "000000"})

    answer = client.post(CODE, {"code": shown_by(app)})

    assert "Too many wrong codes" in answer.content.decode()
    assert client.get(INDEX).status_code == 302


def test_code_typed_with_a_space_is_right(ada: User) -> None:
    app = with_app(ada)
    code = shown_by(app)

    answer = logged_in(ada).post(CODE, {"code": f"{code[:3]} {code[3:]}"})

    assert answer["Location"] == INDEX


def test_recovery_code_lets_in_once(ada: User) -> None:
    with_app(ada)
    code = devices.renew_recovery_codes(ada)[0]

    first = logged_in(ada).post(RECOVERY, {"code": code.upper()})
    second = logged_in(ada).post(RECOVERY, {"code": code})

    assert first["Location"] == INDEX
    assert "was used before" in second.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_by_a_link(ada: User, target: str) -> None:
    app = with_app(ada)

    answer = logged_in(ada).post(f"{CODE}?next={target}", {"code": shown_by(app), "next": target})

    assert answer["Location"] == INDEX


def test_code_page_sends_who_is_not_logged_in_to_the_login(client: Client) -> None:
    assert client.get(CODE)["Location"].startswith(reverse("admin:login"))


def test_set_up_turns_it_on_and_shows_ten_codes_once(ada: User) -> None:
    client = logged_in(ada)
    shown = client.get(SET_UP)
    app = devices.unsaved_app(ada, client.session["two_factor_key"])

    done = client.post(SET_UP, {"code": shown_by(app)})

    assert devices.typed_key(app) in shown.content.decode()
    assert 'src="data:image/svg+xml' in shown.content.decode()
    assert len(done.context["codes"]) == 10
    assert "no-store" in done["Cache-Control"]
    assert client.get(INDEX).status_code == 200  # this session has shown a code
    assert logged_in(ada).get(INDEX).status_code == 302
    assert LogEntry.objects.get().user == ada


def test_set_up_with_a_wrong_code_changes_nothing(ada: User) -> None:
    client = logged_in(ada)
    client.get(SET_UP)

    answer = client.post(SET_UP, {"code": "000000"})

    assert "not the code" in answer.content.decode()
    assert not TOTPDevice.objects.exists()


def test_second_app_cannot_be_added_to_the_first(ada: User) -> None:
    app = with_app(ada)
    other = devices.new_key()

    added = devices.add_app(ada, other, shown_by(devices.unsaved_app(ada, other)))

    assert added is None
    assert TOTPDevice.objects.get() == app


def test_new_recovery_codes_take_the_place_of_the_old(ada: User) -> None:
    app = with_app(ada)
    old = devices.renew_recovery_codes(ada)
    client = proven(ada, app)

    renewed = client.post(reverse("two_factor:renew"), {"code": shown_by(app, ahead=1)})

    assert not set(old) & set(renewed.context["codes"])
    assert logged_in(ada).post(RECOVERY, {"code": renewed.context["codes"][0]}).status_code == 302
    assert logged_in(ada).post(RECOVERY, {"code": old[0]}).status_code == 200


@pytest.mark.parametrize("verb", ["renew", "remove"])
def test_changes_of_the_factor_need_a_code_of_now(ada: User, verb: str) -> None:
    app = with_app(ada)
    old = devices.renew_recovery_codes(ada)
    client = proven(ada, app)

    client.post(reverse(f"two_factor:{verb}"), {"code": "000000"})

    assert TOTPDevice.objects.get() == app
    assert logged_in(ada).post(RECOVERY, {"code": old[0]}).status_code == 302


def test_switched_off_the_password_is_enough_again(ada: User) -> None:
    app = with_app(ada)

    proven(ada, app).post(reverse("two_factor:remove"), {"code": shown_by(app, ahead=1)})

    assert logged_in(ada).get(INDEX).status_code == 200
    assert LogEntry.objects.get().get_change_message() == "Two-factor authentication switched off."


def test_staff_is_led_to_set_it_up_where_it_is_required(ada: User, settings: Settings) -> None:
    settings.REQUIRE_TWO_FACTOR = True
    client = logged_in(ada)

    answers = [client.get(path) for path in (INDEX, LEADS, ACCOUNT)]

    assert {answer["Location"].partition("?")[0] for answer in answers} == {SET_UP}
    assert client.get(SET_UP).status_code == 200
    assert client.get(reverse("leads:list")).wsgi_request.user.is_anonymous


def test_set_up_that_was_required_ends_where_one_wanted_to_go(ada: User, settings: Settings) -> None:
    settings.REQUIRE_TWO_FACTOR = True
    client = logged_in(ada)
    client.get(f"{SET_UP}?next={LEADS}")
    app = devices.unsaved_app(ada, client.session["two_factor_key"])

    done = client.post(SET_UP, {"code": shown_by(app), "next": LEADS})

    assert f'href="{LEADS}"' in done.content.decode()
    assert client.get(LEADS).status_code == 200


def test_command_removes_what_nobody_else_can(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    with_app(ada)
    devices.renew_recovery_codes(ada)

    call_command("reset_two_factor", "ada", "--json")
    call_command("reset_two_factor", "ada", "--json")

    assert capsys.readouterr().out.split("\n") == ['{"removed": true}', '{"removed": false}', ""]
    assert logged_in(ada).get(INDEX).status_code == 200


def test_command_says_so_when_there_is_no_such_user() -> None:
    with pytest.raises(CommandError) as ended:
        call_command("reset_two_factor", "nobody")

    assert ended.value.returncode == 2

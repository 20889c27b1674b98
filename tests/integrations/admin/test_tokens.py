"""Tokens for the API in the admin: made, shown once, revoked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import ApiToken
from tests.integrations.admin.conftest import logged_in, queries, text
from tests.integrations.api.conftest import a_token

LIST, ADD = "/admin/integrations/apitoken/", "/admin/integrations/apitoken/add/"
STATUS = "/api/v1/admin/integrations/status"


def page_of(token: ApiToken, page: str = "change") -> str:
    return reverse(f"admin:integrations_apitoken_{page}", args=[token.pk])


def make(client: Client, owner: User, *, days: float = 365, scope: str = "read") -> Any:
    until = timezone.localtime() + timedelta(days=days)
    typed = {
        "name": "crm",
        "scope": scope,
        "owner": owner.pk,
        "expires_at_0": f"{until:%Y-%m-%d}",
        "expires_at_1": f"{until:%H:%M:%S}",
    }
    return client.post(ADD, typed)


@pytest.fixture
def administrator(db: None) -> User:
    user = User.objects.create_user("grace", is_staff=True)
    user.groups.set(Group.objects.all())
    return user


def test_form_proposes_me_and_a_year(operator: Client) -> None:
    form = operator.get(ADD).context["adminform"].form

    assert form.fields["owner"].initial == User.objects.get().pk
    assert form.get_initial_for_field(form.fields["expires_at"], "expires_at") > timezone.now() + timedelta(days=364)


def test_value_is_shown_once_and_opens_the_api(operator: Client) -> None:
    answer = make(operator, User.objects.get())

    token = ApiToken.objects.get()
    value = answer.context["token"].value
    assert value in text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(STATUS, headers={"authorization": f"Bearer {value}"}).status_code == 200
    for page in (LIST, page_of(token)):
        assert value not in text(operator.get(page))
        assert token.digest not in text(operator.get(page))
    assert not any(value in str(session.get_decoded()) for session in Session.objects.all())


def test_making_and_revoking_are_logged_with_their_user(operator: Client) -> None:
    make(operator, User.objects.get())
    operator.post(page_of(ApiToken.objects.get(), "revoke"))

    entries = LogEntry.objects.order_by("pk").values_list("user__username", "object_repr", "action_flag")
    assert list(entries) == [("ada", "crm", 1), ("ada", "crm", 2)]


@pytest.mark.parametrize(("days", "made"), [(-0.01, 0), (0.01, 1), (731, 1), (733, 0)])
def test_token_lasts_two_years_at_most(operator: Client, days: float, made: int) -> None:
    make(operator, User.objects.get(), days=days)

    assert ApiToken.objects.count() == made


def test_revoked_token_opens_nothing(operator: Client) -> None:
    token, value = a_token(User.objects.get())

    operator.post(page_of(token, "revoke"))

    assert Client().get(STATUS, headers={"authorization": f"Bearer {value}"}).status_code == 401
    assert "revoked" in text(operator.get(LIST))
    assert operator.get(page_of(token)).context["buttons"] == []


def test_looking_at_the_address_of_revoke_changes_nothing(operator: Client) -> None:
    token, _ = a_token(User.objects.get())

    assert operator.get(page_of(token, "revoke")).status_code == 405
    assert ApiToken.objects.get().revoked_at is None


def test_nobody_gives_away_more_than_is_his(administrator: User) -> None:
    grace = logged_in(administrator)
    boss = User.objects.create_superuser("boss")
    colleague = User.objects.create_user("bob", is_staff=True)

    assert make(grace, boss).context["adminform"].form.errors.keys() == {"owner"}
    assert not ApiToken.objects.exists()
    make(grace, colleague)
    make(grace, administrator, scope="configure")
    assert set(ApiToken.objects.values_list("owner__username", flat=True)) == {"bob", "grace"}


def test_token_is_not_edited_or_deleted(operator: Client) -> None:
    token, _ = a_token(User.objects.get())
    before = ApiToken.objects.values().get()

    operator.post(page_of(token), {"name": "other", "digest": "x" * 64})
    deleted = operator.post(page_of(token, "delete"), {"post": "yes"})

    assert deleted.status_code == 403
    assert ApiToken.objects.values().get() == before


def test_auditor_does_not_see_tokens(staff: Callable[..., Client]) -> None:
    assert staff("view_integration", "view_delivery").get(LIST).status_code == 403


def test_who_may_only_look_makes_and_revokes_none(staff: Callable[..., Client]) -> None:
    bob = staff("view_apitoken")
    token, _ = a_token(User.objects.get())

    assert (bob.get(LIST).status_code, bob.get(ADD).status_code) == (200, 403)
    assert bob.post(page_of(token, "revoke")).status_code == 403


def test_list_takes_the_same_queries_whatever_there_is(operator: Client) -> None:
    a_token(User.objects.get())
    one = queries(operator, LIST)
    for number in range(29):
        a_token(User.objects.create_user(f"user-{number}", is_staff=True))

    assert queries(operator, LIST) == one

"""An administrator who is no superuser cannot make himself, or anybody else, more than he is."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from .second_factor import logged_in, proven, with_app

pytestmark = pytest.mark.django_db
USER = {"username": "bob", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00", "is_active": "on"}


@pytest.fixture
def ada() -> User:
    return hired("ada", "Administrator")


@pytest.fixture
def bob() -> User:
    return hired("bob", "Auditor")


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


def hired(name: str, role: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def page(of: User | Group, name: str = "change") -> str:
    return reverse(f"admin:auth_{of._meta.model_name}_{name}", args=[of.pk])


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def save(client: Client, user: User, **fields: Any) -> Any:
    return client.post(page(user), {**USER, "username": user.username, **fields})


def test_colleague_is_given_a_role(ada: User, bob: User) -> None:
    role = Group.objects.get(name="Operator")

    answer = save(logged_in(ada), bob, groups=[role.pk], is_staff="on")

    assert answer.status_code == 302
    assert list(bob.groups.all()) == [role]


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_nobody_is_made_a_superuser(ada: User, bob: User, who: str) -> None:
    user = {"ada": ada, "bob": bob}[who]

    save(logged_in(ada), user, is_superuser="on", is_staff="on")

    assert not User.objects.filter(is_superuser=True).exists()


def test_permission_that_one_has_not_is_not_given(ada: User, bob: User) -> None:
    answer = save(logged_in(ada), bob, user_permissions=[permission("delete_lead").pk])

    assert "user_permissions" in answer.context["adminform"].form.errors
    assert not bob.user_permissions.exists()


def test_role_that_may_more_is_not_given(ada: User, bob: User) -> None:
    owners = Group.objects.create(name="Owners")
    owners.permissions.add(permission("delete_lead"))

    answer = save(logged_in(ada), bob, groups=[owners.pk])

    assert "groups" in answer.context["adminform"].form.errors


def test_own_role_does_not_grow(ada: User) -> None:
    role = Group.objects.get(name="Administrator")

    answer = logged_in(ada).post(page(role), {"name": role.name, "permissions": [permission("delete_lead").pk]})

    assert "permissions" in answer.context["adminform"].form.errors
    assert not role.permissions.filter(codename="delete_lead").exists()


@pytest.mark.parametrize("name", ["change", "delete", "remove_two_factor"])
def test_superuser_is_out_of_reach(ada: User, root: User, name: str) -> None:
    with_app(root)

    assert logged_in(ada).post(page(root, name), {**USER, "post": "yes"}).status_code == 403


def test_password_of_a_superuser_is_out_of_reach(ada: User, root: User) -> None:
    address = reverse("admin:auth_user_password_change", args=[root.pk])

    assert [logged_in(ada).get(address).status_code, logged_in(ada).post(address).status_code] == [403, 403]


def test_ticked_superuser_is_not_deleted(ada: User, root: User) -> None:
    ticked = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}

    logged_in(ada).post(reverse("admin:auth_user_changelist"), ticked)

    assert User.objects.filter(pk=root.pk).exists()


@pytest.mark.parametrize("active", [True, False])
def test_who_may_more_is_out_of_reach_even_while_inactive(ada: User, bob: User, active: bool) -> None:
    bob.user_permissions.add(permission("delete_lead"))
    User.objects.filter(pk=bob.pk).update(is_active=active)

    assert save(logged_in(ada), bob).status_code == 403


def test_role_that_may_more_is_neither_changed_nor_deleted(ada: User) -> None:
    owners = Group.objects.create(name="Owners")
    owners.permissions.add(permission("delete_lead"))
    client = logged_in(ada)

    assert [client.post(page(owners, name), {"post": "yes"}).status_code for name in ("change", "delete")] == [403, 403]


def test_superuser_gives_everything(root: User, bob: User) -> None:
    save(logged_in(root), bob, is_superuser="on", user_permissions=[permission("delete_lead").pk])

    bob.refresh_from_db()
    assert bob.is_superuser
    assert bob.user_permissions.get().codename == "delete_lead"


def test_lost_device_of_a_colleague_is_removed_and_written_down(ada: User, bob: User) -> None:
    with_app(bob)
    client = logged_in(ada)
    assert "Remove two-factor authentication" in client.get(page(bob)).content.decode()

    client.post(page(bob, "remove_two_factor"))

    assert not TOTPDevice.objects.exists()
    assert [(entry.user, entry.object_id) for entry in LogEntry.objects.all()] == [(ada, str(bob.pk))]
    assert logged_in(bob).get(reverse("admin:index")).status_code == 200


def test_own_device_is_not_removed_without_a_code(ada: User) -> None:
    client = proven(ada, with_app(ada))

    assert client.post(page(ada, "remove_two_factor")).status_code == 403
    assert "Remove two-factor authentication" not in client.get(page(ada)).content.decode()


def test_auditor_reaches_nobody(bob: User, ada: User) -> None:
    with_app(ada)
    client = logged_in(bob)

    assert [client.post(page(ada, name)).status_code for name in ("change", "remove_two_factor")] == [403, 403]


@pytest.mark.parametrize("model", ["totpdevice", "staticdevice", "accessattempt"])
def test_keys_and_names_typed_at_the_login_have_no_page(root: User, model: str) -> None:
    pages = logged_in(root).get(reverse("admin:index")).content.decode()

    assert f"/{model}/" not in pages

"""The roles that a new installation brings along."""

import pytest
from django.contrib.auth.models import Group, User

from integrations.setup import create_rows

pytestmark = pytest.mark.django_db


def member(role: str) -> User:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.mark.parametrize(
    ("permission", "auditor", "operator", "administrator"),
    [
        ("integrations.view_integration", True, True, True),
        ("integrations.view_delivery", True, True, True),
        ("leads.view_lead", True, True, True),
        ("django_celery_beat.view_periodictask", True, True, True),
        ("integrations.operate_integration", False, True, True),
        ("leads.add_lead", False, True, True),
        ("leads.change_lead", False, True, True),
        ("leads.export_lead", False, True, True),
        ("leads.forget_lead", False, True, True),
        ("integrations.view_erasure", True, True, True),
        ("leads.change_whitepaper", False, True, True),
        ("integrations.configure_integration", False, False, True),
        ("integrations.add_apitoken", False, False, True),
        ("integrations.view_apitoken", False, False, True),
        ("django_celery_beat.change_periodictask", False, False, True),
        ("auth.change_user", False, False, True),
        ("auth.view_user", False, False, True),
        ("webinars.view_registration", True, True, True),
        ("webinars.add_session", False, True, True),
        ("webinars.change_topic", False, True, True),
        ("webinars.change_registration", False, True, True),
        ("webinars.change_reminderrule", False, True, True),
        ("webinars.delete_session", False, False, True),
        ("webinars.delete_registration", False, False, False),
        ("leads.delete_lead", False, False, False),
        ("integrations.change_delivery", False, False, False),
    ],
)
def test_role_may_just_what_it_is_for(permission: str, auditor: bool, operator: bool, administrator: bool) -> None:
    allowed = [member(role).has_perm(permission) for role in ("Auditor", "Operator", "Administrator")]

    assert allowed == [auditor, operator, administrator]


def test_role_that_was_changed_stays_changed() -> None:
    Group.objects.get(name="Operator").permissions.clear()

    create_rows()

    assert not Group.objects.get(name="Operator").permissions.exists()
    assert Group.objects.filter(name="Operator").count() == 1

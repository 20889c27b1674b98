"""The roles that a new installation brings along."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType

from integrations import roles
from integrations.models import Installation
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


class TestUpgrade:
    """A new model comes, and a new right on a known one; meanwhile an administrator has changed the roles."""

    NEW = ("view_voucher", "print_lead")

    @pytest.fixture(autouse=True)
    def edited(self) -> None:
        rights = Group.objects.get(name="Auditor").permissions
        rights.remove(Permission.objects.get(codename="view_incident"))
        rights.add(Permission.objects.get(codename="add_logentry"))

    def come(self, monkeypatch: pytest.MonkeyPatch) -> None:
        voucher = ContentType.objects.create(app_label="leads", model="voucher")
        Permission.objects.create(content_type=voucher, codename="view_voucher", name="Can view voucher")
        lead = ContentType.objects.get(app_label="leads", model="lead")
        Permission.objects.create(content_type=lead, codename="print_lead", name="Can print leads")
        more = [*roles.GROUPS["Operator"], ("leads", "print_lead")]
        monkeypatch.setitem(roles.GROUPS, "Operator", more)

    def held(self, role: str) -> set[str]:
        return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))

    @pytest.mark.parametrize("written_down", [True, False])
    def test_gives_roles_what_is_new_and_leaves_what_was_changed(
        self, monkeypatch: pytest.MonkeyPatch, written_down: bool
    ) -> None:
        """Also where an older version made the roles, which did not write down what it gave."""
        if not written_down:
            Installation.objects.update(given={})
        before = {role: self.held(role) for role in roles.GROUPS}
        self.come(monkeypatch)

        create_rows()

        assert self.held("Auditor") == before["Auditor"] | {"view_voucher"}
        assert self.held("Operator") == before["Operator"] | {*self.NEW}
        assert self.held("Administrator") == before["Administrator"] | {*self.NEW}
        assert "view_incident" not in self.held("Auditor")

    def test_gives_it_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.come(monkeypatch)
        create_rows()
        operators = Group.objects.get(name="Operator").permissions
        operators.remove(Permission.objects.get(codename="print_lead"))

        create_rows()

        assert "print_lead" not in self.held("Operator")

    def test_gives_also_an_old_right_that_a_role_had_not_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(roles.GROUPS, "Operator", [*roles.GROUPS["Operator"], ("leads", "delete_whitepaper")])

        create_rows()

        assert "delete_whitepaper" in self.held("Operator")

    def test_makes_a_role_anew_that_was_deleted(self) -> None:
        before = self.held("Operator")
        Group.objects.get(name="Operator").delete()

        create_rows()

        assert self.held("Operator") == before

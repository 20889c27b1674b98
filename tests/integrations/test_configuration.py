"""Settings: validated, secrets apart, changes told by name and never by value."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from integrations import breaker, complaints, configuration, errors, health, registry, trigger
from integrations.models import Connection, Delivery, ExternalRecord, Integration, IntegrationLog
from integrations.outbox import keep_in_sync
from integrations.setup import create_integration, create_rows
from tests.factories import A_MOMENT, LeadFactory
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

from .conftest import TOKEN, change, fresh, service

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_URL", "http://of-the-environment.example")
    monkeypatch.setenv("POSTBOX_TOKEN", "of-the-environment")


def recreate() -> Integration:
    """The rows of an installation that meets the postbox for the first time."""
    Connection.objects.filter(integration__slug="postbox").delete()
    Integration.objects.filter(slug="postbox").delete()
    create_integration(PostboxService)
    return Integration.objects.get(slug="postbox")


class TestSaving:
    def test_secrets_are_kept_apart(self, connection: Connection) -> None:
        stored = Integration.objects.get(slug="postbox")

        assert "token" not in stored.settings
        assert fresh().secrets == {"token": TOKEN}

    @pytest.mark.parametrize("empty", ["", None])
    def test_empty_secret_keeps_the_stored_one(self, connection: Connection, empty: str | None) -> None:
        assert configuration.configure(connection.integration, {"token": empty, "timeout": 7}) == ["timeout"]

        assert service().secret("token") == TOKEN

    def test_wrong_value_changes_nothing(self, connection: Connection) -> None:
        with pytest.raises(ValidationError):
            change(connection, timeout=-1, token="changed")

        assert (service().settings.timeout, service().secret("token")) == (30, TOKEN)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("rate", "0/minute"),
            ("lease", 10**10),
            ("retry_schedule", [10, 10**20]),
            ("breaker_failures", 10**10),
            ("breaker_pause", 10**20),
            ("breaker_longest_pause", 10**20),
        ],
    )
    def test_value_that_would_hold_everything_for_ever_is_refused(
        self, connection: Connection, name: str, value: Any
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            change(connection, **{name: value})

        assert list(complaints.by_field(caught.value)) == [name]

    def test_two_who_change_it_at_once_do_not_undo_each_other(self, connection: Connection) -> None:
        ann, bob = Integration.objects.get(slug="postbox"), Integration.objects.get(slug="postbox")

        configuration.configure(ann, {"timeout": 7})
        configuration.configure(bob, {"batch_size": 5})

        assert (service().settings.timeout, service().settings.batch_size) == (7, 5)

    def test_error_quotes_no_value(self, connection: Connection) -> None:
        with pytest.raises(ValidationError) as caught:
            change(connection, url="nonsense", token="a-new-secret")

        assert "a-new-secret" not in str(caught.value)
        assert TOKEN not in str(caught.value)
        assert all("url" in complaint for complaint in complaints.sentences(caught.value))

    def test_missing_field_quotes_no_secret_of_the_others(self, connection: Connection) -> None:
        with pytest.raises(ValidationError) as caught:
            PostboxService.settings_schema.model_validate({"token": TOKEN})

        assert TOKEN not in str(caught.value)

    def test_change_is_logged_by_name_only(self, connection: Connection, admin_user: Any) -> None:
        with trigger.triggered("admin", admin_user.pk):
            change(connection, timeout=7, token="changed")

        row = IntegrationLog.objects.filter(operation="config_updated").first()
        assert row is not None
        assert (row.metadata, row.trigger, row.actor) == ({"fields": ["timeout", "token"]}, "admin", admin_user)

    def test_saving_the_same_again_is_no_change(self, connection: Connection, postbox: Postbox) -> None:
        same = {"url": postbox.url, "timeout": "30", "token": TOKEN, "rate": "600/minute", "batch_size": None}

        assert configuration.configure(connection.integration, same) == []

    def test_who_changed_it_is_kept(self, connection: Connection, admin_user: Any) -> None:
        configuration.configure(connection.integration, {"timeout": 7}, actor=admin_user)

        assert Integration.objects.get(slug="postbox").updated_by == admin_user

    def test_changed_secret_has_a_date(self, connection: Connection) -> None:
        Connection.objects.update(rotated_at=None)
        change(connection, timeout=7)
        assert fresh().rotated_at is None
        change(connection, token="changed")
        assert fresh().rotated_at is not None

    def test_new_settings_free_what_waited_for_a_human(self, connection: Connection) -> None:
        keep_in_sync(PostboxService.post_letters, [LeadFactory()])
        Delivery.objects.update(error_kind="misconfigured", due_at="2999-01-01T00:00Z")
        breaker.barred(connection, errors.Misconfigured("wrong token"))
        Connection.objects.update(memory={"version": 16})

        change(connection, token="changed")

        row = fresh()
        assert (row.blocked, row.status, row.memory) == ([], "unknown", {})
        assert Delivery.objects.get().due_at.year < 2999

    def test_values_are_masked_when_shown(self, connection: Connection) -> None:
        assert TOKEN not in repr(service().settings)
        assert isinstance(service().settings.token, SecretStr)


class TestAnotherSystem:
    @pytest.fixture(autouse=True)
    def known_record(self, connection: Connection, postbox: Postbox) -> None:
        ExternalRecord.objects.create(
            remote_system=postbox.url,
            remote_model="letter",
            subject_type="leads.lead",
            subject_id=1,
            remote_id="1",
            synced_at=A_MOMENT,
        )

    def test_is_refused_until_somebody_says_so(self, connection: Connection) -> None:
        with pytest.raises(configuration.AnotherSystemError, match="another system"):
            change(connection, url="http://other.example")

        assert str(service().settings.url) != "http://other.example/"

    def test_is_accepted_when_meant(self, connection: Connection) -> None:
        configuration.configure(connection.integration, {"url": "http://other.example"}, new_book=True)

        assert service().remote_system == "http://other.example/"
        assert ExternalRecord.objects.count() == 1

    def test_other_changes_need_no_word(self, connection: Connection) -> None:
        change(connection, timeout=7)

        assert service().settings.timeout == 7


@pytest.mark.usefixtures("registered", "environment")
class TestEnvironment:
    def test_complete_one_enables_a_new_integration(self) -> None:
        assert recreate().enabled
        assert service().secret("token") == "of-the-environment"

    def test_incomplete_one_does_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("POSTBOX_TOKEN")

        assert not recreate().enabled

    def test_deploy_does_not_enable_what_an_operator_disabled(self) -> None:
        configuration.set_enabled(recreate(), False)

        create_rows()

        assert not Integration.objects.get(slug="postbox").enabled

    def test_saved_row_wins(self) -> None:
        configuration.configure(recreate(), {"url": "http://saved.example", "token": "saved"})

        assert str(service().settings.url) == "http://saved.example/"
        assert service().secret("token") == "saved"

    def test_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POSTBOX_TOKEN", "")

        assert "token" not in PostboxService.settings_schema.from_environment()


class TestSwitches:
    def test_what_was_healthy_before_a_pause_is_healthy_after_it(self, connection: Connection) -> None:
        Connection.objects.update(status=Connection.Status.HEALTHY)
        configuration.pause(connection.integration)

        configuration.resume(connection.integration)

        assert Connection.objects.get(pk=connection.pk).status == Connection.Status.HEALTHY

    def test_pause_and_resume(self, connection: Connection) -> None:
        configuration.pause(connection.integration)
        assert health.state(fresh()) == health.HealthState.PAUSED
        configuration.resume(connection.integration)
        assert health.state(fresh()) == health.HealthState.NO_ACTIVITY

    def test_each_leaves_a_log_row(self, connection: Connection) -> None:
        IntegrationLog.objects.all().delete()
        configuration.set_enabled(connection.integration, False)
        configuration.pause(connection.integration)
        configuration.resume(connection.integration)

        rows = IntegrationLog.objects.order_by("pk").values_list("operation", flat=True)
        assert list(rows) == ["disabled", "paused", "resumed"]


class TestConnectionTest:
    def test_green_one_says_who_we_are(self, connection: Connection) -> None:
        report = health.test(fresh())

        assert (report.ok, report.facts) == (True, {"owner": "Ada"})
        assert (fresh().status, fresh().report["ok"]) == ("healthy", True)

    def test_problem_turns_the_light_red(self, connection: Connection, postbox: Postbox) -> None:
        postbox.owner = ""

        assert not health.test(fresh()).ok
        assert health.state(fresh()) == health.HealthState.MISCONFIGURED

    def test_incomplete_settings_are_named(self, registered: Integration) -> None:
        report = health.test(configuration.own_connection(registered))

        assert report.problems == ["Url: This is needed.", "Token: This is needed."]

    def test_bug_in_a_test_is_a_report_too(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PostboxService, "test_connection", lambda self: {}["version"])

        assert health.test(fresh()).problems == ["KeyError"]

    def test_outage_is_a_report_too(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, url="http://127.0.0.1:1/")

        assert not health.test(fresh()).ok
        assert health.state(fresh()) == health.HealthState.DEGRADED


def test_service_that_is_not_registered_any_more_breaks_nothing(connection: Connection, settings: Any) -> None:
    keep_in_sync(PostboxService.post_letters, [LeadFactory()])
    settings.INTEGRATIONS = []

    assert "postbox" not in registry.services()
    assert not configuration.is_complete(fresh())
    assert not health.test(fresh()).ok

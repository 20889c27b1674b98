"""Further accounts of an integration: each has a connection of its own, and stops only itself."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pydantic import ValidationError

from integrations import breaker, configuration, errors, health, outbox, trigger
from integrations.models import Connection, Delivery, Integration, IntegrationLog
from integrations.service import Promised
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import BoxSettings, PostboxService

from .conftest import TOKEN, change, fresh
from .promising import LETTERS, drain, make_due, promise, row, states

pytestmark = pytest.mark.django_db
PIN = "a-pin-of-the-box"


@pytest.fixture
def box(connection: Connection) -> Connection:
    configuration.configure_account(connection.integration, "ada", {"box": "17", "pin": PIN})
    return account("ada")


def account(owner: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="postbox", owner=owner)


def settings_of(owner: str) -> BoxSettings:
    service = PostboxService(account(owner))
    assert isinstance(service.settings, BoxSettings)
    return service.settings


class TestConfiguring:
    def test_account_has_what_the_integration_has_and_what_is_its_own(self, box: Connection, postbox: Postbox) -> None:
        settings = settings_of("ada")

        assert (str(settings.url), settings.token.get_secret_value()) == (postbox.url, TOKEN)
        assert (settings.box, settings.pin and settings.pin.get_secret_value()) == ("17", PIN)

    def test_all_that_is_its_own_is_kept_encrypted_on_its_connection(self, box: Connection) -> None:
        assert box.secrets == {"box": "17", "pin": PIN}
        assert fresh().secrets == {"token": TOKEN}
        assert not {"box", "pin"} & set(Integration.objects.get(slug="postbox").settings)

    def test_empty_secret_keeps_the_stored_one(self, box: Connection) -> None:
        changed = configuration.configure_account(box.integration, "ada", {"box": "18", "pin": ""})

        assert changed == ["box"]
        assert account("ada").secrets == {"box": "18", "pin": PIN}

    def test_settings_of_the_integration_are_not_changed_by_an_account(self, box: Connection, postbox: Postbox) -> None:
        values = {"url": "http://elsewhere.example", "token": "another", "timeout": 7}

        assert configuration.configure_account(box.integration, "ada", values) == []

        assert str(PostboxService(fresh()).settings.url) == postbox.url
        assert settings_of("ada").timeout == 30

    def test_wrong_value_makes_no_account(self, connection: Connection) -> None:
        with pytest.raises(ValidationError):
            configuration.configure_account(connection.integration, "ada", {"box": ""})

        assert not Connection.objects.accounts().exists()

    def test_integration_without_accounts_refuses_one(self, db: None) -> None:
        with pytest.raises(LookupError):
            configuration.configure_account(Integration.objects.get(slug="odoo"), "ada", {})

    def test_change_is_logged_by_name_with_its_user(self, connection: Connection, admin_user: Any) -> None:
        with trigger.triggered("admin", admin_user.pk):
            configuration.configure_account(connection.integration, "ada", {"box": "17", "pin": PIN})

        found = IntegrationLog.objects.get(connection__owner="ada")
        assert (found.operation, found.metadata, found.actor) == (
            "config_updated",
            {"fields": ["box", "pin"]},
            admin_user,
        )

    def test_change_makes_its_own_test_old_and_no_other(self, box: Connection, connection: Connection) -> None:
        Connection.objects.update(tested_at=timezone.now())

        configuration.configure_account(box.integration, "ada", {"box": "18"})

        assert health.is_outdated(account("ada"))
        assert not health.is_outdated(fresh())

    def test_change_frees_what_waited_for_a_human(self, box: Connection) -> None:
        breaker.barred(box, errors.Misconfigured("wrong pin"))
        Connection.objects.filter(pk=box.pk).update(memory={"of": {"version": 1}})

        configuration.configure_account(box.integration, "ada", {"pin": "another"})

        assert (account("ada").blocked, account("ada").status, account("ada").memory) == ([], "unknown", {})

    def test_change_of_the_integration_frees_its_accounts(self, box: Connection) -> None:
        breaker.barred(box, errors.Misconfigured("wrong token"))

        change(box, token="another")

        assert account("ada").blocked == []

    def test_stale_row_does_not_undo_a_change_of_the_integration(self, box: Connection) -> None:
        stale = Integration.objects.get(slug="postbox")
        change(box, timeout=7)

        configuration.configure_account(stale, "ada", {"box": "18"})

        assert settings_of("ada").timeout == 7


class TestUsing:
    def test_test_and_light_are_its_own(self, box: Connection, postbox: Postbox) -> None:
        assert health.test(box).ok

        assert postbox.headers[-1]["X-Box"] == "17"
        assert [health.state(account("ada")), health.state(fresh())] == ["healthy", "no_activity"]

    def test_what_is_promised_to_an_owner_goes_by_that_account(self, box: Connection, postbox: Postbox) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="ada")

        drain()

        assert (states(), postbox.headers[-1]["X-Box"]) == (["delivered"], "17")

    def test_one_that_is_down_stops_only_itself(self, box: Connection, postbox: Postbox) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner=["", "ada"])
        breaker.barred(box, errors.Misconfigured("wrong pin"))

        drain()

        found = dict(Delivery.objects.values_list("connection__owner", "state"))
        assert found == {"": "delivered", "ada": "pending"}


class TestSeveralOwners:
    def test_each_gets_each_subject(self, box: Connection) -> None:
        leads = [LeadFactory(), LeadFactory()]

        assert outbox.keep_in_sync(LETTERS, leads, owner=["ada", "", "ada"]) == 4

        found = set(Delivery.objects.values_list("connection__owner", "subject_id"))
        assert found == {(owner, lead.pk) for owner in ("", "ada") for lead in leads}

    def test_nobody_is_promised_nothing(self, connection: Connection) -> None:
        assert outbox.keep_in_sync(LETTERS, [LeadFactory()], owner=[]) == 0
        assert states() == []

    def test_each_goes_to_whose_it_is_and_what_is_nobodys_nowhere(self, box: Connection) -> None:
        ada, everybody, nobody = leads = [LeadFactory(name=name) for name in ("ada", "", "nobody")]
        owners = {ada: "ada", everybody: "", nobody: None}

        assert outbox.keep_in_sync(LETTERS, leads, owner=owners.__getitem__) == 2

        found = set(Delivery.objects.values_list("connection__owner", "subject_id"))
        assert found == {("ada", ada.pk), ("", everybody.pk)}

    def test_one_statement_however_many(
        self, box: Connection, django_assert_num_queries: "type[CaptureQueriesContext]"
    ) -> None:
        leads = [LeadFactory(), LeadFactory(), LeadFactory()]

        with django_assert_num_queries(1):
            outbox.keep_in_sync(LETTERS, leads, owner=["", "ada"])

    def test_unknown_one_is_an_error(self, box: Connection) -> None:
        with pytest.raises(LookupError, match="bob"):
            outbox.keep_in_sync(LETTERS, [LeadFactory()], owner=["ada", "bob"])


class TestRemoving:
    def test_secrets_go_and_history_stays(self, box: Connection) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="ada")
        drain()

        configuration.remove_account(box)

        assert account("ada").secrets == {}
        assert states() == ["delivered"]
        assert not Connection.objects.accounts().exists()
        assert IntegrationLog.objects.filter(operation="account_removed", connection=box).exists()

    def test_what_was_promised_is_cancelled_with_the_reason(self, box: Connection) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner=["", "ada"])

        configuration.remove_account(box)

        found = set(Delivery.objects.values_list("connection__owner", "state", "error"))
        assert found == {("", "pending", ""), ("ada", "cancelled", "The account was removed.")}

    def test_who_promises_at_the_same_moment_does_not_fail(self, box: Connection, postbox: Postbox) -> None:
        configuration.remove_account(box)
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="ada")

        drain()

        assert (postbox.requests, states()) == ([], ["cancelled"])

    def test_what_is_replayed_is_cancelled_again(self, box: Connection, postbox: Postbox) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="ada")
        configuration.remove_account(box)
        Delivery.objects.all().replay()

        drain()

        assert (postbox.requests, states()) == ([], ["cancelled"])

    def test_is_no_trouble(self, box: Connection) -> None:
        breaker.barred(box, errors.Misconfigured("wrong pin"))

        configuration.remove_account(box)

        assert health.state(account("ada")) == health.HealthState.DISABLED

    def test_own_connection_cannot_be_removed(self, connection: Connection) -> None:
        with pytest.raises(LookupError):
            configuration.remove_account(connection)

        assert fresh().secrets == {"token": TOKEN}

    def test_configured_again_it_is_back(self, box: Connection) -> None:
        configuration.remove_account(box)

        configuration.configure_account(box.integration, "ada", {"box": "19"})

        assert account("ada").secrets == {"box": "19"}
        assert [found.owner for found in Connection.objects.accounts()] == ["ada"]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Promised]:
    """What the handler behind `post_letters` was told of each promise, try by try."""
    told: list[Promised] = []

    def handler(self: PostboxService, leads: Sequence[Lead]) -> Iterator[Any]:
        told.extend(self.promise(lead) for lead in leads)
        self.client.post("post_letters", [])
        yield leads, None

    monkeypatch.setattr(LETTERS, "handler", handler)
    return told


class TestPromise:
    def test_every_try_keeps_the_same_promise(
        self, connection: Connection, postbox: Postbox, kept: list[Promised]
    ) -> None:
        [lead] = promise("Ada")
        postbox.script.append(Answer(409, "busy"))

        drain()
        make_due()
        drain()

        assert [(found.id, found.version) for found in kept] == [(row(lead).pk, 1)] * 2

    def test_asking_again_is_another_promise(self, connection: Connection, kept: list[Promised]) -> None:
        [lead] = promise("Ada")
        drain()

        outbox.keep_in_sync(LETTERS, [lead])
        drain()

        assert [(found.id, found.version) for found in kept] == [(row(lead).pk, 1), (row(lead).pk, 2)]

    def test_occasion_is_that_of_once(self, connection: Connection, kept: list[Promised]) -> None:
        outbox.once(LETTERS, LeadFactory(), "2d:2026-03-01T12:00")
        promise("Ada")

        drain()

        assert sorted(found.occasion for found in kept) == ["", "2d:2026-03-01T12:00"]

    def test_nobody_promised_anything_about_a_stranger(self, connection: Connection) -> None:
        with pytest.raises(KeyError):
            PostboxService(connection).promise(LeadFactory())


class TestLightOfTheIntegration:
    def test_account_speaks_where_the_own_connection_was_never_tried(self, box: Connection) -> None:
        health.test(box)

        assert health.speaker(all_of(box)) == box
        assert health.state(health.speaker(all_of(box))) == "healthy"

    def test_worst_of_several_accounts_speaks(self, box: Connection) -> None:
        configuration.configure_account(box.integration, "bob", {"box": "18"})
        breaker.barred(account("bob"), errors.Misconfigured("wrong pin"))
        health.test(box)

        assert health.speaker(all_of(box)).owner == "bob"

    def test_healthy_own_connection_hides_no_account_in_trouble(self, box: Connection, connection: Connection) -> None:
        breaker.barred(box, errors.Misconfigured("wrong pin"))
        health.test(connection)

        assert health.speaker(all_of(box)) == box

    def test_own_connection_in_trouble_speaks_though_the_accounts_are_well(
        self, box: Connection, connection: Connection
    ) -> None:
        health.test(box)
        breaker.barred(connection, errors.Misconfigured("wrong token"))

        assert health.speaker(all_of(box)) == connection


def all_of(connection: Connection) -> list[Connection]:
    return list(Connection.objects.in_use().filter(integration=connection.integration).select_related("integration"))

"""Everything that a human must decide is one line with one button, for as long as it must be decided."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.utils import timezone

from integrations import breaker, configuration, errors, health, incidents, roles
from integrations.models import (
    AlertSubscription,
    Connection,
    Delivery,
    ExternalRecord,
    Heartbeat,
    Incident,
    Installation,
    Integration,
    WebhookEvent,
)
from integrations.needs import Need, needs_you
from integrations.situation import Situation
from tests.factories import A_MOMENT, LeadFactory, PaymentFactory
from tests.integrations.admin.conftest import a_delivery, a_record
from tests.integrations.conftest import change, fresh
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService
from webinars.actions import see

LETTERS = PostboxService.post_letters


@pytest.fixture
def ada(db: None) -> User:
    user = User.objects.create_superuser("ada", "ada@firm.example")
    AlertSubscription.objects.create(user=user)
    return user


@pytest.fixture(autouse=True)
def everybody_works(db: None) -> None:
    Heartbeat.beat(*Heartbeat.QUEUES)
    Heartbeat.beat("beat")


def needs(user: User) -> list[Need]:
    return needs_you(user, Situation())


def kinds(user: User) -> list[str]:
    return [need.kind for need in needs(user)]


def the_need(user: User) -> Need:
    (need,) = needs(user)
    return need


def touch(connection: Connection, **columns: Any) -> None:
    Connection.objects.filter(pk=connection.pk).update(**columns)


def test_nothing_needs_anybody_while_all_is_well(ada: User, connection: Connection) -> None:
    a_delivery(connection, LeadFactory(), LETTERS)

    assert needs(ada) == []


class TestOutage:
    def test_is_told_from_the_first_pause_until_it_is_over(self, ada: User, connection: Connection) -> None:
        incidents.report(connection, "outage", None, "Connection refused")

        need = the_need(ada)
        assert need.text.startswith("Postbox: does not work (since ")
        assert need.text.endswith("Connection refused. What waits goes out by itself once it does.")
        assert need.url.endswith(f"/integration/{connection.integration_id}/change/")

        incidents.close_outage(connection)
        assert needs(ada) == []

    def test_of_which_somebody_has_taken_note_is_told_no_more(self, ada: User, connection: Connection) -> None:
        incidents.report(connection, "outage", None, "Connection refused.")

        incidents.acknowledge(Incident.objects.all(), ada)

        assert needs(ada) == []

    def test_that_only_a_human_ends_is_told_once(self, ada: User, connection: Connection) -> None:
        breaker.barred(connection, errors.Misconfigured("The key is wrong."))

        assert kinds(ada) == ["misconfigured"]

    def test_of_what_is_not_in_use_is_not_told(self, ada: User, connection: Connection) -> None:
        incidents.report(connection, "outage", None, "Connection refused.")

        configuration.set_enabled(connection.integration, False)

        assert needs(ada) == []


class TestCopy:
    def test_is_told_until_somebody_says_that_it_is_none(self, ada: User) -> None:
        Installation.objects.update(site_url="https://production.example")
        before = the_need(ada)

        Installation.settle_here()

        assert (before.kind, before.posts) == ("copy", True)
        assert "https://production.example" in before.text
        assert needs(ada) == []


class TestWhoWorks:
    @pytest.mark.parametrize(
        ("silent", "kind", "start"),
        [
            (["fast", "bulk"], "worker", "worker -Q fast,bulk"),
            (["fast"], "worker", "worker -Q fast"),
            (["bulk"], "worker", "worker -Q bulk"),  # though the other queue has its worker
            (["beat"], "beat", "beat"),
        ],
    )
    def test_silence_is_told_with_what_to_start(self, ada: User, silent: list[str], kind: str, start: str) -> None:
        Heartbeat.objects.filter(name__in=silent).update(seen_at=timezone.now() - timedelta(minutes=2))
        before = the_need(ada)

        Heartbeat.beat(*silent)

        assert (before.kind, before.command) == (kind, f"celery -A magnetiq {start}")
        assert needs(ada) == []

    def test_who_was_never_seen_is_told(self, ada: User) -> None:
        Heartbeat.objects.all().delete()

        assert kinds(ada) == ["worker", "beat"]


class TestConnections:
    def test_secrets_that_no_key_opens_are_told_until_entered_again(
        self, ada: User, connection: Connection, settings: LazySettings
    ) -> None:
        settings.FERNET_KEYS = ["another-key-of-at-least-32-characters"]
        before = kinds(ada)

        change(fresh(), token="entered again")

        assert (before, needs(ada)) == (["secrets"], [])

    def test_missing_settings_are_told_of_what_is_in_use(self, ada: User, registered: Integration) -> None:
        before = needs(ada)

        configuration.set_enabled(registered, True)

        assert before == []
        assert the_need(ada).kind == "missing"

    def test_settings_that_lead_elsewhere_are_told(self, ada: User, connection: Connection) -> None:
        touch(connection, book="http://a-former-postbox.example/")

        assert the_need(ada).kind == "moved"

    def test_misconfigured_connection_is_told_with_its_reason_until_the_test_turns_green(
        self, ada: User, connection: Connection, postbox: Postbox
    ) -> None:
        breaker.barred(connection, errors.Misconfigured("The token is wrong"))
        before = the_need(ada)

        health.test(fresh())

        assert before.text == "Postbox: The token is wrong. Mend it, then test the connection."
        assert needs(ada) == []

    def test_each_account_has_its_line(self, ada: User, connection: Connection) -> None:
        configuration.configure_account(connection.integration, "ann", {"box": "7"})

        breaker.barred(Connection.objects.get(owner="ann"), errors.Misconfigured("Revoked."))

        assert the_need(ada).text.startswith("Postbox, ann: Revoked.")

    def test_what_is_not_in_use_needs_nobody(self, ada: User, connection: Connection) -> None:
        touch(connection, status="misconfigured", expires_at=A_MOMENT)

        configuration.set_enabled(connection.integration, False)

        assert needs(ada) == []

    @pytest.mark.parametrize(
        ("left", "said"),
        [
            (timedelta(days=-1), "have expired"),
            (timedelta(hours=23), "expire in one day"),
            (timedelta(days=13, hours=23), "expire in 14 days"),
        ],
    )
    def test_credentials_that_end_soon_are_told(
        self, ada: User, connection: Connection, left: timedelta, said: str
    ) -> None:
        touch(connection, expires_at=timezone.now() + left)

        assert said in the_need(ada).text

    def test_credentials_that_last_need_nobody(self, ada: User, connection: Connection) -> None:
        touch(connection, expires_at=timezone.now() + timedelta(days=14, hours=1))

        assert needs(ada) == []

    def test_pause_of_more_than_a_day_is_told_until_resumed(self, ada: User, connection: Connection) -> None:
        configuration.pause(connection.integration)
        at_once = needs(ada)
        Integration.objects.update(paused_at=timezone.now() - timedelta(hours=25))
        later = the_need(ada)

        configuration.resume(connection.integration)

        assert (at_once, later.kind, later.posts) == ([], "paused", True)
        assert needs(ada) == []


class TestDeadLetters:
    def test_are_counted_by_kind_and_link_to_the_list(self, ada: User, connection: Connection) -> None:
        for kind in ("rejected", "rejected", "bug"):
            a_delivery(connection, LeadFactory(), LETTERS, state="dead", error_kind=kind)

        bug, rejected = needs(ada)

        assert "one delivery is dead (error of ours)" in bug.text
        assert "2 deliveries are dead (refused)" in rejected.text
        assert rejected.url == (
            f"/admin/integrations/delivery/?integration__id__exact={connection.integration_id}"
            "&state__exact=dead&error_kind=rejected"
        )

    def test_are_gone_when_replayed(self, ada: User, connection: Connection) -> None:
        a_delivery(connection, LeadFactory(), LETTERS, state="dead", error_kind="rejected")

        Delivery.objects.replay()

        assert needs(ada) == []


def test_failed_webhooks_are_told_until_processed_again(ada: User, connection: Connection) -> None:
    WebhookEvent.objects.create(integration=connection.integration, event_id="1", type="renamed", state="failed")
    before = the_need(ada)

    WebhookEvent.objects.update(state="processed")

    assert "one webhook could not be processed" in before.text
    assert needs(ada) == []


class TestConflicts:
    KEPT = {"phone": {"ours": "1", "theirs": "2"}}

    def test_are_counted_by_kind_of_record(self, ada: User, connection: Connection) -> None:
        for _n in range(2):
            a_record(LeadFactory(), connection.book, kept=self.KEPT)

        assert "2 records (crm.lead) were changed there" in the_need(ada).text

    def test_answered_ones_need_nobody(self, ada: User, connection: Connection) -> None:
        answered = {"phone": {**self.KEPT["phone"], "answer": "theirs"}}
        record = a_record(LeadFactory(), connection.book, kept=answered)
        before = needs(ada)

        ExternalRecord.objects.filter(pk=record.pk).update(kept={**answered, "name": {"ours": "a", "theirs": "b"}})

        assert (before, kinds(ada)) == ([], ["conflicts"])

    def test_of_a_system_that_we_left_or_of_what_is_deleted_there_need_nobody(
        self, ada: User, connection: Connection
    ) -> None:
        a_record(LeadFactory(), "http://a-former-postbox.example/", kept=self.KEPT)
        a_record(LeadFactory(), connection.book, kept=self.KEPT, gone_at=A_MOMENT)

        assert needs(ada) == []


class TestWhoSees:
    @pytest.fixture
    def trouble(self, connection: Connection) -> None:
        Installation.objects.update(site_url="https://production.example")
        Integration.objects.filter(pk=connection.integration_id).update(paused_at=A_MOMENT)
        a_delivery(connection, LeadFactory(), LETTERS, state="dead", error_kind="bug")

    def hired(self, role: str) -> User:
        user = User.objects.create_user("bob", is_staff=True)
        roles.create()
        user.groups.add(Group.objects.get(name=role))
        return user

    @pytest.mark.parametrize(
        ("role", "pressed"),
        [("Auditor", ["dead"]), ("Operator", ["dead", "paused"]), ("Administrator", ["copy", "dead", "paused"])],
    )
    def test_everybody_who_looks_sees_all_and_has_the_buttons_that_he_may_press(
        self, trouble: None, role: str, pressed: list[str]
    ) -> None:
        found = needs(self.hired(role))

        assert [need.kind for need in found] == ["copy", "dead", "paused"]
        assert [need.kind for need in found if need.url] == pressed

    def test_who_may_see_nothing_of_it_sees_nothing(self, trouble: None) -> None:
        assert needs(User.objects.create_user("eve", is_staff=True)) == []


def test_money_that_nobody_looked_at_needs_you_by_kind_until_it_is_seen(ada: User) -> None:
    disputed = PaymentFactory(notice="dispute")
    for notice in ("seat_lost", "seat_lost", "mismatch", "refund_failed", "another", ""):
        PaymentFactory(notice=notice)

    told = [need.text for need in needs(ada) if need.kind == "money"]
    see(disputed)

    assert len(told) == 5
    assert sum("2 people paid when their seats were gone" in text for text in told) == 1
    assert len([need for need in needs(ada) if need.kind == "money"]) == 4

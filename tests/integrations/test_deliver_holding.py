"""When rows must wait though they are due: nothing is lost meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.utils import timezone

from integrations import breaker, errors, outbox, tasks
from integrations.models import Connection, Delivery, Installation, Integration
from integrations.outbox import deliver
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox

from .conftest import change
from .promising import CARDS, LETTERS, State, drain, promise, row, states

pytestmark = pytest.mark.django_db


class TestHolding:
    @pytest.fixture(params=["drain", "wake"])
    def run(self, request: pytest.FixtureRequest) -> Callable[[], Any]:
        return drain if request.param == "drain" else lambda: tasks.wake("postbox.post_letters")

    @pytest.mark.parametrize(
        "hold",
        [
            lambda: Integration.objects.update(enabled=False),
            lambda: Integration.objects.update(paused_at=timezone.now()),
            lambda: Integration.objects.update(settings={}),
            lambda: Connection.objects.update(blocked=["*"]),
            lambda: Connection.objects.update(blocked=["post_letters"]),
            lambda: Connection.objects.update(secrets={}),
            lambda: Connection.objects.update(paused_until=timezone.now() + timedelta(minutes=1)),
            lambda: Installation.objects.update(site_url="https://production.example"),
        ],
        ids=["disabled", "paused", "incomplete", "blocked", "operation", "no secret", "breaker", "copy"],
    )
    def test_held_rows_wait_unharmed(
        self, connection: Connection, postbox: Postbox, run: Callable[[], Any], hold: Callable[[], Any]
    ) -> None:
        (lead,) = promise("a")
        hold()

        run()

        assert postbox.requests == []
        assert (row(lead).state, row(lead).attempts, row(lead).failures) == (State.PENDING, 0, 0)

    def test_unreadable_secrets_hold_rows(
        self, connection: Connection, postbox: Postbox, settings: LazySettings, run: Callable[[], Any]
    ) -> None:
        promise("a")
        settings.FERNET_KEYS = ["another-key-for-tests-of-32-chars"]

        run()

        assert (postbox.requests, states()) == ([], [State.PENDING])

    def test_confirmed_copy_delivers(self, connection: Connection, postbox: Postbox, settings: LazySettings) -> None:
        promise("a")
        settings.SITE_URL = "https://staging.example"
        drain()
        assert postbox.requests == []

        Installation.settle_here()
        drain()

        assert states() == [State.DELIVERED]

    def test_other_operations_go_on_while_one_is_blocked(self, connection: Connection, postbox: Postbox) -> None:
        promise("a")
        promise("b", operation=CARDS)
        breaker.barred(connection, errors.Misconfigured("no right", operation="post_letters"))

        drain()

        assert states() == [State.PENDING, State.DELIVERED]

    def test_other_connections_go_on_while_one_fails(
        self, connection: Connection, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Connection.objects.create(integration=connection.integration, owner="other", secrets={"box": "17"})
        outbox.keep_in_sync(LETTERS, [LeadFactory()])
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="other")
        original = deliver.claim

        def broken(where: Connection, *args: Any, **kwargs: Any) -> Any:
            if where.pk != other.pk:
                raise OperationalError("canceled")
            return original(where, *args, **kwargs)

        monkeypatch.setattr(deliver, "claim", broken)
        drain()

        assert states() == [State.PENDING, State.DELIVERED]

    def test_changed_secret_is_used_at_once(self, connection: Connection, postbox: Postbox) -> None:
        promise("a")
        change(connection, token="another-token")

        drain()

        assert postbox.headers[-1]["Authorization"] == "Bearer another-token"

    def test_full_rate_makes_rows_wait_and_not_fail(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, rate="2/minute")
        leads = promise("a", "b", "c", operation=CARDS)

        drain()

        assert [row(lead).state for lead in leads].count(State.DELIVERED) == 2
        left = Delivery.objects.get(state=State.PENDING)
        assert (left.failures, left.error_kind) == (0, "paused")
        assert left.due_at > timezone.now() + timedelta(seconds=30)

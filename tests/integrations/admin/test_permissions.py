"""Who may do what; and that looking never changes anything."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, reverse

from integrations.admin.base import VerbsAdmin
from integrations.models import Connection, Delivery, Integration, WebhookEvent
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, page, text
from tests.postbox.service import PostboxService

# What is asked before it is done, and how many are dead and how far a run is.
LOOKING = {
    "changelist",
    "change",
    "history",
    "add",
    "delete",
    "dead",
    "runs",
    "progress",
    "connect",
    "connected",
    "figures",
    "data",
    "alerts",
}


def changing_urls() -> Iterator[str]:
    """Every address of our admins that is not one of Django's own pages."""
    for model_admin in admin.site._registry.values():
        if isinstance(model_admin, VerbsAdmin):
            for pattern in model_admin.get_urls():
                name = pattern.name if isinstance(pattern, URLPattern) else None
                if name and name.rpartition("_")[2] not in LOOKING:
                    yield reverse(f"admin:{name}", kwargs={"pk": 1} if "pk" in str(pattern.pattern) else {})


@pytest.mark.parametrize("url", sorted(set(changing_urls())))
def test_address_that_changes_something_refuses_get(operator: Client, url: str) -> None:
    assert operator.get(url).status_code == 405


def test_every_verb_has_such_an_address() -> None:
    # integrations, deliveries, webhooks, records, incidents, tokens, suppressed addresses, the copy guard,
    # differences
    assert len(set(changing_urls())) == 9 + 4 + 1 + 2 + 1 + 1 + 1 + 1 + 3


def test_nothing_is_open_to_the_public(client: Client, connection: Connection) -> None:
    answer = client.post(reverse("admin:integrations_integration_pause", args=[connection.integration_id]))

    assert answer.status_code == 302
    assert Integration.objects.get(slug="postbox").paused_at is None


def test_who_may_only_look_sees_settings_and_no_buttons(staff: Callable[..., Client], connection: Connection) -> None:
    bob = staff("view_integration")

    answer = bob.get(page(connection.integration))

    assert answer.context["buttons"] == []
    assert connection.integration.settings["url"] in text(answer)
    assert "•••••• stored" in text(answer)
    assert 'name="token"' not in text(answer)


@pytest.mark.parametrize("verb", ["test", "sync", "dry_run", "pause", "resume", "enable", "disable"])
def test_who_may_only_look_is_refused(staff: Callable[..., Client], connection: Connection, verb: str) -> None:
    bob = staff("view_integration")

    answer = bob.post(reverse(f"admin:integrations_integration_{verb}", args=[connection.integration_id]))

    assert answer.status_code == 403


def test_who_may_operate_does_not_configure(staff: Callable[..., Client], connection: Connection) -> None:
    bob = staff("view_integration", "operate_integration")

    offered = [str(button.label) for button in bob.get(page(connection.integration)).context["buttons"]]
    saved = bob.post(page(connection.integration), {"url": "https://elsewhere.example", "token": "x"})
    settled = bob.post(reverse("admin:integrations_integration_settle_here"))

    assert offered == ["Test connection", "Sync now", "Dry run", "Pause"]
    assert (saved.status_code, settled.status_code) == (403, 403)


def test_who_may_only_look_at_deliveries_cannot_replay(staff: Callable[..., Client], connection: Connection) -> None:
    bob = staff("view_delivery")
    dead = a_delivery(connection, LeadFactory(name="Ada"), PostboxService.post_letters, state="dead")

    answer = bob.post(reverse("admin:integrations_delivery_replay", args=[dead.pk]))
    shown = text(bob.get(reverse("admin:integrations_delivery_changelist")))

    assert answer.status_code == 403
    assert Delivery.objects.get().state == "dead"
    assert "Ada" not in shown  # leads are not theirs to see


@pytest.mark.parametrize("model", [Delivery, WebhookEvent, Integration])
def test_rows_are_neither_added_nor_deleted_by_hand(operator: Client, model: type) -> None:
    name = f"admin:integrations_{model.__name__.lower()}"

    assert operator.get(reverse(f"{name}_add")).status_code == 403
    assert "delete_selected" not in text(operator.get(reverse(f"{name}_changelist")))

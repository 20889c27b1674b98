"""The admin's sidebar: what an operator looks for, and only what he may see."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Page = tuple[Promise | str, str, str]  # title, icon, model
GROUPS: list[tuple[Promise | str, list[Page]]] = [
    (
        _("Leads"),
        [
            (_("Leads"), "person_add", "leads.lead"),
            (_("Whitepapers"), "description", "leads.whitepaper"),
        ],
    ),
    (
        _("Integrations"),
        [
            (_("Integrations"), "hub", "integrations.integration"),
            (_("Deliveries"), "outbox", "integrations.delivery"),
            (_("Log"), "receipt_long", "integrations.integrationlog"),
            (_("Incidents"), "emergency_home", "integrations.incident"),
            (_("Webhook events"), "webhook", "integrations.webhookevent"),
            (_("Schedules"), "schedule", "django_celery_beat.periodictask"),
        ],
    ),
    (
        _("Access"),
        [
            (_("Users"), "person", "auth.user"),
            (_("Groups"), "group", "auth.group"),
        ],
    ),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links in the form that Unfold expects."""
    visible = [(title, [page(*entry) for entry in pages if may_see(request, entry[2])]) for title, pages in GROUPS]
    return [{"title": title, "items": items} for title, items in visible if items]


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What the menu under one's own name offers."""
    return [
        {"title": _("Two-factor authentication"), "link": reverse("two_factor:account")},
        {"title": _("Change password"), "link": reverse("admin:password_change")},
    ]


def page(title: Promise | str, icon: str, model: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model.replace('.', '_')}_changelist")}


def may_see(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return request.user.has_perm(f"{app}.view_{name}")

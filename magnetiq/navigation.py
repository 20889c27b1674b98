"""The admin's sidebar: what an operator looks for, and only what he may see."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations import needs

Page = tuple[Promise | str, str, str]  # title, icon, model; another page than its list after a slash
GROUPS: list[tuple[Promise | str, list[Page]]] = [
    (
        _("Leads"),
        [
            (_("Leads"), "person_add", "leads.lead"),
            (_("What became of them"), "flag", "leads.lead/outcomes"),
            (_("Whitepapers"), "description", "leads.whitepaper"),
            (_("Erasures"), "person_remove", "integrations.erasure"),
        ],
    ),
    (
        _("Webinars"),
        [
            (_("Sessions"), "event", "webinars.session"),
            (_("Topics"), "school", "webinars.topic"),
            (_("Registrations"), "how_to_reg", "webinars.registration"),
            (_("Payments"), "payments", "webinars.payment"),
            (_("Reminders"), "alarm", "webinars.reminderrule"),
        ],
    ),
    (
        _("Bookings"),
        [
            (_("Calendar"), "calendar_month", "bookings.booking/calendar"),
            (_("Bookings"), "event_available", "bookings.booking"),
            (_("Consultants"), "groups", "bookings.consultant"),
            (_("Time off"), "beach_access", "bookings.timeoff"),
            (_("Reminders"), "alarm", "bookings.reminderrule"),
        ],
    ),
    (
        _("E-mail"),
        [
            (_("Letters"), "mail", "integrations.letteroverride"),
            (_("Suppressed addresses"), "unsubscribe", "integrations.suppression"),
        ],
    ),
    (
        _("Integrations"),
        [
            (_("Integrations"), "hub", "integrations.integration"),
            (_("Deliveries"), "outbox", "integrations.delivery"),
            (_("Runs"), "directions_run", "integrations.run"),
            (_("Records elsewhere"), "link", "integrations.externalrecord"),
            (_("Log"), "receipt_long", "integrations.integrationlog"),
            (_("Incidents"), "emergency_home", "integrations.incident"),
            (_("Webhook events"), "webhook", "integrations.webhookevent"),
            (_("Schedules"), "schedule", "django_celery_beat.periodictask"),
            (_("Figures"), "bar_chart", "integrations.integration/figures"),
            (_("Kept data"), "database", "integrations.integration/kept_data"),
        ],
    ),
    (
        _("Access"),
        [
            (_("Users"), "person", "auth.user"),
            (_("Groups"), "group", "auth.group"),
            (_("API tokens"), "vpn_key", "integrations.apitoken"),
        ],
    ),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links in the form that Unfold expects: first the dashboard, with the number of what needs the user."""
    visible = [(title, [page(*entry) for entry in pages if may_see(request, entry[2])]) for title, pages in GROUPS]
    groups = [{"title": title, "items": items} for title, items in visible if items]
    mark(request, [item for _title, items in visible for item in items])
    return [{"items": [dashboard(request)]}, *groups]


def dashboard(request: HttpRequest) -> dict[str, Any]:
    badge = len(needs.of(request))
    return {"title": _("Dashboard"), "icon": "monitoring", "link": reverse("admin:index"), "badge": badge}


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What the menu under one's own name offers."""
    return [
        {"title": _("My alerts"), "link": reverse("admin:integrations_incident_my_alerts")},
        {"title": _("Two-factor authentication"), "link": reverse("two_factor:account")},
        {"title": _("Change password"), "link": reverse("admin:password_change")},
    ]


def page(title: Promise | str, icon: str, of: str) -> dict[str, Any]:
    model, _slash, name = of.partition("/")
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model.replace('.', '_')}_{name or 'changelist'}")}


def mark(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """Where somebody is: of a list and a page below it, the page alone."""
    here = max((item["link"] for item in items if request.path.startswith(item["link"])), key=len, default="")
    for item in items:
        item["active"] = item["link"] == here


def may_see(request: HttpRequest, of: str) -> bool:
    app, name = of.partition("/")[0].split(".")
    return has_pages(of) and request.user.has_perm(f"{app}.view_{name}")


def has_pages(of: str) -> bool:
    return admin.site.is_registered(apps.get_model(of.partition("/")[0]))

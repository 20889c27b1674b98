"""The operators' first page: what needs them, how each integration stands, what went out, what waits, who works."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import breaker, health, needs, registry, situation, upcoming, verdicts, words
from integrations.health import HealthState
from integrations.models import Connection, Delivery, HourlyStat
from integrations.needs import listed
from integrations.situation import Situation

from .filters import AgeFilter, StateFilter

HOURS = 24
HEARTS = {
    "fast": (gettext_lazy("Worker for what people wait for"), gettext_lazy("all that waits until it runs")),
    "bulk": (gettext_lazy("Worker for everything else"), gettext_lazy("all that waits until it runs")),
    "beat": (gettext_lazy("Beat"), gettext_lazy("nothing starts by the clock until it runs")),
}
Waiting = dict[int, dict[str, int]]  # {id of the integration: {age: deliveries}}


class Hour(NamedTuple):
    """Calls that began in the hour from `at` on, and how many of them failed."""

    at: datetime
    calls: int = 0
    errors: int = 0


Traffic = dict[int, list[Hour]]  # {id of the integration: the last 24 hours, oldest first, without gaps}


@dataclass(frozen=True)
class Tile:
    """How one integration stands."""

    name: str
    icon: str
    url: str
    light: tuple[str, str]
    why: str
    since: str
    mode: tuple[str, str] | None
    paused: str
    last_success: str
    waiting: int
    dead: int
    traffic: Hour
    accounts: str
    listed: dict[str, str]


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: adds what this user may see."""
    now, may = situation.of(request), request.user.has_perm
    context |= {"title": _("Dashboard"), "needs": needs.of(request), "upcoming": upcoming.of(request, now)}
    if may("integrations.view_integration"):
        waits, calls = waiting(now), traffic(now)
        context |= {
            "tiles": tiles(now, waits, calls),
            "chart": chart(total(calls)),
            "hearts": [heart(name, now) for name in HEARTS],
        }
        if now.dead and may("integrations.operate_integration"):
            context["replay_url"] = reverse("admin:integrations_delivery_replay_dead")
        if may("integrations.view_delivery"):
            context["ages"] = ages(waits)
    return context


# --- deliveries that wait ------------------------------------------------------------------------------------------


def waiting(now: Situation) -> Waiting:
    """In one query, which the list's index answers."""
    rows = Delivery.objects.waiting().filter(integration__in=list(now.names)).order_by()
    by_age = {age: Count("pk", filter=AgeFilter.condition(age, now.now)) for age in AgeFilter.AGES}
    found: Any = rows.values("integration").annotate(**by_age)
    return {row.pop("integration"): row for row in found}


def ages(waits: Waiting) -> list[dict[str, Any]]:
    """A line for each age, the youngest first."""
    numbers = {age: sum(row[age] for row in waits.values()) for age in AgeFilter.AGES}
    most = max(numbers.values()) or 1
    return [
        {
            "text": AgeFilter.AGES[age][0],
            "number": number,
            "percent": round(100 * number / most),
            "url": listed("delivery", state__exact=StateFilter.WAITING, age=age),
        }
        for age, number in numbers.items()
    ]


# --- calls ---------------------------------------------------------------------------------------------------------


def traffic(now: Situation) -> Traffic:
    """In one query; hours in which nobody called are there, with none."""
    this_hour = now.now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=ago) for ago in reversed(range(HOURS))]
    stats = HourlyStat.objects.filter(hour__gte=hours[0]).order_by().values_list("integration", "hour")
    sums = {(i, at): Hour(at, n, failed) for i, at, n, failed in stats.annotate(Sum("calls"), Sum("errors"))}
    return {key: [sums.get((key, at), Hour(at)) for at in hours] for key in now.names}


def total(calls: Traffic) -> list[Hour]:
    """Of all integrations together."""
    return [added(list(column)) for column in zip(*calls.values(), strict=True)]


def added(hours: list[Hour]) -> Hour:
    return Hour(hours[0].at, sum(hour.calls for hour in hours), sum(hour.errors for hour in hours))


def chart(hours: list[Hour]) -> dict[str, Any]:
    """Bars for Unfold's chart, the same in words, and as rows of a table."""
    if not hours:
        return {}
    rows = [(words.clock(hour.at), hour.calls, hour.errors) for hour in hours]
    good = bars(_("good"), "primary", [calls - errors for _at, calls, errors in rows])
    failed = bars(_("failed"), "red", [errors for _at, _calls, errors in rows])
    return {
        "data": json.dumps({"labels": [at for at, _calls, _errors in rows], "datasets": [good, failed]}),
        "options": CHART,
        "words": calls_and_errors(added(hours)),
        "rows": [row for row in rows if row[1]],
    }


def bars(label: str, colour: str, numbers: list[int]) -> dict[str, Any]:
    look = {"backgroundColor": f"var(--color-{colour}-500)", "borderRadius": 2, "barPercentage": 0.8}
    return {"label": label, "data": numbers, "categoryPercentage": 1, **look}


CHART = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "stacked": True,
                "grid": {"display": False},
                "ticks": {"color": "#767e8c", "maxRotation": 0, "autoSkipPadding": 16},
            },
            "y": {
                "stacked": True,
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"lineWidth": 1},
                "ticks": {"color": "#767e8c", "precision": 0, "maxTicksLimit": 5},
            },
        },
    }
)


def calls_and_errors(sums: Hour) -> str:
    calls = ngettext("one call", "%(n)s calls", sums.calls) % {"n": sums.calls}
    return _("%(calls)s, %(errors)s failed") % {"calls": calls, "errors": sums.errors or _("none")}


# --- tiles ---------------------------------------------------------------------------------------------------------


def tiles(now: Situation, waits: Waiting, calls: Traffic) -> list[Tile]:
    found = verdicts.all_of(now)
    dead = {key: sum(n for integration, _kind, n in now.dead if integration == key) for key in now.names}
    return [
        tile(
            own,
            now,
            waiting=sum(waits.get(own.integration_id, {}).values()),
            dead=dead[own.integration_id],
            traffic=added(calls[own.integration_id]),
            verdict=found[own.integration_id],
        )
        for own in now.own
    ]


def tile(own: Connection, now: Situation, *, waiting: int, dead: int, traffic: Hour, verdict: verdicts.Verdict) -> Tile:
    integration, service = own.integration, registry.get(own.integration.slug)
    connections = now.connections_of(integration.pk)
    mode = now.mode_of(connections) if integration.enabled else None
    lists = {"waiting": StateFilter.WAITING, "dead": Delivery.State.DEAD}
    text, colour = words.STATES[verdict.state]
    return Tile(
        name=now.names[integration.pk],
        icon=service.icon,
        url=reverse("admin:integrations_integration_change", args=[integration.pk]),
        light=(str(text), colour),
        why=verdict.summary if verdict.state in (HealthState.DEGRADED, HealthState.UNHEALTHY) else "",
        since=words.since(integration.paused_at or verdict.speaker.status_since) if integration.enabled else "",
        mode=words.MODES[mode] if mode else None,
        paused=_("somebody resumes it") if integration.paused_at else words.moment(breaker.paused_until(own)),
        last_success=words.moment(max(filter(None, (row.last_success_at for row in connections)), default=None)),
        waiting=waiting,
        dead=dead,
        traffic=traffic,
        accounts=accounts([row for row in connections if row.owner]),
        listed={
            name: listed("delivery", integration__id__exact=integration.pk, state__exact=state)
            for name, state in lists.items()
        },
    )


def accounts(others: list[Connection]) -> str:
    """How many, and how the one stands that is worst off."""
    if not others:
        return ""
    text, _colour = words.STATES[health.state(health.worst(others))]
    n = len(others)
    said = ngettext("one: %(light)s", "%(n)s, the worst: %(light)s", n)
    return said % {"n": n, "light": text}


# --- who works ----------------------------------------------------------------------------------------------------


def heart(name: str, now: Situation) -> dict[str, Any]:
    title, consequence = HEARTS[name]
    alive = now.is_alive(name)
    seen = words.last_seen(now.heartbeats.get(name))
    return {"title": title, "alive": alive, "text": seen if alive else f"{seen}: {consequence}"}

"""Figures of each integration over a day, a week or a month, on a page of their own."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from integrations import figures, gate, load, registry, situation, words
from integrations.figures import PERIODS, Step
from integrations.models import Connection
from integrations.situation import Situation

from .graphs import Graph, graph
from .run_card import number


class FiguresMixin:
    """For the integrations' admin."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.figures_view))
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("figures/", view, name="integrations_integration_figures"), *urls]

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("integrations.view_integration"):
            raise PermissionDenied
        chosen = request.GET.get("period", "")
        chosen = chosen if chosen in PERIODS else "day"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Figures"),
            "content_title": _("Figures"),  # what the page's head says
            "periods": [(name, period.label, name == chosen) for name, period in PERIODS.items()],
            "cards": cards(situation.of(request), chosen),
        }
        return TemplateResponse(request, "admin/integrations/figures.html", context)


class Card(NamedTuple):
    name: str
    icon: str
    facts: list[tuple[str, str]]
    graphs: list[Graph]
    operations: list["Line"]
    table: list[tuple[str, ...]]


class Line(NamedTuple):
    """One operation; `use` is what it has taken of its rate just now."""

    name: str
    calls: str
    errors: str
    p95: str
    use: str


def cards(now: Situation, chosen: str) -> list[Card]:
    """One for each integration, in queries whose number is fixed."""
    period = PERIODS[chosen]
    steps = figures.series(period, now.names, now.now)
    busy = figures.operations(period, now.now)
    standing = load.standing()
    return [
        Card(
            name=now.names[own.integration_id],
            icon=registry.get(own.integration.slug).icon,
            facts=facts(figures.together(steps[own.integration_id]), standing.get(own.integration_id, {})),
            graphs=graphs(steps[own.integration_id]),
            operations=lines(now, own, busy.get(own.integration_id, {})),
            table=[row(step) for step in steps[own.integration_id] if step.calls or step.delivered or step.waiting],
        )
        for own in now.own
    ]


def facts(whole: Step, standing: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Calls"), number(whole.calls)),
        (_("Failed"), failed(whole)),
        (_("95 of 100 within"), took(whole.p95)),
        (_("Delivered"), number(whole.delivered)),
        (_("Waiting now"), number(standing.get("waiting", 0))),
        (_("Dead now"), number(standing.get("dead", 0))),
    ]


def failed(step: Step) -> str:
    """Such as "12 (1.5 %)"."""
    if not step.errors:
        return number(0)
    percent = number_format(100 * step.errors / step.calls, 1)
    return _("%(n)s (%(percent)s %%)") % {"n": number(step.errors), "percent": percent}


def took(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else words.duration(milliseconds)


def graphs(steps: list[Step]) -> list[Graph]:
    whole = figures.together(steps)
    calls = ngettext("one call", "%(n)s calls", whole.calls) % {"n": number(whole.calls)}
    most = max(step.waiting for step in steps), max(step.dead for step in steps)
    said: list[str] = [
        _("%(calls)s, %(errors)s failed") % {"calls": calls, "errors": number(whole.errors)},
        _("95 of 100 calls took at most %(time)s") % {"time": took(whole.p95)},
        _("%(n)s deliveries arrived") % {"n": number(whole.delivered)},
        _("at most %(waiting)s waited and %(dead)s were dead") % {"waiting": number(most[0]), "dead": number(most[1])},
    ]
    return [graph(*drawn, words) for drawn, words in zip(drawings(steps), said, strict=True)]


def drawings(steps: list[Step]) -> list[tuple[Any, list[Step], dict[str, Callable[[Step], int]], Callable[[int], str]]]:
    return [
        (gettext_lazy("Calls, good and failed"), steps,
         {"good": lambda step: step.calls - step.errors, "bad": lambda step: step.errors}, number),
        (gettext_lazy("95 of 100 answered within"), steps, {"calm": lambda step: step.p95 or 0}, words.duration),
        (gettext_lazy("Delivered"), steps, {"good": lambda step: step.delivered}, number),
        (gettext_lazy("Waiting and dead, at most"), steps,
         {"calm": lambda step: step.waiting, "bad": lambda step: step.dead}, number),
    ]  # fmt: skip


def lines(now: Situation, own: Connection, operations: dict[str, Step]) -> list[Line]:
    slug = own.integration.slug
    service = now.services.get(own.pk)
    return [
        Line(
            name=words.operation(slug, name),
            calls=number(step.calls),
            errors=failed(step),
            p95=took(step.p95),
            use=rate_use(service.settings.rate, slug, name) if service else "–",
        )
        for name, step in operations.items()
    ]


def rate_use(rate: str, slug: str, operation: str) -> str:
    """Such as "12 of 600/minute"."""
    used = gate.rate_used(rate, slug, operation)
    return "–" if used is None else _("%(n)s of %(rate)s") % {"n": number(used), "rate": rate}


def row(step: Step) -> tuple[str, ...]:
    numbers = (step.calls, step.errors, step.delivered, step.waiting, step.dead)
    calls, errors, *others = map(number, numbers)
    return (words.moment(step.at), calls, errors, took(step.p95), *others)

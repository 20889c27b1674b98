"""What became of the people who came to us, on a page of its own: read in Odoo once a day, counted here."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integrations import outcomes

from .run_card import number

SHOWN = 50  # lines of each table; a campaign may have any name
TABLES: list[tuple[str, Promise | str, Promise | str]] = [
    ("whitepapers", gettext_lazy("By whitepaper"), gettext_lazy("Whitepaper")),
    ("webinars", gettext_lazy("By webinar"), gettext_lazy("Webinar")),
    ("campaigns", gettext_lazy("By campaign"), gettext_lazy("Campaign")),
]


class LeadOutcomesMixin:
    """For the lead's admin: the page that counts."""

    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.outcomes_view))
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("outcomes/", view, name="leads_lead_outcomes"), *urls]

    def outcomes_view(self, request: HttpRequest) -> HttpResponse:
        """For everybody who may see leads."""
        if not request.user.has_perm("leads.view_lead"):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("What became of leads"),
            "opts": self.opts,
            **figures(outcomes.report(language=(get_language() or "en")[:2])),
        }
        return TemplateResponse(request, "admin/integrations/outcomes.html", context)


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """The report for the page, with numbers in words of the reader's language; tables without a line are left out."""
    total = report["leads"]
    told = sum(total[name] for name in outcomes.OUTCOMES)
    return {
        "total": cells(total),
        "told": told,
        "untold": number(total["leads"] - told),
        "stages": [(stage or _("without a stage"), number(leads)) for stage, leads in report["stages"].items()],
        "tables": [table(title, what, report[name]) for name, title, what in TABLES if report[name]],
    }


def table(title: Promise | str, what: Promise | str, lines: list[outcomes.Line]) -> dict[str, Any]:
    shown = [(line["name"], *cells(line).values()) for line in lines[:SHOWN]]
    return {"title": title, "what": what, "lines": shown, "left_out": len(lines) - len(shown)}


def cells(line: outcomes.Line) -> dict[str, str]:
    return {name: number(line[name]) for name in ("leads", *outcomes.OUTCOMES)}

"""How much the database holds of what, and how long it is kept, on a page of its own."""

from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from integrations import retention
from integrations.models import HourlyLoad, HourlyStat

from .run_card import number

OWN = ("leads", "webinars", "bookings", "integrations")
# Estimates, kept by PostgreSQL itself: to count a million rows takes a second, to look here none.
SIZES = """
SELECT c.relname, c.reltuples::bigint, pg_total_relation_size(c.oid), pg_database_size(current_database())
FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(quote_ident(t)) FROM unnest(%s::text[]) t)
ORDER BY 3 DESC
"""


class KeptDataMixin:
    """For the integrations' admin."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.kept_data_view))
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("kept-data/", view, name="integrations_integration_kept_data"), *urls]

    def kept_data_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("integrations.view_integration"):
            raise PermissionDenied
        found = sizes()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Kept data"),
            "content_title": _("Kept data"),  # what the page's head says
            "total": filesizeformat(found[0][3]) if found else "",
            "lines": [line(*row) for row in found],
        }
        return TemplateResponse(request, "admin/integrations/kept_data.html", context)


class Line(NamedTuple):
    what: str
    rows: str
    size: str
    kept: str
    setting: str


def sizes() -> list[tuple[str, int, int, int]]:
    """(table, rows, bytes, bytes of the whole database), the largest table first; -1 rows: nobody has counted yet."""
    with database.cursor() as cursor:
        cursor.execute(SIZES, [list(labels())])
        found: list[tuple[str, int, int, int]] = cursor.fetchall()
    return found


def labels() -> dict[str, str]:
    """{table: what people call its rows}, of all that grow."""
    models = [model for app in OWN for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    models += [rule.model for rule in retention.RULES]
    better = {
        Session: _("Logins"),  # Django calls them what we call a webinar's
        HourlyStat: _("Calls by the hour"),
        HourlyLoad: _("Deliveries by the hour"),
    }
    named = {model._meta.db_table: capfirst(str(model._meta.verbose_name_plural)) for model in models}
    return named | {model._meta.db_table: name for model, name in better.items()}


def line(table: str, rows: int, size: int, _total: int) -> Line:
    rule = next((rule for rule in retention.RULES if rule.model._meta.db_table == table), None)
    setting = rule.kept if rule and isinstance(rule.kept, str) else ""
    return Line(
        what=labels()[table],
        rows=number(rows) if rows >= 0 else "–",
        size=filesizeformat(size),
        kept=kept(rule.days) if rule else "",
        setting=f"{setting}={getattr(settings, setting)}" if setting else "",
    )


def kept(days: int) -> str:
    """After they are done with, where there is such a thing."""
    return ngettext("one day", "%(n)s days", days) % {"n": days} if days else _("until they end")

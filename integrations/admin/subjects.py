"""What deliveries and records are about: our own rows, named and linked, in one query per kind of row."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from leads.models import Lead


def attach(rows: Iterable[Any], request: HttpRequest) -> None:
    """Give each row its `subject`, the object, unless it is gone or this user may not see it."""
    by_label: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        row.subject = None
        by_label[row.subject_type].append(row)
    for label, of_one_kind in by_label.items():
        found = visible(label, [row.subject_id for row in of_one_kind], request)
        for row in of_one_kind:
            row.subject = found.get(row.subject_id)


def visible(label: str, ids: list[int], request: HttpRequest) -> dict[int, Model]:
    """{id: the row, or, where it has no page of its own, the lead that it belongs to}."""
    model = model_of(label)
    if model is None:
        return {}
    if admin.site.is_registered(model):
        return model._base_manager.in_bulk(ids) if may_view(model, request) else {}
    if not hasattr(model, "lead") or not may_view(Lead, request):
        return {}
    rows: Iterable[Any] = model._base_manager.filter(pk__in=ids).select_related("lead")
    return {row.pk: row.lead for row in rows}


def may_view(model: type[Model], request: HttpRequest) -> bool:
    return admin.site.get_model_admin(model).has_view_permission(request)


def model_of(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def name(row: Any) -> str:
    """Such as "Lead 12", whether or not there is one (any more)."""
    model = model_of(row.subject_type)
    return f"{model._meta.verbose_name if model else row.subject_type} {row.subject_id}"


def link(row: Any) -> SafeString | str:
    """The subject of a row that `attach` has seen, with a link to its page where there is one."""
    if row.subject is None:
        return name(row)
    meta = row.subject._meta
    try:
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.subject.pk])
    except NoReverseMatch:
        return name(row)
    return format_html('<a href="{}" title="{}" class="text-primary-600 dark:text-primary-500">{}</a>',
                       url, name(row), Truncator(row.subject).chars(60) or _("without a name"))  # fmt: skip

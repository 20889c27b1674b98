"""What is taught, and when people are reminded of it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from modeltranslation.admin import TranslationAdmin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from webinars import actions
from webinars.models import ReminderRule, Session, Topic

MOST = 999  # days, hours, minutes
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@admin.register(Topic)
class TopicAdmin(ModelAdmin, TranslationAdmin):  # type: ignore[misc,type-arg]
    """Not modeltranslation's tabbed admin, which loads its tabs from another company's server; Unfold has its own."""

    list_display = ["title", "category", "code", "default_price", "currency", "status", "updated_at"]
    list_filter = ["status", "category"]
    search_fields = ["title", "description", "code"]
    fieldsets = [
        (None, {"fields": ["status", "category", "code", ("default_price", "currency")]}),
        (_("English"), {"fields": ["title_en", "description_en"], "classes": ["tab"]}),
        (_("German"), {"fields": ["title_de", "description_de"], "classes": ["tab"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        if change:
            actions.change_topics({obj: {name: form.cleaned_data[name] for name in form.changed_data}})
        else:
            (made,) = actions.create_topics([form.cleaned_data])
            obj.pk = made.pk


class SpanWidget(forms.MultiWidget):
    """Three numbers, each with its name."""

    def __init__(self) -> None:
        names = {"days": _("days"), "hours": _("hours"), "minutes": _("minutes")}
        super().__init__({unit: number(name) for unit, name in names.items()})

    def decompress(self, value: timedelta | None) -> list[int | None]:
        return list(parts(value)) if value else [None, None, None]


def number(name: Any) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget({"suffix": name, "aria-label": name, "inputmode": "numeric"})


class SpanField(forms.MultiValueField):
    """A span of time as people say it."""

    widget = SpanWidget

    def __init__(self, **options: Any) -> None:
        numbers = [forms.IntegerField(min_value=0, max_value=MOST, required=False) for _unit in range(3)]
        super().__init__(numbers, require_all_fields=False, **options)

    def compress(self, data_list: list[int | None]) -> timedelta:
        days, hours, minutes = [number or 0 for number in data_list] or (0, 0, 0)
        span = timedelta(days=days, hours=hours, minutes=minutes)
        if not span:
            raise forms.ValidationError(_("Please enter how long before the start."), code="required")
        return span


def parts(span: timedelta) -> tuple[int, int, int]:
    """Days, hours, minutes."""
    rest = span - timedelta(days=span.days)
    return span.days, rest // HOUR, rest % HOUR // MINUTE


def in_words(span: timedelta) -> str:
    days, hours, minutes = parts(span)
    words = [
        (days, ngettext("%(n)s day", "%(n)s days", days)),
        (hours, ngettext("%(n)s hour", "%(n)s hours", hours)),
        (minutes, ngettext("%(n)s minute", "%(n)s minutes", minutes)),
    ]
    return ", ".join(text % {"n": n} for n, text in words if n)


class ReminderForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    before = SpanField(label=_("How long before"))

    def save(self, commit: bool = True) -> ReminderRule:
        if self.is_another():
            self.instance.counts_from = timezone.now()
        rule: ReminderRule = super().save(commit)
        return rule

    def is_another(self) -> bool:
        """Not what is merely saved again, or put to rest: that still reminds of what no sweep has seen to."""
        is_activated = "active" in self.changed_data and self.instance.active
        return is_activated or "session" in self.changed_data or self.initial.get("before") != self.instance.before


class RulesMixin:
    """Rules, on their own page and on a session's."""

    form = ReminderForm

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Sessions are called by their topic, which is asked for with them."""
        if db_field.name == "session":
            options["queryset"] = Session.objects.select_related("topic")
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]


@admin.register(ReminderRule)
class ReminderRuleAdmin(RulesMixin, ModelAdmin):  # type: ignore[misc]
    list_display = ["span", "session", "active"]
    list_filter = ["active"]
    list_select_related = ["session__topic"]
    fields = ["session", "before", "active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReminderRule]:
        rules: QuerySet[ReminderRule] = super().get_queryset(request)
        return rules.select_related("session__topic")

    @admin.display(description=_("how long before"), ordering="before")
    def span(self, rule: ReminderRule) -> str:
        return in_words(rule.before)

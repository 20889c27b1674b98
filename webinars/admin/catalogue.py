"""What is taught, and when people are reminded of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin
from unfold.admin import ModelAdmin

from leads.reminding_admin import RuleForm, in_words
from webinars import actions
from webinars.models import ReminderRule, Session, Topic


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


class ReminderForm(RuleForm):
    def is_another(self) -> bool:
        return super().is_another() or "session" in self.changed_data


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

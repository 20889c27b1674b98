"""When people are reminded of consultations."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from bookings.models import ReminderRule
from leads.reminding_admin import RuleForm, in_words


@admin.register(ReminderRule)
class ReminderRuleAdmin(ModelAdmin):  # type: ignore[misc]
    form = RuleForm
    list_display = ["span", "active"]
    list_filter = ["active"]
    fields = ["before", "active"]

    @admin.display(description=_("how long before"), ordering="before")
    def span(self, rule: ReminderRule) -> str:
        return in_words(rule.before)

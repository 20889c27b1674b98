"""Who comes. People register themselves; operators correct what they told."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from webinars import actions
from webinars.errors import WebinarError
from webinars.models import Registration
from webinars.models.registration import DETAILS


@admin.register(Registration)
class RegistrationAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "email", "company", "session", "status", "registered_at"]
    list_display_links = ["name", "email"]
    list_filter = ["status", ("session__topic", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["session__topic"]
    list_per_page = 50
    ordering = ["-registered_at", "-id"]
    search_fields = ["first_name", "last_name", "email", "company"]
    known = ("session", "lead", "email", "status", "held_until", "registered_at", "confirmed_at")
    readonly_fields = [*known, "terms_version", "terms_accepted_at"]
    fieldsets = [
        (None, {"fields": known}),
        (
            _("What the person told"),
            {"fields": [("first_name", "last_name"), ("company", "phone"), ("language", "zone")]},
        ),
        (_("Terms"), {"fields": [("terms_version", "terms_accepted_at")]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """People cancel, or are forgotten."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        fixed = isinstance(obj, Registration) and (obj.is_over or obj.is_forgotten)
        return not fixed and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Registration, form: Any, change: bool) -> None:
        told = {name: form.cleaned_data[name] for name in form.changed_data if name in DETAILS}
        try:
            actions.update_registration(obj, told)
        except WebinarError as error:  # it was cancelled meanwhile
            messages.error(request, str(error))

    @admin.display(description=_("name"), ordering="last_name")
    def name(self, registration: Registration) -> str:
        return str(registration)

"""Leads and whitepapers in the admin. Saving a lead is a domain action like any other."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, Field, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from modeltranslation.admin import TranslationAdmin
from unfold.admin import ModelAdmin, TabularInline

from leads import actions
from leads.addresses import normalise
from leads.exchange.export import LeadExportMixin
from leads.models import DETAILS, Consent, Lead, Touchpoint, Whitepaper


@admin.register(Whitepaper)
class WhitepaperAdmin(ModelAdmin, TranslationAdmin):  # type: ignore[misc,type-arg]
    """Not modeltranslation's tabbed admin, which loads its tabs from another company's server; Unfold has its own."""

    list_display = ["title", "slug", "published", "updated_at"]
    list_filter = ["published"]
    search_fields = ["title", "description", "slug"]
    prepopulated_fields = {"slug": ["title_en"]}
    fieldsets = [
        (None, {"fields": ["slug", "file", "published"]}),
        (_("English"), {"fields": ["title_en", "description_en"], "classes": ["tab"]}),
        (_("German"), {"fields": ["title_de", "description_de"], "classes": ["tab"]}),
    ]


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TouchpointInline(ReadOnlyInline):
    model = Touchpoint
    fields = [
        "captured_at",
        "kind",
        "whitepaper",
        "downloads",
        "downloaded_at",
        "message",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "referrer",
    ]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Touchpoint]:
        touchpoints: QuerySet[Touchpoint] = super().get_queryset(request)
        return touchpoints.select_related("whitepaper")


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ["given_at", "confirmed_at", "withdrawn_at", "purpose", "text_version", "source"]
    readonly_fields = fields


class ConsentFilter(admin.SimpleListFilter):
    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("confirmed", _("confirmed")),
            ("waiting", _("waits for confirmation")),
            ("withdrawn", _("withdrawn")),
            ("none", _("never given")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        consents = Consent.objects.filter(lead=OuterRef("pk"))
        match self.value():
            case "confirmed":
                return queryset.filter(marketing_consent=True)
            case "waiting":
                return queryset.filter(Exists(consents.waiting()), marketing_consent=False)
            case "withdrawn":
                withdrawn = queryset.filter(Exists(consents), marketing_consent=False)
                return withdrawn.exclude(Exists(consents.waiting()))
            case "none":
                return queryset.exclude(Exists(consents))
            case _:
                return queryset


class LeadForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    def clean_email(self) -> str:
        return normalise(self.cleaned_data["email"])


# What the list's form says of which rows are meant, and what is to be done with them.
CHOICE = ("action", "select_across", "index", "_selected_action")
KNOWN = ["email_confirmed_at", "marketing_consent", "first_seen_at", "last_seen_at"]


@admin.register(Lead)
class LeadAdmin(LeadExportMixin, ModelAdmin):  # type: ignore[misc]
    form = LeadForm
    list_display = ["name", "email", "company", "status", "marketing_consent", "last_seen_at"]
    list_display_links = ["name", "email"]
    list_filter = [
        "status",
        ("touchpoints__whitepaper", admin.RelatedOnlyFieldListFilter),
        ConsentFilter,
        ("email_confirmed_at", admin.EmptyFieldListFilter),
        "language",
    ]
    search_fields = ["name", "email", "company", "phone"]
    fields = ["email", *DETAILS, "status", *KNOWN]
    readonly_fields = KNOWN
    actions = ["ask_for_confirmation", *LeadExportMixin.actions]
    inlines = [TouchpointInline, ConsentInline]
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        """People are forgotten, not deleted: what other systems hold of them has to go as well."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_forgotten)

    def formfield_for_choice_field(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **options: Any
    ) -> forms.Field | None:
        """Forgetting takes more than a status."""
        if db_field.name == "status":
            options["choices"] = [choice for choice in Lead.Status.choices if choice[0] != Lead.Status.FORGOTTEN]
        field: forms.Field | None = super().formfield_for_choice_field(db_field, request, **options)
        return field

    def save_model(self, request: HttpRequest, obj: Lead, form: LeadForm, change: bool) -> None:
        details: dict[str, Any] = {name: form.cleaned_data[name] for name in form.changed_data}
        actions.update_details(obj, details=details)

    @admin.action(description=_("Ask for confirmation of the consent"), permissions=["change"])
    def ask_for_confirmation(self, request: HttpRequest, queryset: QuerySet[Lead]) -> HttpResponse | None:
        """Says first how many letters that is: they cannot be called back."""
        if "confirmed" not in request.POST:
            return self.show_confirmations(request, queryset)
        asked = actions.ask_for_confirmation(queryset)
        told = ngettext("%(n)s lead is asked for confirmation.", "%(n)s leads are asked for confirmation.", asked)
        messages.info(request, told % {"n": asked})
        return None

    def show_confirmations(self, request: HttpRequest, queryset: QuerySet[Lead]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Ask for confirmation of the consent"),
            "opts": self.opts,
            "number": actions.waiting_for_confirmation(queryset).count(),
            "chosen": [(name, value) for name in CHOICE for value in request.POST.getlist(name)],
        }
        return render(request, "admin/leads/lead/ask_for_confirmation.html", context)

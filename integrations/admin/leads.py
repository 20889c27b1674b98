"""The lead's pages, with what only this app knows: where each lead is in step with Odoo."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from integrations import configuration
from integrations.models import ExternalRecord
from leads.admin import LeadAdmin
from leads.models import Lead

from .forget import LeadForgetMixin
from .lead_import import LeadImportMixin
from .outcomes import LeadOutcomesMixin
from .timeline import TimelineMixin

ODOO = "odoo"
LEADS = "crm.lead"  # somebody may be a contact there, too


class WhereInOdoo(admin.SimpleListFilter):
    title = _("where in Odoo")
    parameter_name = "odoo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("missing", _("not there yet")), ("there", _("there")), ("gone", _("deleted there"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        records = records_of_todays_odoo().filter(subject_type=Lead._meta.label_lower, subject_id=OuterRef("pk"))
        match self.value():
            case "missing":  # forgotten people are not on their way there
                return queryset.exclude(Exists(records)).exclude(status=Lead.Status.FORGOTTEN)
            case "there":
                return queryset.filter(Exists(records.filter(gone_at=None)))
            case "gone":
                return queryset.filter(Exists(records.exclude(gone_at=None)))
            case _:
                return queryset


def records_of_todays_odoo() -> QuerySet[ExternalRecord]:
    """Not those of an Odoo that we left; none while no Odoo is configured."""
    try:
        system = configuration.service_of(ODOO).remote_system
    except (LookupError, ValidationError):
        return ExternalRecord.objects.none()
    return ExternalRecord.objects.filter(remote_system=system, remote_model=LEADS)


admin.site.unregister(Lead)


@admin.register(Lead)
class LeadInStepAdmin(TimelineMixin, LeadOutcomesMixin, LeadForgetMixin, LeadImportMixin, LeadAdmin):
    actions = [*LeadAdmin.actions, "forget"]
    list_filter = [WhereInOdoo, *LeadAdmin.list_filter]
    change_form_outer_after_template = "admin/integrations/lead.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

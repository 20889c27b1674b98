"""What went wrong and needed somebody, the open ones first."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import alarm, incidents
from integrations.models import Incident
from webinars import actions
from webinars.models import Payment

from . import subjects
from .base import Button, Verb, VerbsAdmin, as_action
from .filters import MatterFilter
from .my_alerts import MyAlertsMixin


def acknowledge(request: HttpRequest, rows: QuerySet[Any]) -> None:
    noted = incidents.acknowledge(rows, cast(User, request.user))
    if request.user.has_perm("webinars.refund_payment"):
        see_payments(noted)
    if done := len(noted):
        said = ngettext("Noted: nobody else needs to look.", "%(n)s noted: nobody else needs to look.", done)
        messages.success(request, said % {"n": done})
    else:
        messages.warning(request, _("Nothing to do: this is over."))


def see_payments(noted: list[Incident]) -> None:
    """What a payment shows of the same is seen by that, too."""
    label = Payment._meta.label_lower
    ids = [incident.subject_id for incident in noted if incident.subject_type == label]
    for payment in Payment.objects.filter(pk__in=ids).select_related("registration__session"):
        actions.see(payment)


VERBS = (
    Verb(
        "acknowledge",
        gettext_lazy("Take note"),
        "visibility",
        acknowledge,
        applies=lambda row: row.closed_at is None and row.acknowledged_at is None,
        variant="primary",
    ),
)


@admin.register(Incident)
class IncidentAdmin(MyAlertsMixin, VerbsAdmin):
    verbs = VERBS
    actions = [as_action(verb) for verb in VERBS]
    list_display = ["summary", "what", "subject_link", "whose", "opened_at", "alerted_at", "closed_at"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter), MatterFilter]
    list_select_related = ["connection__integration"]
    ordering = [F("closed_at").desc(nulls_first=True), "-opened_at"]
    fields = [
        "summary",
        ("what", "whose"),
        "subject_link",
        ("opened_at", "alerted_at"),
        "told",
        ("acknowledged_at", "acknowledged_by"),
        ("escalated_at", "closed_at"),
        "lasted",
        "waited_for",
    ]
    readonly_fields = ["what", "whose", "subject_link", "told", "lasted", "waited_for"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        subjects.attach(changelist.result_list, request)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Incident | None:
        found: Incident | None = super().get_object(request, object_id, from_field)
        if found:
            subjects.attach([found], request)
        return found

    def buttons(self, request: HttpRequest, row: Incident) -> list[Button]:
        url = f"{reverse('admin:integrations_delivery_replay_dead')}?incident={row.pk}"
        replay = Button(_("Replay what died of it"), "replay", url, is_link=True)
        return [*super().buttons(request, row), *([replay] if self.has_operate_permission(request) else [])]

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def what(self, incident: Incident) -> str:
        known = incidents.KINDS.get(incident.kind)
        return str(known.label) if known else incident.kind

    @admin.display(description=gettext_lazy("subject"))
    def subject_link(self, incident: Incident) -> SafeString | str:
        return subjects.link(incident) if incident.subject_type else ""

    @admin.display(description=gettext_lazy("who was told"))
    def told(self, incident: Incident) -> SafeString | str:
        return lines([*alarm.told(incident), alarm.silence(incident)])

    @admin.display(description=gettext_lazy("lasted"))
    def lasted(self, incident: Incident) -> str:
        said = alarm.lasted(incident)
        return said if incident.closed_at else _("%(lasted)s so far") % {"lasted": said}

    @admin.display(description=gettext_lazy("what waited"))
    def waited_for(self, incident: Incident) -> SafeString | str:
        return lines(alarm.what_waited(incident))

    @admin.display(description=gettext_lazy("integration"), ordering="connection__integration")
    def whose(self, incident: Incident) -> str:
        return alarm.whose(incident)


def lines(told: list[str]) -> SafeString | str:
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in told if line))

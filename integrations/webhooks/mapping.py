"""Our leads and incidents as messages: JSON in the words of Standard Webhooks, or a sentence for a chat."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from integrations import alarm, incidents
from integrations.errors import Obsolete
from integrations.models import Incident
from leads.models import UTM_FIELDS, Lead, Touchpoint

from .settings import Event

DETAILS = ("name", "email", "phone", "company", "website", "job_title", "language", "status", "marketing_consent")
Payload = dict[str, Any]
Write = Callable[[Event, Lead, Touchpoint | None], Payload]


def standard(event: Event, lead: Lead, touch: Touchpoint | None) -> Payload:
    """{type, timestamp, data}: all that we know of the lead and its latest touchpoint; of a forgotten one its id."""
    data: Payload = {"id": str(lead.uuid)}
    if not lead.is_forgotten:
        data |= {name: getattr(lead, name) for name in DETAILS}
        data |= {name: getattr(lead, name).isoformat() for name in ("first_seen_at", "last_seen_at")}
        data["touchpoint"] = touchpoint(touch) if touch else None
    return {"type": event, "timestamp": lead.updated_at.isoformat(), "data": data}


def touchpoint(touch: Touchpoint) -> Payload:
    return {
        "kind": touch.kind,
        "whitepaper": touch.whitepaper.slug if touch.whitepaper else None,
        "message": touch.message,
        "captured_at": touch.captured_at.isoformat(),
        "utm": {name.removeprefix("utm_"): getattr(touch, name) for name in UTM_FIELDS},
    }


def slack(event: Event, lead: Lead, touch: Touchpoint | None) -> Payload:
    """{text}, with a link for those who may look; without the address, for a chat has many readers."""
    link = f"{settings.SITE_URL}{reverse('admin:leads_lead_change', args=[lead.pk])}"
    said = {
        "lead.captured": _("A lead turned to us: %(who)s"),
        "lead.changed": _("A lead was changed: %(who)s"),
        "lead.forgotten": _("A lead was forgotten. Delete what you noted about it."),
    }[event]
    return {"text": f"{said % {'who': who(lead)}} <{link}|{_('Open')}>"}


def who(lead: Lead) -> str:
    named = [text for text in (lead.name, lead.company) if text and "@" not in text]
    return escaped(", ".join(named) or _("somebody without a name"))


def escaped(text: str) -> str:
    """Slack reads <...> as links and commands, such as one that notifies everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- incidents, to a chat -------------------------------------------------------------------------------------------


def alert(incident: Incident) -> Payload:
    """Raises Obsolete when it is over."""
    return warning(incident, _("%(whose)s needs somebody to look at it: %(problem)s"))


def escalation(incident: Incident) -> Payload:
    """Raises Obsolete when it is over, or somebody has taken note."""
    if incident.acknowledged_at:
        raise Obsolete(_("Somebody has taken note of it."))
    said = _("Nobody has taken note for %(lasted)s. %(whose)s needs somebody to look at it: %(problem)s")
    return warning(incident, said)


def warning(incident: Incident, said: str) -> Payload:
    if incident.closed_at:
        raise Obsolete(_("It is over."))
    return {"text": f"{filled(said, incident)} {linked(incident)}"}


def all_clear(incident: Incident) -> Payload:
    said = filled(_("%(whose)s works again, after %(lasted)s."), incident)
    waited = "".join(f"\n• {escaped(line)}" for line in alarm.what_waited(incident))
    return {"text": f"{said} {linked(incident)}{waited}"}


def filled(said: str, incident: Incident) -> str:
    told = {"whose": alarm.whose(incident), "problem": incident.summary, "lasted": alarm.lasted(incident)}
    return said % {name: escaped(text) for name, text in told.items()}


def linked(incident: Incident) -> str:
    return f"<{settings.SITE_URL}{incidents.page_of(incident)}|{_('Look at it')}>"


FORMATS: dict[str, Write] = {"standard": standard, "slack": slack}

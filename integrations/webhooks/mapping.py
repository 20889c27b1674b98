"""Our leads as messages: JSON in the words of Standard Webhooks, or a sentence for a chat. Pure functions."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

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


FORMATS: dict[str, Write] = {"standard": standard, "slack": slack}

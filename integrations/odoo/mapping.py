"""Our leads in Odoo's words: pure functions.

Values are {field: text}, as `load` wants its cells; relations are named, not numbered. The same words are kept in the
book as what was last sent, so comparing them tells what changed on either side.
"""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from bookings.models.booking import Status
from integrations.book import Values
from leads.models import Lead, Touchpoint

SOURCE = "Website"
TAG = "Magnetiq Lead"
MEDIUM = {
    Touchpoint.Kind.WHITEPAPER: "Whitepaper Download",
    Touchpoint.Kind.WEBINAR: "Webinar",
    Touchpoint.Kind.CONSULTATION: "Consultation",
}
OTHER_MEDIUM = "Website"  # Odoo's own
WHAT = {
    Touchpoint.Kind.WHITEPAPER: "Lead from whitepaper download",
    Touchpoint.Kind.WEBINAR: "Lead from webinar registration",
    Touchpoint.Kind.CONSULTATION: "Lead from consultation request",
    Touchpoint.Kind.CONTACT: "Lead from contact form",
    Touchpoint.Kind.IMPORT: "Imported lead",
}
STANDING = {
    Status.PENDING: ", to be confirmed",
    Status.CANCELLED: ", cancelled",
}  # what else becomes of one is not told
TOUCHPOINTS_TOLD = 20
# All but line feed and tab, and the two other characters that XML cannot carry.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")

# Relations: {field: model}; their values are names of records there, found or made once.
RELATIONS = {
    "source_id": "utm.source",
    "medium_id": "utm.medium",
    "campaign_id": "utm.campaign",
    "tag_ids": "crm.tag",
}
LABELS = {
    "name": _("Title"),
    "contact_name": _("Name"),
    "email_from": _("E-mail"),
    "phone": _("Phone"),
    "partner_name": _("Company"),
    "website": _("Website"),
    "function": _("Job title"),
    "description": _("Notes"),
    "type": _("Kind of lead"),
    "source_id": _("Source"),
    "medium_id": _("Medium"),
    "campaign_id": _("Campaign"),
    "tag_ids": _("Tags"),
}
FORGOTTEN = {
    "name": "Website Lead - forgotten",
    **dict.fromkeys(("contact_name", "email_from", "phone", "partner_name", "website", "function", "description"), ""),
}


def lead(
    lead: Lead, touchpoints: Sequence[Touchpoint], *, lead_type: str, bookings: Mapping[str, Booking] | None = None
) -> Values:
    """A lead and its touchpoints (oldest first) as a crm.lead; a forgotten one as nobody.

    `bookings`, with their consultants, are by the keys of their touchpoints.
    """
    if lead.is_forgotten:
        return dict(FORGOTTEN)
    values = {
        "name": f"Website Lead - {lead.name or lead.email}",
        "contact_name": lead.name,
        "email_from": lead.email,
        "phone": lead.phone,
        "partner_name": lead.company,
        "website": lead.website,
        "function": lead.job_title,
        "description": description(touchpoints, bookings or {}),
        "type": lead_type,
        "source_id": SOURCE,
        "medium_id": medium(touchpoints),
        "campaign_id": campaign(touchpoints),
        "tag_ids": TAG,
    }
    return {field: clean(value) for field, value in values.items()}


def medium(touchpoints: Sequence[Touchpoint]) -> str:
    """By the first touchpoint: what brought the person to us."""
    first = next(iter(touchpoints), None)
    return MEDIUM.get(Touchpoint.Kind(first.kind), OTHER_MEDIUM) if first else OTHER_MEDIUM


def campaign(touchpoints: Sequence[Touchpoint]) -> str:
    """The first campaign that we know of."""
    named = (touch.first_utm_campaign or touch.utm_campaign for touch in touchpoints)
    return next((name for name in named if name), "")


def description(touchpoints: Sequence[Touchpoint], bookings: Mapping[str, Booking]) -> str:
    """HTML, escaped: the latest touchpoints, newest first, with what the person wrote."""
    newest = list(reversed(touchpoints))[:TOUCHPOINTS_TOLD]
    return (
        "<p>" + "<br/>".join(line for touch in newest for line in told(touch, bookings.get(touch.key))) + "</p>"
        if newest
        else ""
    )


def told(touch: Touchpoint, booking: Booking | None) -> list[str]:
    about = appointment(booking) if booking else title(touch)
    lines = [f"{WHAT[Touchpoint.Kind(touch.kind)]}{about} ({minute(touch.captured_at)})"]
    lines += clean(touch.message).splitlines()
    return [html.escape(line) for line in lines]


def appointment(booking: Booking) -> str:
    """When and with whom, as it stands today."""
    when = f"{minute(booking.starts_at)} with {clean(booking.consultant.name)}"
    return f": {booking.reference}, {when}{STANDING.get(Status(booking.status), '')}"


def minute(moment: datetime) -> str:
    """By the firm's clock."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")


def title(touch: Touchpoint) -> str:
    if touch.whitepaper is None:
        return ""
    with translation.override("en"):
        return f": {touch.whitepaper.title}"


def clean(text: str) -> str:
    """Without control characters: one of them makes Odoo refuse the whole call."""
    return CONTROL.sub("", text)


# --- what they hold, in the same words --------------------------------------------------------------------------------


def held(field: str, value: Any) -> str:
    """A value as `read` returns it: False for nothing, [id, name] for a relation."""
    if isinstance(value, list):
        return str(value[1]) if len(value) == 2 and isinstance(value[1], str) else ""
    return "" if value is False or value is None else str(value)


def is_told(value: Any) -> bool:
    """Whether `read` tells what is there; of several related records it gives numbers only."""
    return not isinstance(value, list) or bool(held("", value))


def same(field: str, ours: str, theirs: str) -> bool:
    """Whether both mean the same, after what Odoo makes of it: a scheme for a website, paragraphs round a text."""
    return _plain(field, ours) == _plain(field, theirs)


def _plain(field: str, value: str) -> str:
    if field == "website":
        return re.sub(r"^https?://", "", value.strip(), flags=re.IGNORECASE).rstrip("/")
    if field == "description":
        value = html.unescape(re.sub(r"<[^>]+>", " ", value))
    return " ".join(value.split())

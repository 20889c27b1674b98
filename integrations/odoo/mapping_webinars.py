"""Our webinars in Odoo's words: pure functions, with values as in `mapping`."""

import html
from datetime import UTC, datetime

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from integrations.book import Values
from webinars.models import Registration, Session
from webinars.models.registration import SEATED

from .mapping import clean

WEBINAR = "Webinar"  # the name of the tag, and of the event type if there is one
DATETIME = "%Y-%m-%d %H:%M:%S"
YES, NO = "True", ""  # as `mapping.held` tells a boolean; `load` reads both

SESSION_RELATIONS = {"event_type_id": "event.type", "tag_ids": "event.tag", "stage_id": "event.stage"}
SESSION_LABELS = {
    "name": _("Title"),
    "date_begin": _("Start (UTC)"),
    "date_end": _("End (UTC)"),
    "date_tz": _("Time zone"),
    "seats_limited": _("Seats are limited"),
    "seats_max": _("Seats"),
    "description": _("Description"),
    "website_published": _("Shown on Odoo's website"),
    "event_url": _("Join link"),
    "event_type_id": _("Event template"),
    "tag_ids": _("Tags"),
    "stage_id": _("Stage"),
    "kanban_state": _("Stage"),
}
REGISTRATION_LABELS = {
    "name": _("Name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "company_name": _("Company"),
    "state": _("State"),
}
# Once, when the event is made: Odoo would put our own address there, and write to the attendees itself.
EVENT_AT_BIRTH = {"address_id": "", "event_mail_ids": ""}
FORGOTTEN_REGISTRATION = {"name": "Forgotten", "email": "", "phone": "", "company_name": "", "partner_id": ""}
FORGOTTEN_PARTNER = {
    "name": "Forgotten",
    **dict.fromkeys(
        (
            "email", "phone", "mobile", "company_name", "function", "website",
            "street", "street2", "zip", "city", "comment",
        ),
        "",
    ),
}  # fmt: skip
ATTENDED, OPEN, CANCELLED, DRAFT = "done", "open", "cancel", "draft"


def session(session: Session, *, join_link: bool) -> Values:
    """An event.event, in English; with the join link if Odoo may have it."""
    with translation.override("en"):
        title, text = session.topic.title, session.topic.description
    values = {
        "name": title,
        "date_begin": utc(session.starts_at),
        "date_end": utc(session.ends_at),
        "date_tz": session.zone,
        "seats_limited": YES if session.capacity else NO,
        "seats_max": str(session.capacity or 0),
        "description": description(text, session.presenter),
        "website_published": YES if session.status in (Session.Status.PUBLISHED, Session.Status.COMPLETED) else NO,
        "event_url": session.meeting_url if join_link else "",
        "event_type_id": WEBINAR,
        "tag_ids": WEBINAR,
    }
    return {field: clean(value) for field, value in values.items()}


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(DATETIME)


def description(text: str, presenter: str) -> str:
    """HTML, escaped; line by line as it was written."""
    lines = [line for part in (text, presenter) if part for line in clean(part).splitlines()]
    return "<p>" + "<br/>".join(html.escape(line) for line in lines) + "</p>" if lines else ""


def partner(registration: Registration) -> Values:
    """A res.partner, as it is made of somebody whom Odoo does not know."""
    values = {
        "name": registration.name or registration.email,
        "email": registration.email,
        "phone": registration.phone,
        "company_name": registration.company,
    }
    return {field: clean(value) for field, value in values.items()}


def registration(registration: Registration) -> Values:
    """An event.registration, without event and partner."""
    return {**partner(registration), "state": state(registration)}


def state(registration: Registration) -> str:
    """Odoo hears of those only who have a seat: whoever waits or has yet to pay has none there."""
    if registration.status not in SEATED:
        return CANCELLED
    return ATTENDED if registration.status == Registration.Status.ATTENDED else OPEN

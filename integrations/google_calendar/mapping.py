"""A booking in Google's words, and an entry in ours. Nothing is asked and nothing is written here.

`Values` are what the book keeps of an entry, field by field and as text: an entry that somebody changed differs in
them from what we sent.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from bookings.models.booking import Answer, Status
from bookings.models.consultant import MeetingType
from bookings.spans import Span
from integrations.book import Values
from leads.addresses import normalise

from . import names

Json = dict[str, Any]

LABELS = {
    "status": gettext_lazy("Status"),
    "summary": gettext_lazy("Title"),
    "description": gettext_lazy("Description"),
    "location": gettext_lazy("Place"),
    "starts_at": gettext_lazy("Begins"),
    "ends_at": gettext_lazy("Ends"),
    "attendees": gettext_lazy("Guests"),
}
TEXTS = ("summary", "description", "location")
WHEN = ("starts_at", "ends_at")
TOLD_TO_GUESTS = frozenset({"status", "location", "attendees", *WHEN})  # a change of these is worth a mail
THERE, DELETED = "confirmed", "cancelled"
ANSWERS = {
    "accepted": Answer.ACCEPTED.value,
    "tentative": Answer.TENTATIVE.value,
    "declined": Answer.DECLINED.value,
    "needsAction": "",
}
REMINDERS = {
    "useDefault": False,
    "overrides": [{"method": "email", "minutes": 24 * 60}, {"method": "popup", "minutes": 30}],
}
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


class Conference(StrEnum):
    """How far Google is with the video conference of an entry."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


# --- a booking, as an entry -------------------------------------------------------------------------------------------


def values(booking: Booking, *, minimal: bool) -> Values:
    """What its entry says, in the client's language: the client is invited by it.

    `minimal` keeps the client out of it: for calendars that others read.
    """
    place = booking.consultant.place if booking.meeting_type == MeetingType.IN_PERSON else ""
    with translation.override(booking.language or settings.LANGUAGE_CODE):
        title = _("Consultation - %(name)s") % {"name": booking.reference if minimal else booking.name}
        return {
            "status": THERE,
            "summary": same_lines(title),
            "description": same_lines(reference_and_link(booking) if minimal else description(booking)),
            "location": same_lines(place),
            "starts_at": moment(booking.starts_at),
            "ends_at": moment(booking.ends_at),
            "attendees": listed([booking.consultant.email] if minimal else [booking.consultant.email, booking.email]),
        }


def description(booking: Booking) -> str:
    unknown = _("N/A")
    return "\n".join(
        [
            _("Consultation with %(client)s") % {"client": harmless(booking.name)},
            _("Company: %(company)s") % {"company": harmless(booking.company) or unknown},
            _("Email: %(email)s") % {"email": booking.email},
            _("Phone: %(phone)s") % {"phone": harmless(booking.phone) or unknown},
            "",
            _("Message:"),
            harmless(booking.message) or _("No specific message"),
            "",
            booking_reference(booking),
        ]
    )


def reference_and_link(booking: Booking) -> str:
    page = f"{settings.SITE_URL}{reverse('admin:index')}bookings/booking/{booking.pk}/change/"
    return f"{booking_reference(booking)}\n{page}"


def booking_reference(booking: Booking) -> str:
    return _("Booking Reference: %(reference)s") % {"reference": booking.reference}


def harmless(text: str) -> str:
    """Google shows descriptions as HTML: what a visitor wrote makes no links of its own."""
    return _TAG.sub("< ", text.strip())


def entry(booking: Booking, said: Values) -> Json:
    """The body of a new entry, under the name that we choose."""
    body = {
        "id": names.event_id(booking),
        **{name: said[name] for name in (*TEXTS, "status")},
        **when(booking, said),
        "attendees": guests(said["attendees"], booking),
        "reminders": REMINDERS,
        "extendedProperties": {"private": {"magnetiq": str(booking.uuid)}},
    }
    return {**body, **conference(booking)} if booking.meeting_type == MeetingType.VIDEO else body


def changed(booking: Booking, said: Values, fields: Iterable[str]) -> Json:
    """The body that brings these fields of an entry to what is `said`; guests come apart, see `guests`."""
    wanted = set(fields)
    body: Json = {name: said[name] for name in (*TEXTS, "status") if name in wanted}
    if wanted & set(WHEN):  # the date: in case somebody has made it a whole day
        body |= {key: {**at, "date": None} for key, at in when(booking, said).items()}
    return body


def when(booking: Booking, said: Values) -> Json:
    zone = booking.consultant.zone_info
    times = [datetime.fromisoformat(said[name]).astimezone(zone).isoformat() for name in WHEN]
    return {key: {"dateTime": at, "timeZone": zone.key} for key, at in zip(("start", "end"), times, strict=True)}


def guests(said: str, booking: Booking) -> list[Json]:
    """The consultant comes; the client has yet to answer."""
    comes = {normalise(booking.consultant.email): {"responseStatus": "accepted"}}
    return [{"email": email, **comes.get(email, {})} for email in said.split(", ") if email]


def conference(booking: Booking, number: int = 1) -> Json:
    request = {
        "requestId": names.conference_request(booking, number),
        "conferenceSolutionKey": {"type": "hangoutsMeet"},
    }
    return {"conferenceData": {"createRequest": request}}


def blank(booking: Booking) -> Json:
    """What is left of the entry of somebody who was forgotten."""
    with translation.override(settings.LANGUAGE_CODE):
        title = _("Consultation - %(name)s") % {"name": booking.reference}
    host = [{"email": booking.consultant.email, "responseStatus": "accepted"}]
    return {"summary": title, "description": "", "attendees": host}


# --- an entry, as we understand it ------------------------------------------------------------------------------------


def held(event: Json) -> Values:
    """What an entry says now. One whose days have no hours has no times."""
    span = span_of(event)
    return {
        "status": DELETED if is_deleted(event) else THERE,
        **{name: same_lines(event.get(name) or "") for name in TEXTS},
        "starts_at": moment(span.start) if span else "",
        "ends_at": moment(span.end) if span else "",
        "attendees": listed(guest.get("email", "") for guest in event.get("attendees", ())),
    }


def is_deleted(event: Json) -> bool:
    return bool(event.get("status") == DELETED)


def span_of(event: Json) -> Span | None:
    """None for whole days, and for what is left of a deleted entry."""
    start, end = (event.get(name, {}).get("dateTime") for name in ("start", "end"))
    if not start or not end:
        return None
    return Span(datetime.fromisoformat(start).astimezone(UTC), datetime.fromisoformat(end).astimezone(UTC))


def answer_of(event: Json, booking: Booking) -> str | None:
    """What the client answered; None where the client is no guest."""
    for guest in event.get("attendees", ()):
        if normalise(guest.get("email", "")) == normalise(booking.email):
            return ANSWERS.get(guest.get("responseStatus", ""), "")
    return None


def meeting_url(event: Json) -> str:
    """Where they meet; "" where Google has no place for it (yet)."""
    points = event.get("conferenceData", {}).get("entryPoints", ())
    video = (str(point["uri"]) for point in points if point.get("entryPointType") == "video" and point.get("uri"))
    return str(event.get("hangoutLink") or next(video, ""))


def conference_of(event: Json) -> Conference:
    if meeting_url(event):
        return Conference.READY
    request = event.get("conferenceData", {}).get("createRequest")
    if not request:
        return Conference.NONE
    code = request.get("status", {}).get("statusCode")
    return Conference.FAILED if code == "failure" else Conference.PENDING


def next_request(event: Json) -> int:
    """The number under which a conference that failed may be asked for again."""
    last = str(event.get("conferenceData", {}).get("createRequest", {}).get("requestId", ""))
    number = re.fullmatch(r"booking-.{36}-(\d+)", last)
    return int(number[1]) + 1 if number else 2


# --- words ------------------------------------------------------------------------------------------------------------


def moment(at: datetime) -> str:
    """ISO 8601, UTC, to the second: Google keeps no parts of one."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def listed(emails: Iterable[str]) -> str:
    return ", ".join(sorted({normalise(email) for email in emails if email}))


def same_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def is_agreed(booking: Booking) -> bool:
    """Only what is agreed has an entry: who merely asked for a meeting is not in anybody's calendar."""
    return booking.status == Status.CONFIRMED

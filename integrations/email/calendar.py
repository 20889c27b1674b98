"""What a letter brings for the reader's calendar, and takes away again (iTIP, RFC 5546)."""

from django.utils.translation import gettext as _
from icalendar import Event, vCalAddress

from webinars import links
from webinars.calendar import calendar, own
from webinars.models import Registration

from . import addresses
from .letters.base import Enclosure, Recipient
from .settings import EmailSettings

REQUEST, CANCEL = "REQUEST", "CANCEL"


def invitation(registration: Registration, recipient: Recipient, settings: EmailSettings) -> list[Enclosure]:
    """Puts the session into a calendar, or brings the entry that is there up to date."""
    return enclosed(calendar([entry(registration, recipient, settings)], method=REQUEST), REQUEST, "webinar.ics")


def cancellation(registration: Registration, recipient: Recipient, settings: EmailSettings) -> list[Enclosure]:
    """Takes it out again."""
    taken = entry(registration, recipient, settings)
    taken.status = "CANCELLED"
    return enclosed(calendar([taken], method=CANCEL), CANCEL, "webinar.ics")


def enclosed(file: bytes, method: str, name: str) -> list[Enclosure]:
    """Twice: mail programs offer to accept the one, and people open the other where theirs does not."""
    return [Enclosure(f"text/calendar; method={method}", file.decode()), Enclosure("application/ics", file, name)]


def entry(registration: Registration, recipient: Recipient, settings: EmailSettings) -> Event:
    """Of what is true now, in the active language. The same bytes until something changes."""
    session, page = registration.session, links.manage(registration)
    join = [_("Join the webinar: %(url)s") % {"url": session.meeting_url}] if session.meeting_url else []
    made = own(
        registration,
        url=session.meeting_url or page,
        location=session.meeting_url,
        description="\n".join([*join, _("Change or cancel your registration: %(url)s") % {"url": page}]),
    )
    made.add("ORGANIZER", person(settings.from_name, settings.from_email))
    made.add("ATTENDEE", person(recipient.name, recipient.address, PARTSTAT="ACCEPTED", RSVP="FALSE"))
    return made


def person(name: str, address: str, **parameters: str) -> vCalAddress:
    made = vCalAddress(f"mailto:{addresses.as_sent(address)}")
    made.params.update({**({"CN": name} if name else {}), **parameters})
    return made

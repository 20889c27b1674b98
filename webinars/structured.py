"""A session in the words of schema.org, for search engines."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from webinars.availability import Availability, State
from webinars.models import Session

SCHEMA = "https://schema.org/"
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
AVAILABILITY = {State.OPEN: "InStock", State.WAITING_LIST: "SoldOut", State.FULL: "SoldOut", State.NOT_YET: "PreOrder"}


def event(request: HttpRequest, session: Session, offered: Availability) -> SafeString:
    """A block of data: browsers execute nothing in it, so that it needs no leave from the content security policy."""
    text = json.dumps(described(request, session, offered), ensure_ascii=False).translate(ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 (escaped above)


def described(request: HttpRequest, session: Session, offered: Availability) -> dict[str, Any]:
    url = request.build_absolute_uri(reverse("webinars:session", args=[session.slug]))
    cancelled = session.status == Session.Status.CANCELLED
    told = {
        "@context": SCHEMA,
        "@type": "Event",
        "name": session.topic.title,
        "description": session.topic.description,
        "startDate": session.local_start.isoformat(),
        "endDate": session.ends_at.astimezone(session.local_start.tzinfo).isoformat(),
        "eventAttendanceMode": f"{SCHEMA}OnlineEventAttendanceMode",
        "eventStatus": f"{SCHEMA}{'EventCancelled' if cancelled else 'EventScheduled'}",
        "inLanguage": session.languages,
        "location": {"@type": "VirtualLocation", "url": url},
        "organizer": {"@type": "Organization", "name": settings.COMPANY_NAME, "url": settings.SITE_URL},
        "offers": offer(session, offered, url),
    }
    return told | ({"performer": {"@type": "Person", "name": session.presenter}} if session.presenter else {})


def offer(session: Session, offered: Availability, url: str) -> dict[str, Any]:
    told = {
        "@type": "Offer",
        "url": url,
        "price": str(session.price),
        "priceCurrency": session.currency,
        "availability": f"{SCHEMA}{AVAILABILITY.get(offered.state, 'Discontinued')}",
    }
    opens_at = session.registration_opens_at
    return told | ({"validFrom": opens_at.isoformat()} if opens_at else {})

"""The published sessions as a calendar to subscribe to."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Event

from leads.ics import CALENDAR
from webinars.calendar import calendar, event
from webinars.models import Session


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """What lies ahead, in the language of the address; whoever has subscribed asks again and again."""
    sessions = Session.objects.upcoming(timezone.now()).select_related("topic")
    name = _("Webinars of %(company)s") % {"company": settings.COMPANY_NAME}
    return HttpResponse(calendar([announced(session) for session in sessions], name=name), content_type=CALENDAR)


def announced(session: Session) -> Event:
    """Without the meeting link, which is for who registered."""
    url = f"{settings.SITE_URL}{reverse('webinars:session', args=[session.slug])}"
    return event(session, uid=session.uuid.hex, url=url, description=session.topic.description)

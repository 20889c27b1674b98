"""The webinar pages. `embedded` is the same page inside a frame, see `leads.embedding`."""

from http import HTTPStatus

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from leads import throttle, utm, zones
from leads.embedding import show_page
from webinars import actions, availability, catalogue, links, structured
from webinars.actions import Registered
from webinars.availability import Availability
from webinars.errors import WebinarError
from webinars.forms import RegistrationForm
from webinars.models import Registration, Session
from webinars.models.registration import Status

POSTS, WINDOW = 10, 600
PAGE = 20
KNOWN = "registered"  # already, which a session that costs something cannot hide: newcomers go on to pay
THANKED = (Status.CONFIRMED, Status.WAITLISTED, Status.PENDING_PAYMENT, KNOWN)


@require_safe
def session_list(request: HttpRequest, *, embedded: bool = False) -> HttpResponse:
    now = timezone.now()
    wish = catalogue.Wish.of(request.GET)
    page = Paginator(wish.sessions(now), PAGE).get_page(request.GET.get("page"))
    offers = [(session, availability.of(session, now)) for session in page]
    context = {"offers": offers, "page": page, "wish": wish, "choices": catalogue.choices(now)}
    return show_page(request, "webinars/list", context, embedded=embedded)


@require_http_methods(["GET", "HEAD", "POST"])
def session_detail(request: HttpRequest, slug: str, *, embedded: bool = False) -> HttpResponse:
    session = visible_session(slug)
    if request.method == "POST":
        return take(request, session, embedded=embedded)
    initial = {"referrer": utm.outside_referrer(request), "zone": zones.of_visitor(request)}
    return show(request, session, RegistrationForm(initial=initial), embedded=embedded)


@require_safe
def thanks(request: HttpRequest, slug: str, status: str, *, embedded: bool = False) -> HttpResponse:
    if status not in THANKED:
        raise Http404
    context = {"session": visible_session(slug), "status": status}
    return show_page(request, "webinars/thanks", context, embedded=embedded)


def visible_session(slug: str) -> Session:
    session: Session = get_object_or_404(availability.counted(availability.visible()), slug=slug)
    return session


def take(request: HttpRequest, session: Session, *, embedded: bool) -> HttpResponse:
    """What was typed becomes a registration, or comes back with what is wrong with it.

    Whoever is registered already is refused as everybody else is: the answer must not tell strangers who is.
    """
    form = RegistrationForm(request.POST)
    offered = availability.of(session, timezone.now())
    if wait := throttle.seconds_to_wait("webinar", throttle.visitor(request), limit=POSTS, window=WINDOW):
        return too_often(request, session, form, wait, embedded=embedded)
    if form.is_robot:
        return thank(request, session, availability.of_newcomer(session, offered), embedded=embedded)
    if not form.is_valid():
        return show(request, session, form, status=HTTPStatus.UNPROCESSABLE_ENTITY, embedded=embedded)
    if not offered.takes_registrations:
        return show(request, session, form, status=HTTPStatus.CONFLICT, embedded=embedded)
    told = form.of_page(session.slug, utm=utm.last_touch(request), first_utm=utm.first_touch(request))
    try:
        registered = actions.register(session, told)
    except WebinarError as refusal:  # since we looked
        again = visible_session(session.slug)
        return show(request, again, form, status=HTTPStatus.CONFLICT, refusal=str(refusal), embedded=embedded)
    return after(request, registered, offered, embedded=embedded)


def after(request: HttpRequest, registered: Registered, offered: Availability, *, embedded: bool) -> HttpResponse:
    """A newcomer goes on to the payment. A second try is told the same whatever became of the first: what a newcomer
    would be, or where there is something to pay, that there was a first."""
    registration, session = registered.registration, registered.registration.session
    if not registered.is_new:
        status = availability.of_newcomer(session, offered) if session.is_free else KNOWN
        return thank(request, session, status, embedded=embedded)
    if registration.status == Status.PENDING_PAYMENT:
        return go_and_pay(request, registration, embedded=embedded)
    return thank(request, session, registration.status, embedded=embedded)


def go_and_pay(request: HttpRequest, registration: Registration, *, embedded: bool) -> HttpResponse:
    """The payment page may stand in nobody's frame, so from inside one it takes a click to get there."""
    url = reverse("webinars:pay", args=[links.token_of(registration)])
    if not embedded:
        return redirect(url)
    context = {"session": registration.session, "pay_url": url}
    return show_page(request, "webinars/pay_elsewhere", context, embedded=True)


def thank(request: HttpRequest, session: Session, status: str, *, embedded: bool) -> HttpResponse:
    url = reverse("webinars:embed_thanks" if embedded else "webinars:thanks", args=[session.slug, str(status)])
    return redirect(f"{url}{zones.query(request)}" if embedded else url)


def too_often(
    request: HttpRequest, session: Session, form: RegistrationForm, wait: int, *, embedded: bool
) -> HttpResponse:
    minutes = -(-wait // 60)
    status = HTTPStatus.TOO_MANY_REQUESTS
    response = show(request, session, form, status=status, minutes_to_wait=minutes, embedded=embedded)
    response["Retry-After"] = str(wait)
    return response


def show(
    request: HttpRequest,
    session: Session,
    form: RegistrationForm,
    *,
    embedded: bool,
    status: int = HTTPStatus.OK,
    minutes_to_wait: int = 0,
    refusal: str = "",
) -> HttpResponse:
    offered = availability.of(session, timezone.now())
    context = {
        "session": session,
        "offered": offered,
        "form": form,
        "minutes_to_wait": minutes_to_wait,
        "refusal": refusal,
        "structured": structured.event(request, session, offered),
    }
    return show_page(request, "webinars/session", context, status=status, embedded=embedded)

"""The page where a held seat is paid, in the provider's own form: no card number ever reaches us.

It shows what our database knows. Looking at it changes nothing: the provider is first asked by our script, so that
neither programs which follow links nor a slow provider keep the page waiting, and the secret that opens the payment
stands in no page that could be kept. What the provider appends to the address on the way back is not believed.
"""

from decimal import Decimal
from http import HTTPStatus

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables

from leads import throttle, zones
from leads.letter_views import behind_link, opened
from webinars import checkout, links, standing
from webinars.errors import WebinarError
from webinars.ports import PaymentForm
from webinars.standing import Standing, State

STARTS, WINDOW = 60, 600
BACK = "payment_intent"  # what the provider appends when it sends somebody back
SOON, SELDOM = 2, 10  # seconds until the page looks again, at first: after paying, and before
LONGEST, MOST_TURNS = 60, 500


@behind_link
def pay(request: HttpRequest, token: str) -> HttpResponse:
    found = opened(links.opened, token)
    if BACK in request.GET:
        checkout.refresh(found)
        return redirect(request.path)  # the rest of that address holds the secret
    stands = standing.of(found)
    if found.is_forgotten or stands.state == State.ELSEWHERE:
        return redirect("webinars:registration", token)
    form = checkout.form() if stands.is_payable else None
    context = {**shown(request, stands, token), "form": form, "may_pay_here": form is not None}
    context["is_down"] = stands.is_payable and form is None
    return admitting(form, render(request, "webinars/pay.html", context))


@behind_link
def state(request: HttpRequest, token: str) -> HttpResponse:
    """What the page asks for again and again: when to look the next time, and what is new if anything is."""
    stands = standing.of(opened(links.opened, token))
    context = shown(request, stands, token)
    context["is_news"] = request.GET.get("seen") != stands.fingerprint
    return render(request, "webinars/pay_news.html", context)


@behind_link
@sensitive_variables("started")
def start(request: HttpRequest, token: str) -> HttpResponse:
    """The secret with which the provider's form pays this seat: the same one however often and wherever it is asked."""
    found = opened(links.opened, token)
    if request.method != "POST":
        return redirect("webinars:pay", token)
    if wait := throttle.seconds_to_wait("payment", throttle.visitor(request), limit=STARTS, window=WINDOW):
        return JsonResponse({}, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})
    try:
        started = checkout.start(found)
    except WebinarError:  # paid meanwhile, or too late: the page says which
        return JsonResponse({}, status=HTTPStatus.CONFLICT)
    if started is None or not started.client_secret:
        return JsonResponse({}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"secret": started.client_secret, "price": price_of(started.amount, started.currency)})


def shown(request: HttpRequest, stands: Standing, token: str) -> dict[str, object]:
    turn = number(request, "turn")
    hurried = "hurry" in request.GET
    session = stands.registration.session
    return {
        "stands": stands,
        "registration": stands.registration,
        "session": session,
        "token": token,
        "price": price_of(session.price, session.currency),
        "visitor_zone": stands.registration.zone or zones.of_visitor(request),
        "may_pay_here": "form" in request.GET,
        "hurried": hurried,
        "turn": turn + 1,
        "pause": pause(SOON if hurried else SELDOM, turn),
        "looks_again": not stands.is_settled and turn < MOST_TURNS,
    }


def pause(first: int, turn: int) -> int:
    """Seconds until the page looks again: ever longer while nothing happens."""
    return min(LONGEST, int(first * 1.3 ** min(turn, 50)))


def number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def price_of(amount: Decimal, currency: str) -> str:
    """So that a page which shows another price than the one that is asked for now can tell."""
    return f"{amount:.2f} {currency}"


def admitting(form: PaymentForm | None, response: HttpResponse) -> HttpResponse:
    """Let the browser talk to the provider, from this answer alone and no further than the form needs."""
    if form:
        vars(response)["_csp_replace"] = {
            "script-src": [SELF, *form.script_origins],
            "frame-src": list(form.frame_origins),
            "connect-src": [SELF, *form.connect_origins],
        }
    return response

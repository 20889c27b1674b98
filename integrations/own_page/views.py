"""The person's own page. Looking changes nothing, only buttons do.

The token in the address is the key to all of it: the pages are kept by nobody and tell their address to nobody but
ourselves. (Not even that, with "no-referrer", would be too little: browsers then send forms without an origin, which
Django's CSRF check refuses.)
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations import erasure, outbox, person, registry, words
from integrations.models import Erasure
from integrations.replaying import AGAIN
from leads import actions, throttle
from leads.models import Lead, Touchpoint

from .links import opened
from .sections import EMAIL, SECTIONS

WINDOW = 600  # seconds, in which one visitor may
LOOKS, ACTS = 60, 10
LETTER = "whitepaper_delivery"

OwnView = Callable[..., HttpResponse]
View = Callable[..., HttpResponse]


def own(view: OwnView) -> View:
    """A view of the lead whose link this is, in the lead's language. 404 for a forged token, 410 for one that ended."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, token: str, **arguments: int) -> HttpResponse:
        try:
            lead, holds = opened(token)
        except BadSignature:
            raise Http404 from None
        with translation.override(lead.language or translation.get_language()):
            response = answer(request, lead, holds, lambda: view(request, lead, token, **arguments))
            response["Content-Language"] = translation.get_language()
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return page


def answer(request: HttpRequest, lead: Lead, holds: bool, shown: Callable[[], HttpResponse]) -> HttpResponse:
    if not holds:
        state = "forgotten" if lead.is_forgotten else "moved"
        return render(request, "own_page/gone.html", {"state": state}, status=HTTPStatus.GONE)
    if wait := seconds_to_wait(request):
        response = render(request, "own_page/busy.html", status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(wait)
        return response
    return shown()


def seconds_to_wait(request: HttpRequest) -> int:
    scope, limit = ("own_page.act", ACTS) if request.method == "POST" else ("own_page.look", LOOKS)
    return throttle.seconds_to_wait(scope, throttle.visitor(request), limit=limit, window=WINDOW)


@require_safe
@own
def show(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    sections = [section(lead) for section in SECTIONS]
    done = request.GET.get("done", "")
    return render(request, "own_page/page.html", {"lead": lead, "token": token, "sections": sections, "done": done})


@require_POST
@own
def send_again(request: HttpRequest, lead: Lead, token: str, touchpoint: int) -> HttpResponse:
    """Promise the whitepaper's letter once more; pressed twice at the same moment, one letter."""
    sendable = lead.touchpoints.filter(whitepaper__published=True, downloads__lt=actions.MOST_DOWNLOADS)
    wanted = get_object_or_404(sendable, pk=touchpoint)
    before = person.deliveries(lead).filter(
        integration__slug=EMAIL,
        operation=LETTER,
        subject_type=Touchpoint._meta.label_lower,
        subject_id=wanted.pk,
        key__contains=AGAIN,
    )
    outbox.once(registry.operation(EMAIL, LETTER), wanted, f"{AGAIN}{before.count() + 1}")
    return back(token, "sent")


@require_POST
@own
def withdraw(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    actions.withdraw_consent(lead)
    return back(token, "withdrawn")


@require_safe
@own
def export(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Everything that we hold, as a file."""
    found = {section.name: section.exported for section in (make(lead) for make in SECTIONS)}
    response = JsonResponse(
        {"exported_at": timezone.now(), **found}, json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@own
def forget(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """GET asks, POST forgets; the page after it is the last."""
    if request.method != "POST":
        return render(request, "own_page/forget.html", {"token": token})
    done = erasure.forget(lead.email, via=Erasure.Via.VISITOR)
    told = dict.fromkeys(words.service(item.system) for item in done.items.filter(done_at=None))
    return render(request, "own_page/forgotten.html", {"erasure": done, "open": list(told)})


def back(token: str, done: str) -> HttpResponse:
    address = redirect("integrations:own_page", token)
    address["Location"] += f"?done={done}"
    return address

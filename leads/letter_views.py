"""The pages behind the links in our letters.

Programs that look at mail follow every link in it: looking therefore changes nothing, only the button does. The token
in the address is all the proof there is, so the pages tell their address nobody. A browser that is told so names no
origin with the form either, which Django's CSRF check refuses; and there is nothing for that check to protect, as no
cookie means anything here.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from pathlib import PurePath
from typing import Any, TypeVar

import structlog
from django.core.files import File
from django.core.signing import BadSignature
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leads import actions, links, throttle
from leads.consents import marketing_text
from leads.models import Consent, Touchpoint, Whitepaper

POSTS, WINDOW = 10, 600

log = structlog.get_logger(__name__)
View = Callable[..., HttpResponseBase]
Row = TypeVar("Row")


def behind_link(view: View) -> View:
    """A page for who has the link, and for nobody else: not for search engines, caches and the pages it links to."""

    @wraps(view)
    def page(request: HttpRequest, token: str, **options: Any) -> HttpResponseBase:
        response = view(request, token, **options)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return csrf_exempt(never_cache(require_http_methods(["GET", "HEAD", "POST"])(page)))


@behind_link
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    touchpoint, holds = opened(links.open_download, token)
    whitepaper = touchpoint.whitepaper
    if whitepaper is None:  # we make no link to nothing
        raise Http404
    if gone := why_no_download(touchpoint, whitepaper, holds=holds):
        return show_download(request, touchpoint, gone, status=HTTPStatus.GONE)
    if request.method != "POST":
        return show_download(request, touchpoint, "ready")
    if wait := seconds_to_wait(request, "download"):
        return later(show_download(request, touchpoint, "busy", status=HTTPStatus.TOO_MANY_REQUESTS), wait)
    return hand_out(request, touchpoint, whitepaper)


@behind_link
def confirm(request: HttpRequest, token: str) -> HttpResponseBase:
    consent, holds = opened(links.open_confirm, token)
    if consent.lead.is_forgotten or consent.withdrawn_at:
        return show_consent(request, consent, "withdrawn", status=HTTPStatus.GONE)
    if consent.confirmed_at:
        return show_consent(request, consent, "confirmed")
    if not holds:
        return show_consent(request, consent, "expired", status=HTTPStatus.GONE)
    if request.method != "POST":
        return show_consent(request, consent, "waiting")
    if wait := seconds_to_wait(request, "confirm"):
        return later(show_consent(request, consent, "busy", status=HTTPStatus.TOO_MANY_REQUESTS), wait)
    if not actions.confirm_consent(consent):  # withdrawn, or the lead forgotten, since we looked
        return show_consent(request, consent, "withdrawn", status=HTTPStatus.GONE)
    return show_consent(request, consent, "confirmed")


@behind_link
def unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """Also what a mail program's own button posts to (RFC 8058): without cookies, and not to be redirected.

    Not throttled by address, as the others are: one mail server asks for all of its users.
    """
    lead = opened(links.open_unsubscribe, token)
    if lead.is_forgotten:
        return show_unsubscribe(request, "forgotten", status=HTTPStatus.GONE)
    if request.method == "POST":
        actions.withdraw_consent(lead)
        return show_unsubscribe(request, "done")
    return show_unsubscribe(request, "asked")


def opened(opener: Callable[[str], Row], token: str) -> Row:
    try:
        return opener(token)
    except BadSignature:
        raise Http404 from None


def why_no_download(touchpoint: Touchpoint, whitepaper: Whitepaper, *, holds: bool) -> str:
    """The state in whose words the page says so; "" when the file can be had."""
    if not whitepaper.published:
        return "unpublished"
    if touchpoint.lead.is_forgotten:
        return "expired"
    if not holds:
        return "expired"
    return "used_up" if touchpoint.downloads >= actions.MOST_DOWNLOADS else ""


def hand_out(request: HttpRequest, touchpoint: Touchpoint, whitepaper: Whitepaper) -> HttpResponseBase:
    """The file is opened before it is counted: a file that is missing must cost nobody a download."""
    try:
        file = whitepaper.file.open("rb")
    except (OSError, ValueError):  # ValueError: there is not even a name
        log.exception("the file of a whitepaper cannot be read", whitepaper=whitepaper.slug)
        return show_download(request, touchpoint, "missing", status=HTTPStatus.SERVICE_UNAVAILABLE)
    if actions.record_download(touchpoint):
        return attachment(file, whitepaper)
    file.close()
    return show_download(request, touchpoint, "used_up", status=HTTPStatus.GONE)


def attachment(file: "File[bytes]", whitepaper: Whitepaper) -> FileResponse:
    name = f"{whitepaper.slug}{PurePath(file.name or '').suffix}"
    return FileResponse(file, as_attachment=True, filename=name)


def seconds_to_wait(request: HttpRequest, scope: str) -> int:
    return throttle.seconds_to_wait(scope, throttle.visitor(request), limit=POSTS, window=WINDOW)


def later(response: HttpResponse, wait: int) -> HttpResponse:
    response["Retry-After"] = str(wait)
    return response


def show_download(request: HttpRequest, touchpoint: Touchpoint, state: str, *, status: int = 200) -> HttpResponse:
    context = {"state": state, "whitepaper": touchpoint.whitepaper, "days": links.DOWNLOAD_AGE.days}
    return render(request, "leads/download.html", context, status=status)


def show_consent(request: HttpRequest, consent: Consent, state: str, *, status: int = 200) -> HttpResponse:
    context = {"state": state, "words": marketing_text(consent.text_version)}
    return render(request, "leads/confirm.html", context, status=status)


def show_unsubscribe(request: HttpRequest, state: str, *, status: int = 200) -> HttpResponse:
    return render(request, "leads/unsubscribe.html", {"state": state}, status=status)

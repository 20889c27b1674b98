"""What operators see of a letter: its HTML, its text, its bytes."""

from typing import Any
from urllib.parse import urlencode

from csp.constants import SELF
from django.conf import settings as django_settings
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from integrations import configuration
from integrations.errors import IntegrationError
from integrations.models import Delivery

from . import editing
from .client import on_the_wire
from .forms import WordsForm
from .letters import Letter
from .letters.composing import preview as composed
from .letters.message import Message
from .settings import EmailSettings

PARTS = {"html": _("HTML"), "text": _("Text"), "source": _("Source")}
MOST_CHOICES = 20


def choices(letter: type[Letter[Any]], user: Any) -> list[tuple[int, str]]:
    """(id, name) of the latest real objects that the letter can be looked at with, for who may know of people."""
    subjects = letter.subjects() if user.has_perm("leads.view_lead") else None
    if subjects is None:
        return []
    return [(subject.pk, name_of(letter, subject)) for subject in subjects[:MOST_CHOICES]]


def name_of(letter: type[Letter[Any]], subject: Model) -> str:
    try:
        recipient = letter.recipient(subject, "")
    except IntegrationError as error:
        return f"{subject}: {error.message}"
    return f"{recipient.name or recipient.address}: {subject}"


def preview(request: HttpRequest, letter: type[Letter[Any]]) -> HttpResponse:
    """The part that `part` names, of the letter about `subject` (a sample without), in `language`."""
    asked = request.POST if request.method == "POST" else request.GET
    language = asked.get("language", "")
    draft = None
    if request.method == "POST":
        form = WordsForm(letter, request.POST)
        form.full_clean()
        if form.errors:
            return notice(request, [str(text) for texts in form.errors.values() for text in texts])
        draft = form.words_in(language if language in editing.LANGUAGES else editing.LANGUAGES[0])
    try:
        message = composed(
            letter,
            chosen(request, letter, asked.get("subject", "")),
            settings=settings(),
            occasion=asked.get("occasion", ""),
            language=language,
            draft=draft,
        )
    except IntegrationError as error:
        return notice(request, [error.message])
    return shown(message, asked.get("part", ""))


def chosen(request: HttpRequest, letter: type[Letter[Any]], pk: str) -> Model | None:
    subjects = letter.subjects() if request.user.has_perm("leads.view_lead") else None
    return subjects.filter(pk=pk).first() if subjects is not None and pk.isdigit() and len(pk) < 19 else None


def settings() -> EmailSettings:
    """Those that letters are sent by; while there are none, such as make a letter all the same."""
    service = configuration.service_on(editing.own_connection())
    found = service.settings if service else None
    return found if isinstance(found, EmailSettings) else EmailSettings(host="localhost", from_email=office())


def office() -> str:
    return django_settings.DEFAULT_FROM_EMAIL if "." in django_settings.DEFAULT_FROM_EMAIL else "office@example.com"


def shown(message: Message, part: str) -> HttpResponse:
    match part:
        case "text":
            headers = [f"{name}: {message.extra_headers.get(name, '')}" for name in ("To", "Date")]
            told = "\n".join([f"Subject: {message.subject}", *headers])
            return HttpResponse(f"{told}\n\n{message.body}", content_type="text/plain; charset=utf-8")
        case "source":
            return HttpResponse(on_the_wire(message.message()), content_type="text/plain; charset=utf-8")
        case "file":
            disposition = {"Content-Disposition": 'attachment; filename="letter.eml"'}
            return HttpResponse(on_the_wire(message.message()), content_type="message/rfc822", headers=disposition)
        case _:
            return HttpResponse(message.html)


def notice(request: HttpRequest, reasons: list[str]) -> HttpResponse:
    return render(request, "admin/integrations/letters/notice.html", {"reasons": reasons}, status=422)


def part_of(request: HttpRequest) -> str:
    part = request.GET.get("part", "")
    return part if part in PARTS else "html"


def query_of(promise: Delivery) -> str:
    """What asks the preview for the letter of this promise."""
    return urlencode({"subject": promise.subject_id, "occasion": promise.occasion})


# --- pages in pages ---------------------------------------------------------------------------------------------------


def framing(response: HttpResponse) -> HttpResponse:
    """This page may show others of ours within it."""
    response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return response


def framed(response: HttpResponse) -> HttpResponse:
    """This one may be shown within a page of ours, and is kept by nobody."""
    response._csp_replace = {"frame-ancestors": [SELF]}  # type: ignore[attr-defined]
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response

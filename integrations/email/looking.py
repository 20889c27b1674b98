"""What operators see of a letter: its HTML, its text, its bytes."""

import re
from typing import Any, cast

from csp.constants import SELF
from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import configuration
from integrations.errors import IntegrationError, Obsolete, Rejected
from integrations.models import Delivery
from integrations.redact import without_keys
from leads.text import many_lines

from . import editing
from .client import on_the_wire
from .letters import Letter, compose
from .letters.base import language_for
from .letters.composing import preview as composed
from .letters.message import Message
from .letters.words import Words
from .settings import EmailSettings

PARTS = {"html": gettext_lazy("HTML"), "text": gettext_lazy("Text"), "source": gettext_lazy("Source")}
MOST_CHOICES = 20
NUMBER = re.compile(r"[0-9]{1,18}")


def choices(letter: type[Letter[Any]], user: Any) -> list[tuple[int, str]]:
    """(id, name) of the latest real objects that the letter can be looked at with, for who may know of people."""
    subjects = visible(letter, user)
    if subjects is None:
        return []
    return [(subject.pk, name_of(letter, subject)) for subject in subjects[:MOST_CHOICES]]


def visible(letter: type[Letter[Any]], user: Any) -> QuerySet[Any] | None:
    """The letter's subjects, for who may see both them and people."""
    subjects = letter.subjects()
    return subjects if subjects is not None and may_see(subjects.model, user) else None


def may_see(model: type[Model], user: Any) -> bool:
    meta = model._meta
    return bool(user.has_perms(["leads.view_lead", f"{meta.app_label}.view_{meta.model_name}"]))


def name_of(letter: type[Letter[Any]], subject: Model) -> str:
    try:
        recipient = letter.recipient(subject, "")
    except IntegrationError as error:
        return f"{subject}: {error.message}"
    return f"{recipient.name or recipient.address}: {subject}"


def preview(request: HttpRequest, letter: type[Letter[Any]]) -> HttpResponse:
    """The part that `part` names, of the letter about `subject` (a sample without), in `language`.

    By POST in the words that were typed, whether or not they could be saved; without a `language` in the reader's.
    """
    asked = request.POST if request.method == "POST" else request.GET
    language = asked.get("language", "")
    draft = typed(asked, language_for(language)) if request.method == "POST" else None
    try:
        subject = chosen(letter, asked.get("number") or asked.get("subject", ""), request.user)
        message = composed(letter, subject, settings=settings(), language=language, draft=draft)
    except IntegrationError as error:
        return notice(request, error.message)
    return shown(message if subject is None else as_seen_by(request.user, message), asked.get("part", ""))


def typed(asked: QueryDict, language: str) -> Words:
    return Words(*(many_lines(asked.get(f"{field}_{language}", "")) for field in Words._fields))


def chosen(letter: type[Letter[Any]], number: str, user: Any) -> Model | None:
    """Raises Rejected where there is none of this number; None is the sample."""
    if not number.strip():
        return None
    subjects = visible(letter, user)
    if subjects is not None and NUMBER.fullmatch(number.strip()):
        for subject in subjects.filter(pk=number):
            return cast(Model, subject)
    raise Rejected(_("There is nothing of this number that the letter could be about."))


def promised(request: HttpRequest, delivery: Delivery, letter: type[Letter[Any]]) -> HttpResponse:
    """The letter of one promise as it would be sent now, for who may know of people."""
    try:
        subject = subject_of(delivery)
        if subject != request.user and not may_see(type(subject), request.user):
            return notice(request, _("Letters to people are for those who may see people."))
        message = compose(letter, subject, occasion=delivery.occasion, key=delivery.key, settings=settings())
    except IntegrationError as error:
        return notice(request, error.message)
    return shown(as_seen_by(request.user, message), request.GET.get("part", ""))


def subject_of(delivery: Delivery) -> Model:
    """Raises Obsolete when it is gone."""
    try:
        return cast(Model, apps.get_model(delivery.subject_type)._base_manager.get(pk=delivery.subject_id))
    except (LookupError, ObjectDoesNotExist) as gone:
        raise Obsolete(_("What this letter was about is gone.")) from gone


def settings() -> EmailSettings:
    """Those that letters are sent by; while there are none, such as make a letter all the same."""
    service = configuration.service_on(editing.own_connection())
    found = service.settings if service else None
    return found if isinstance(found, EmailSettings) else EmailSettings(host="localhost", from_email=office())


def office() -> str:
    return django_settings.DEFAULT_FROM_EMAIL if "." in django_settings.DEFAULT_FROM_EMAIL else "office@example.com"


def as_seen_by(user: Any, message: Message) -> Message:
    """Links in letters are keys: to be forgotten, for one. Who may not do that to people looks at a letter without."""
    if not user.has_perm("leads.forget_lead"):
        message.body, message.html = without_keys(message.body), without_keys(message.html)
        message.extra_headers = {name: without_keys(text) for name, text in message.extra_headers.items()}
        message.attachments.clear()
        message.alternatives.clear()
        message.attach_alternative(message.html, "text/html")
    return message


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


def notice(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "admin/integrations/letters/notice.html", {"reason": reason}, status=422)


def part_of(request: HttpRequest) -> str:
    part = request.GET.get("part", "")
    return part if part in PARTS else "html"


# --- pages in pages ---------------------------------------------------------------------------------------------------


def framing(response: HttpResponse) -> HttpResponse:
    """This page may show others of ours within it."""
    response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return response


def framed(response: HttpResponse) -> HttpResponse:
    """This one may be shown within a page of ours, with the firm's logo from wherever it is."""
    response._csp_replace = {"frame-ancestors": [SELF], "img-src": [SELF, "https:"]}  # type: ignore[attr-defined]
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response

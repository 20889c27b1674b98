"""Leads over HTTP, for websites and other systems: the rules of the whitepaper form, as JSON.

Endpoints answer plain data and raise plain exceptions; `magnetiq.api` puts both into the envelope.
"""

import secrets
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from ninja import Header, Router, Schema, Status
from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from leads import actions, utm
from leads.captures import Capture
from leads.forms import PersonForm
from leads.models import Whitepaper
from leads.throttle import PerVisitor

logger = structlog.get_logger(__name__)
router = Router(tags=["public"])

POSTS = PerVisitor("leads", limit=10, window=600)
NOT_EMPTY: dict[str, Any] = {"minLength": 1}  # said here for who reads the document; the form says it to the visitor
SAME_WITHIN = 600  # seconds in which the same said again is a repetition


class Campaign(Schema):
    """Where the visitor came from, as in the utm_ parameters of a link."""

    model_config = ConfigDict(extra="forbid")
    source: str | None = Field(None, examples=["newsletter"])
    medium: str | None = Field(None, examples=["email"])
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


class NewLead(Schema):
    """Somebody turning to us. Texts are trimmed; `language` is also that of the complaints about the rest."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(examples=["Ada Lovelace"], json_schema_extra=NOT_EMPTY)
    email: str = Field(examples=["ada@example.com"], json_schema_extra=NOT_EMPTY)
    phone: str | None = None
    company: str | None = Field(None, examples=["Analytical Engines Ltd"])
    website: str | None = Field(None, examples=["www.example.com"])
    job_title: str | None = None
    language: Literal["en", "de"] | None = Field(None, description="Without it: that of Accept-Language.")
    message: str | None = None
    whitepaper: str | None = Field(None, description="The slug of a published whitepaper.")
    marketing_consent: StrictBool = Field(
        False,
        description="Ticked the box beside the current wording of the consent. That alone permits nothing: we ask the "
        "person by e-mail, and the consent counts once they confirm it.",
    )
    utm: Campaign | None = None


class LeadId(Schema):
    id: UUID


class LeadForm(PersonForm):
    whitepaper = forms.CharField(required=False)

    def clean_whitepaper(self) -> Whitepaper | None:
        slug = self.cleaned_data["whitepaper"]
        found: Whitepaper | None = Whitepaper.objects.published().filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise ValidationError(_("There is no such whitepaper."))
        return found


IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(max_length=200)] | None,
    Header(
        alias="Idempotency-Key",
        description="The same body under the same key counts once, for ever; without a key, within ten minutes.",
    ),
]


@router.post(
    "", response={201: LeadId, 429: None}, throttle=POSTS, summary="Capture a lead", operation_id="capture_lead"
)
def capture_lead(request: HttpRequest, body: NewLead, key: IdempotencyKey = None) -> Status[dict[str, UUID]]:
    """A request for a whitepaper, whose link we send by e-mail, when it names one; a message to us, when not.

    Repeating it does no harm.
    """
    with translation.override(language_of(request, body) or translation.get_language()):
        given = to_capture(request, body, key)
    lead = actions.capture([given]).leads[0]
    return Status(201, {"id": lead.uuid})


def to_capture(request: HttpRequest, body: NewLead, key: str | None) -> Capture:
    """Raises django's ValidationError with a list of complaints per field."""
    form = LeadForm(body.model_dump())
    if not form.is_valid():
        raise ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    whitepaper = form.cleaned_data["whitepaper"]
    campaign = utm.from_query({f"utm_{name}": value for name, value in body.utm or () if value})
    return form.to_capture(
        nonce=key or nonce_of(form.key("", whitepaper)),
        whitepaper=whitepaper,
        language=language_of(request, body),
        source="api",
        utm=campaign,
        first_utm=campaign,
    )


def language_of(request: HttpRequest, body: NewLead) -> str:
    """The visitor's, as far as we are told: another system that says nothing must not make a German lead English."""
    told = "Accept-Language" in request.headers
    return body.language or (translation.get_language_from_request(request) if told else "")


def nonce_of(said: str) -> str:
    """The same for the same words for a while: who gets no answer sends them again."""
    nonce = secrets.token_urlsafe(16)
    try:
        known: Any = cache.get_or_set(f"said:{said}", nonce, timeout=SAME_WITHIN)
    except Exception:  # better twice than not at all
        logger.warning("repetitions go unnoticed without cache", exc_info=True)
        return nonce
    return str(known)

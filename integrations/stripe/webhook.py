"""Events that Stripe posts: verified by their raw bytes, kept as a hint only. The truth is read back from Stripe."""

import json
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations import errors
from integrations.service import Incoming

from .client import signed_by
from .settings import StripeSettings

# What we act upon. Everything else is kept as ignored.
TYPES = (
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
)


def receive(request: HttpRequest, settings: StripeSettings) -> list[Incoming]:
    """The event in a request. Raises Rejected for what is forged, old, unreadable or not meant for us.

    Of another content type, too: all that is no event is answered alike, with 400, and nothing of it is kept.
    """
    if request.content_type != "application/json":
        raise errors.Rejected(_("Events come as JSON."))
    header = request.headers.get("Stripe-Signature", "")
    if not any(signed_by(request.body, header, secret) for secret in settings.signing_secrets):
        raise errors.Rejected(_("The signature is wrong, or older than five minutes."))
    return [incoming(parsed(request.body), settings)]


def parsed(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise errors.Rejected(_("This is no JSON.")) from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise errors.Rejected(_("This is no event."))
    return event


def incoming(event: dict[str, Any], settings: StripeSettings) -> Incoming:
    if event.get("account"):
        raise errors.Rejected(_("This event is of another account."))
    if bool(event.get("livemode")) != settings.is_live:
        raise errors.Rejected(_("This event is of the other mode: live is not test."))
    number, kind, thing = event.get("id"), event.get("type"), (event.get("data") or {}).get("object")
    if not (isinstance(number, str) and isinstance(kind, str) and isinstance(thing, dict)):
        raise errors.Rejected(_("This is no event."))
    return Incoming(number[:255], kind[:100], hint_of(thing, event.get("api_version")))


def hint_of(thing: dict[str, Any], version: Any) -> dict[str, Any]:
    """What it is about: {object, payment_intent, api_version}, without anything about who pays, or how."""
    intent = thing.get("id") if thing.get("object") == "payment_intent" else thing.get("payment_intent")
    return {"object": thing.get("id"), "payment_intent": intent, "api_version": version}

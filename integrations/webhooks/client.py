"""The wire: one signed POST per message. See https://www.standardwebhooks.com for headers and signature."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from urllib3.exceptions import HTTPError

from integrations import errors, http
from integrations.gate import Gate

READ_OF_ANSWER = 4096  # bytes: nobody looks at them, but a short answer lets the connection be kept
NEEDS_A_HUMAN = {
    401: noop("The endpoint does not accept our signature (HTTP 401): enter its secret again."),
    403: noop("The endpoint does not let us in (HTTP 403): ask its owner."),
    404: noop("There is no endpoint at this address (HTTP 404): enter the right one."),
    405: noop("There is no endpoint at this address (HTTP 405): enter the right one."),
    410: noop("The endpoint is gone for good, it says (HTTP 410): remove it, or enter its new address."),
}
PASSES = (408, 409, 425)  # the same message may be welcome a little later


class WebhookClient:
    """One endpoint, whose messages are signed by each of `keys`. Raises IntegrationError only."""

    def __init__(self, url: str, gate: Gate, keys: Sequence[bytes] = ()) -> None:
        self.url = url
        self.keys = keys
        self.gate = gate

    def send(self, operation: str, message_id: str, payload: dict[str, Any]) -> int:
        """The HTTP status, 2xx. A repetition must have the same `message_id`: by it receivers know it again."""
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return self.gate.call(
            operation, lambda timeout: self.post(message_id, body, timeout), translate=http.translate, size=1
        )

    def post(self, message_id: str, body: bytes, timeout: float) -> int:
        if not (self.url.startswith("https://") or settings.ALLOW_PRIVATE_ADDRESSES):
            raise errors.Misconfigured(_("The address must begin with https://, for the messages name people."))
        headers = {"Content-Type": "application/json", "User-Agent": "Magnetiq", **signed(self.keys, message_id, body)}
        # Streamed, because an answer may be endless.
        with http.post(self.url, timeout=timeout, data=body, headers=headers, stream=True) as response:
            raise_for_status(response)
            with suppress(HTTPError):
                response.raw.read1(READ_OF_ANSWER)
            return response.status_code


def signed(keys: Iterable[bytes], message_id: str, body: bytes) -> dict[str, str]:
    """Headers of a message sent now, with a signature by each key."""
    timestamp = int(timezone.now().timestamp())
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}" for key in keys]
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    return {**headers, "webhook-signature": " ".join(signatures)} if signatures else headers


def raise_for_status(response: requests.Response) -> None:
    status = response.status_code
    said = _("The endpoint answers HTTP %(status)s.") % {"status": status}
    if status < 300:
        return
    if status == requests.codes.unavailable and "Retry-After" in response.headers:
        raise errors.RateLimited(said, retry_after=http.retry_after(response))
    http.raise_for_status(response)
    if status in NEEDS_A_HUMAN:
        raise errors.Misconfigured(_(NEEDS_A_HUMAN[status]))
    if status in PASSES:
        raise errors.Conflict(said)
    if status >= 500:  # it failed over this message, perhaps after it had acted on it
        raise errors.Ambiguous(said)
    raise errors.Rejected(said)

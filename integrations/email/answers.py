"""What a server's answers mean, by what it was asked."""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from integrations import errors

CLOSING = 421  # "I close the connection", whatever was asked
NOT_LET_IN = (530, 534, 535, 538)
TOO_LARGE = 552
# Permanent, says the server, but no fault of the address (RFC 3463): our own (many servers look at the sender only when
# they hear of a recipient), a full mailbox, its system, the way, our commands, a policy. Not every server gives a
# number to the policy that stops most: it relays nothing for us.
OTHERS_FAULT = re.compile(r"5\.(1\.[78]|2\.2|[3-7]\.\d+)\b|.*\brelay", re.IGNORECASE)
NUMBERED = re.compile(r"5\.\d+\.\d+\b")
COMMANDS_FAULT = (500, 502, 503, 504, 555)  # or a full mailbox's, 552, where nothing more precise is said

Refused = Callable[[int, str], errors.IntegrationError]  # (code, the server's words)


class Undeliverable(errors.Rejected):
    """The address itself takes no letters: no other letter to it will fare better."""


def check(code: int, said: bytes, refused: Refused, *, wanted: int) -> None:
    """Raise what an answer means that does not begin with `wanted`; `refused` tells what a permanent one does."""
    if code // 100 == wanted:
        return
    text = words(said)
    if not 500 <= code < 600:
        raise errors.Conflict(_("Not now: the server answers %(code)s %(text)s") % {"code": code, "text": text})
    if code in NOT_LET_IN:
        raise errors.Misconfigured(_("The server does not let us in: %(code)s %(text)s") % {"code": code, "text": text})
    raise refused(code, text)


def refused_sender(code: int, text: str) -> errors.IntegrationError:
    if code == TOO_LARGE:
        return refused_content(code, text)
    said = _("The server does not accept our sender's address: %(code)s %(text)s")
    return errors.Misconfigured(said % {"code": code, "text": text})


def refused_recipient(code: int, text: str) -> errors.IntegrationError:
    vague = code in (*COMMANDS_FAULT, TOO_LARGE) and not NUMBERED.match(text)
    kind = errors.Rejected if vague or OTHERS_FAULT.match(text) else Undeliverable
    return kind(_("The recipient's server refuses: %(code)s %(text)s") % {"code": code, "text": text})


def refused_content(code: int, text: str) -> errors.IntegrationError:
    return errors.Rejected(_("The server refuses the letter: %(code)s %(text)s") % {"code": code, "text": text})


def words(said: bytes | str) -> str:
    """On one line."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())

"""The wire: SMTP, one connection for many letters, and what a server's answers mean."""

import binascii
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.gate import Conversation, Gate
from integrations.http import PrivateAddressError, public_address

from . import addresses, answers
from .settings import EmailSettings

OPERATION = "send_letters"
DATA, GO_AHEAD = "DATA", 354
LINE_END = re.compile(rb"\r?\n")
SIZE = re.compile(r"[0-9]{1,18}")


class Mail(NamedTuple):
    """A letter in its envelope, to one reader. `content` is the whole message with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes


def on_the_wire(message: Message) -> bytes:
    """A message's bytes as they travel: with the line ends of the network."""
    return LINE_END.sub(b"\r\n", message.as_bytes())


@dataclass
class Offer:
    """What a server tells of itself: its name, the TLS version ("" without), and its extensions."""

    name: str
    tls: str
    extensions: dict[str, str] = field(default_factory=dict)


class SmtpClient:
    """One server. Raises IntegrationError only."""

    def __init__(self, settings: EmailSettings, gate: Gate) -> None:
        self.settings = settings
        self.gate = gate

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """A connection, for as many letters as it lives."""
        with self.gate.conversation(OPERATION, self.connect, translate=translate) as talk:
            try:
                yield Session(talk)
            finally:
                leave(talk.peer)

    def offer(self) -> Offer:
        """Connect, encrypt and log in, as for a letter, and say what we met."""
        return self.gate.call("test_connection", self.look, translate=translate, reads_only=True)

    def look(self, timeout: float) -> Offer:
        smtp = self.connect(timeout)
        try:
            greeting = (smtp.ehlo_resp or b"").decode(errors="replace").split("\n")[0]
            tls = smtp.sock.version() if isinstance(smtp.sock, ssl.SSLSocket) else ""
            return Offer(greeting.split(" ")[0], tls or "", dict(smtp.esmtp_features))
        finally:
            leave(smtp)

    def connect(self, timeout: float) -> smtplib.SMTP:
        """A connection that is ready for letters."""
        settings = self.settings
        if settings.security == "tls":
            smtp: smtplib.SMTP = _SmtpTls(
                settings.host, settings.port, our_name(), timeout=timeout, context=ssl.create_default_context()
            )
        else:
            smtp = _Smtp(settings.host, settings.port, our_name(), timeout=timeout)
        try:
            self.enter(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def enter(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.settings.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        if self.settings.username:
            self.log_in(smtp)

    def log_in(self, smtp: smtplib.SMTP) -> None:
        user = self.settings.username
        password = self.settings.password.get_secret_value() if self.settings.password else ""
        if not (user + password).isascii():  # smtplib writes nothing else, and servers disagree on what it would mean
            raise errors.Misconfigured(_("User name and password may only have letters of ASCII: no umlauts, for one."))
        smtp.login(user, password)


class Session:
    """One connection. It `is_open` until the server closes it, which it may do after any letter."""

    def __init__(self, talk: Conversation[smtplib.SMTP]) -> None:
        self.talk = talk
        self.is_open = True
        self.has_answered = False  # about any letter: if it closes later, nobody is to blame
        self.unanswered = 0  # commands

    def send(self, mail: Mail, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Hand a letter over; `meanwhile` is done while the server reads the envelope.

        Raises what a refusal means; Unavailable when the connection closed before the final dot, Ambiguous after.
        """
        try:
            self.talk.step(lambda smtp: self.post(smtp, mail, meanwhile))
        except errors.Ambiguous as error:
            self.is_open, self.talk.error = False, error
            raise
        except errors.Unavailable:
            self.is_open = False
            raise
        except errors.IntegrationError:
            self.has_answered = True
            self.recover()
            raise
        self.has_answered = True

    def post(self, smtp: smtplib.SMTP, mail: Mail, meanwhile: Callable[[], None]) -> None:
        """The envelope in one go where the server takes it so (RFC 2920): one answer to wait for instead of three."""
        lines = envelope(smtp, mail)
        at_once = len(lines) if smtp.has_extn("pipelining") else 1
        self.ask(smtp, *lines[:at_once])
        meanwhile()
        meaning = (answers.refused_sender, answers.refused_recipient, answers.refused_content)
        for number, refused in enumerate(meaning):
            if not self.unanswered:
                self.ask(smtp, lines[number])
            self.expect(self.hear(smtp), refused, wanted=3 if lines[number] == DATA else 2)
        self.hand_over(smtp, mail.content)

    def ask(self, smtp: smtplib.SMTP, *lines: str) -> None:
        smtp.send("".join(f"{line}\r\n" for line in lines).encode())
        self.unanswered = len(lines)

    def hear(self, smtp: smtplib.SMTP) -> tuple[int, bytes]:
        self.unanswered -= 1
        return smtp.getreply()

    def hand_over(self, smtp: smtplib.SMTP, content: bytes) -> None:
        """The letter, and then the dot that makes it theirs: until then a lost connection has lost nothing."""
        ended = content if content.endswith(b"\r\n") else content + b"\r\n"
        smtp.send(re.sub(rb"(?m)^\.", b"..", ended))
        try:
            smtp.send(b".\r\n")
            answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise errors.Ambiguous(_("The connection broke before the server said that it has the letter.")) from error
        self.expect(answer, answers.refused_content)

    def expect(self, answer: tuple[int, bytes], refused: answers.Refused, *, wanted: int = 2) -> None:
        """Raises what any other answer means."""
        code, said = answer
        self.is_open = code != answers.CLOSING
        answers.check(code, said, refused, wanted=wanted)

    def recover(self) -> None:
        """After a refusal the next letter starts anew; a connection that has had enough is closed."""
        smtp = self.talk.peer
        try:
            while self.is_open and self.unanswered:
                if self.hear(smtp)[0] == GO_AHEAD:  # although it has refused the reader
                    smtp.docmd(".")
            if self.is_open:
                self.is_open = smtp.rset()[0] // 100 == 2
        except (smtplib.SMTPException, OSError):
            self.is_open = False


# --- what went wrong --------------------------------------------------------------------------------------------------


def translate(error: Exception) -> Exception:
    """What failed before a letter's content was sent, in our words. What fails later `Session.hand_over` knows."""
    match error:
        case PrivateAddressError():
            return errors.Misconfigured(_("The server is inside a private network, which is not allowed."))
        case ssl.SSLCertVerificationError():
            return errors.Misconfigured(_("The server's certificate is not valid for this name, or has expired."))
        case smtplib.SMTPNotSupportedError():
            return errors.Misconfigured(
                _("The server offers no encryption, or no way to log in, as the settings want it.")
            )
        case smtplib.SMTPResponseException():
            return _translate_answer(error)
        case TimeoutError() | smtplib.SMTPServerDisconnected(__context__=TimeoutError()):
            return errors.Unavailable(_("No answer of the server within the time allowed."))
        case smtplib.SMTPServerDisconnected():
            return errors.Unavailable(_("The server closed the connection."))
        case smtplib.SMTPException() | binascii.Error():  # the latter for a challenge that nobody can read
            return errors.Misconfigured(_("The server offers no way to log in that we know."))
        case ssl.SSLError():
            return errors.Unavailable(_("No secure connection to the server."))
        case OSError() | UnicodeError():  # the latter for a name that is too long to be looked up
            return errors.NotConnected(_("No connection to the server."))
        case _:
            return error


def _translate_answer(error: smtplib.SMTPResponseException) -> Exception:
    said = {"code": error.smtp_code, "text": answers.words(error.smtp_error)}
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
        return errors.Misconfigured(_("The server refuses user name or password: %(code)s %(text)s") % said)
    return errors.Unavailable(_("The server is not ready for us: %(code)s %(text)s") % said)


# --- envelopes --------------------------------------------------------------------------------------------------------


def envelope(smtp: smtplib.SMTP, mail: Mail) -> list[str]:
    """The commands that come before a letter's content. Raises Rejected for what the server does not take."""
    sender, recipient = (smtplib.quoteaddr(addresses.as_sent(each)) for each in (mail.sender, mail.recipient))
    lines = [" ".join([f"MAIL FROM:{sender}", *options_for(smtp, mail)]), f"RCPT TO:{recipient}", DATA]
    if any(set(line) & {"\r", "\n"} for line in lines):
        raise errors.Rejected(_("The address has a line break in it."))
    return lines


def options_for(smtp: smtplib.SMTP, mail: Mail) -> list[str]:
    """What MAIL FROM must say of this letter. Raises Rejected for what the server does not take."""
    limit = largest(smtp.esmtp_features)
    if 0 < limit < len(mail.content):
        raise errors.Rejected(
            _("The letter is larger (%(size)s bytes) than the server takes (%(limit)s bytes).")
            % {"size": len(mail.content), "limit": limit}
        )
    options = [f"SIZE={len(mail.content)}"] if smtp.has_extn("size") else []
    if smtp.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if not all(address.rpartition("@")[0].isascii() for address in (mail.sender, mail.recipient)):
        if not smtp.has_extn("smtputf8"):
            raise errors.Rejected(_("The server takes no addresses with letters like these before the @."))
        options.append("SMTPUTF8")
    return options


def largest(extensions: Mapping[str, str]) -> int:
    """How many bytes a letter may have; 0 where the server does not say, or nothing that makes sense."""
    limit = extensions.get("size", "")
    return int(limit) if SIZE.fullmatch(limit) else 0


def our_name() -> str:
    """How we introduce ourselves; asking the name servers for it may take long."""
    return urlsplit(django_settings.SITE_URL).hostname or "localhost"


def leave(smtp: smtplib.SMTP | None) -> None:
    """Politely, and whatever comes of it: all that was said is settled."""
    with suppress(smtplib.SMTPException, OSError):
        if smtp is not None and smtp.sock is not None:
            smtp.sock.settimeout(2)
            smtp.quit()
    if smtp is not None:
        smtp.close()


class _InTime:
    """A connection's answers, as smtplib reads them: all lines of one before `until` (time.monotonic())."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.until = 0.0

    def readline(self, limit: int) -> bytes:
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            if time.monotonic() > self.until:
                raise TimeoutError
            ready = self.file.peek(1)  # waits for as much as comes at once
            if not ready:
                break
            line += self.file.readline(min(len(ready), limit - len(line)))
        return line

    def close(self) -> None:
        self.file.close()


class _Smtp(smtplib.SMTP):
    """Connects to the address that was checked, whatever the name leads to a moment later.

    An answer that never ends, or is none, ends the connection: what follows could not be told from other answers.
    """

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            self.file = self.file or _InTime(self.sock.makefile("rb"))
            self.file.until = time.monotonic() + (self.sock.gettimeout() or 0)
        code, said = super().getreply()
        if code < 0:
            self.close()
            raise smtplib.SMTPResponseException(code, said)
        return code, said

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        checked = host if django_settings.ALLOW_PRIVATE_ADDRESSES else public_address(host, port)
        found: socket.socket = super()._get_socket(checked, port, timeout)  # type: ignore[misc]
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the final dot goes alone
        return found


class _SmtpTls(smtplib.SMTP_SSL, _Smtp):
    pass

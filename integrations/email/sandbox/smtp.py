"""The SMTP side: aiosmtpd, stricter where real servers are, and failing as it is told."""

import asyncio
import logging
import socket
import ssl
from functools import partial
from hmac import compare_digest
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session

from .faults import Faults
from .letterbox import Letterbox

HOST = "127.0.0.1"
USERNAME = "magnetiq"
PASSWORD = "known-to-every-letter-of-the-demo"  # noqa: S105
SIZE = 25_000_000  # bytes
LONGEST_LINE = 998  # without its end, RFC 5321

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # of aiosmtpd: tells every address


class Post:
    """What the connections share."""

    def __init__(self, letterbox: Letterbox, faults: Faults, context: ssl.SSLContext) -> None:
        self.letterbox = letterbox
        self.faults = faults
        self.context = context
        self.login_needed = True
        self.connections = 0


class Offers:
    """What aiosmtpd does not say of itself: it reads several commands at once (RFC 2920)."""

    def __init__(self, *, pipelining: bool) -> None:
        self.more = ["250-PIPELINING"] if pipelining else []

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Any, hostname: str, said: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*said[:-1], *self.more, said[-1]]


class Connection(SMTP):
    """One client. `self.session` and `self.envelope` are aiosmtpd's."""

    line_length_limit = SIZE * 2  # the reader's, which takes the content in one piece; lines are measured below
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, post: Post, *, is_encrypted: bool) -> None:
        self.post = post
        self.faults = post.faults
        self.letters = 0
        self.most = self.faults.take("letters")
        super().__init__(
            Offers(pipelining=not self.faults.take("no_pipelining")),
            hostname="mail.sandbox.localhost",
            ident="Stand-in",
            data_size_limit=self.faults.take("size") or SIZE,
            enable_SMTPUTF8=True,
            tls_context=None if is_encrypted or self.faults.take("no_starttls") else post.context,
            auth_require_tls=False,
            authenticator=self.authenticate,
        )

    # --- connections -------------------------------------------------------------------------------------------------

    async def push(self, status: Any) -> None:
        is_last_line = str(status)[3:4] != "-"
        if is_last_line and (seconds := self.faults.take("slow")):
            await asyncio.sleep(seconds)
        await super().push(status)

    async def cut(self) -> None:
        """Close the connection without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        await self.ended()

    async def hang_up(self, line: str) -> None:
        """Close the connection with this as its last word."""
        await self.push(line)
        assert self.transport is not None
        self.transport.close()
        await self.ended()

    async def ended(self) -> None:
        """Until `connection_lost` cancels us."""
        await asyncio.get_running_loop().create_future()

    async def refuse(self, line: str | None) -> bool:
        """Whether `line` was said; 421 is a server's last word."""
        if line is None:
            return False
        if line.startswith("421"):
            await self.hang_up(line)
        await self.push(line)
        return True

    # --- logging in ---------------------------------------------------------------------------------------------------

    def authenticate(self, _server: SMTP, _session: Any, _envelope: Any, _way: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        right = compare_digest(given.login, USERNAME.encode()) and compare_digest(given.password, PASSWORD.encode())
        return AuthResult(success=right and not self.faults.take("login"), handled=False)

    async def check_auth_needed(self, caller_method: str) -> bool:
        assert self.session is not None
        if self.session.authenticated or not self.post.login_needed:
            return False
        await self.push("530 5.7.0 Authentication required")
        return True

    # --- letters ------------------------------------------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if self.most is not None and self.letters >= self.most:
            await self.hang_up("421 4.7.0 Too many letters on one connection")
        if not await self.refuse(self.faults.take("mail")):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        address = (arg or "").partition("<")[2].partition(">")[0].lower()
        if not await self.refuse(self.faults.refused.get(address) or self.faults.take("rcpt")):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT command")
        elif not await self.refuse(self.faults.take("data")):
            await self.take(await self.content())

    async def content(self) -> bytes:
        """What stands between DATA and the final dot, dots unstuffed."""
        self._reader.feed_data(b"\r\n")  # the end of DATA's own line, so that a dot may come first
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        if self.faults.take("cut_before"):
            await self.cut()
        content: bytes = await self._reader.readuntil(b"\r\n.\r\n")
        return content[:-3].replace(b"\r\n.", b"\r\n")[2:]

    async def take(self, raw: bytes) -> None:
        """The end of the content: the moment from which on the letter is ours."""
        assert self.envelope is not None
        envelope, self.envelope = self.envelope, self._create_envelope()
        if await self.refuse(self.flaw(raw) or self.faults.take("end")):
            return
        if self.faults.take("cut_lost"):
            await self.cut()
        self.post.letterbox.add(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        self.letters += 1
        if self.faults.take("cut_kept"):
            await self.cut()
        await self.push("250 2.0.0 Taken")

    def flaw(self, raw: bytes) -> str | None:
        """What a strict server refuses."""
        assert self.data_size_limit is not None
        if len(raw) > self.data_size_limit:
            return "552 5.3.4 Too large"
        if not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"):
            return "550 5.6.0 A line ends with CR or LF alone"
        if max(map(len, raw.split(b"\r\n"))) > LONGEST_LINE:
            return "500 5.6.0 Line too long"
        return None


class Closed(asyncio.Protocol):
    """A server that has no time for anybody."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"421 4.3.2 mail.sandbox.localhost is not available\r\n")
        transport.close()


class Server(Thread):
    """Takes connections on two sockets, the second with TLS from its first byte."""

    def __init__(self, post: Post, plain: socket.socket, tls: socket.socket) -> None:
        super().__init__(daemon=True)
        self.post, self.plain, self.tls = post, plain, tls
        self.loop = asyncio.new_event_loop()
        self.ending = asyncio.Event()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        for listening, context in ((self.plain, None), (self.tls, self.post.context)):
            greet = partial(self.greet, is_encrypted=bool(context))
            await self.loop.create_server(greet, sock=listening, ssl=context, backlog=100)
        await self.ending.wait()

    def greet(self, *, is_encrypted: bool) -> asyncio.Protocol:
        self.post.connections += 1
        return Closed() if self.post.faults.take("refuse") else Connection(self.post, is_encrypted=is_encrypted)

    def close(self) -> None:
        """No connection outlives this."""
        self.loop.call_soon_threadsafe(self.ending.set)
        self.join()
        for listening in (self.plain, self.tls):
            listening.close()

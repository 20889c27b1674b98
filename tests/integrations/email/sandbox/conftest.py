"""The stand-in on its sockets, and a plain caller that knows nothing of our client."""

import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.email.sandbox import PASSWORD, USERNAME, MailSandbox

Server = smtplib.SMTP


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path) as peer:
        yield peer


@pytest.fixture
def server(peer: MailSandbox) -> Iterator[Server]:
    """A connection that is logged in."""
    with connected(peer) as server:
        server.login(USERNAME, PASSWORD)
        yield server


def connected(peer: MailSandbox, security: str = "none") -> Server:
    context = ssl.create_default_context(cafile=str(peer.ca_file))
    if security == "tls":
        return smtplib.SMTP_SSL("localhost", peer.tls_port, "tests", timeout=5, context=context)
    server = smtplib.SMTP(peer.smtp_host, peer.smtp_port, "tests", timeout=5)
    if security == "starttls":
        server.starttls(context=context)
    return server


def letter(key: str = "1", text: str = "Hello") -> bytes:
    return f"Message-ID: <{key}@firm.example>\r\nSubject: Number {key}\r\n\r\n{text}\r\n".encode()


def post(server: Server, content: bytes | None = None, *recipients: str) -> None:
    server.sendmail("office@firm.example", recipients or ["ann@acme.example"], content or letter())

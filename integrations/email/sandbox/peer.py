"""The stand-in as a whole: an SMTP server and its page."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from . import certificate
from .faults import Faults
from .letterbox import KEPT, Letter, Letterbox
from .smtp import HOST, PASSWORD, USERNAME, Post, Server
from .web import Web

PORT = 8072  # of the page; letters go to the next free port


class MailSandbox:
    """Takes letters at `smtp_port` (as they are, or after STARTTLS) and at `tls_port`, for USERNAME with PASSWORD.

    It keeps the last `keep` letters in `folder`. Raises OSError when `port` is taken; 0 is any.
    """

    smtp_host = HOST

    def __init__(self, folder: Path, *, port: int = 0, smtp_port: int = 0, keep: int = KEPT) -> None:
        self.letterbox = Letterbox(folder, keep=keep)
        self.faults = Faults()
        context, self.ca_file = certificate.make(folder)
        self.post = Post(self.letterbox, self.faults, context)
        self.web = Web((HOST, port), self.letterbox, self.faults)
        self.smtp = Server(self.post, listen(smtp_port), listen(smtp_port and smtp_port + 1))
        self.web.start()
        self.smtp.start()

    def close(self) -> None:
        self.smtp.close()
        self.web.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The page's."""
        return self.web.url

    @property
    def smtp_port(self) -> int:
        return int(self.smtp.plain.getsockname()[1])

    @property
    def tls_port(self) -> int:
        return int(self.smtp.tls.getsockname()[1])

    @property
    def letters(self) -> list[Letter]:
        """All that arrived and is kept, oldest first."""
        return list(self.letterbox)

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self.post.connections

    @property
    def login_needed(self) -> bool:
        """Whether letters are taken from strangers, too."""
        return self.post.login_needed

    @login_needed.setter
    def login_needed(self, value: bool) -> None:
        self.post.login_needed = value


def listen(port: int) -> socket.socket:
    """On this port, the next free one, or any (0)."""
    # Said to be TCP: asyncio sends answers at once only over what it knows to be that.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for candidate in range(port, port + 100):
        with suppress(OSError):
            listening.bind((HOST, candidate))
            listening.listen(100)
            return listening
    listening.close()
    raise OSError(f"No port is free from {port} on.")


def start(folder: Path, *, port: int = PORT) -> MailSandbox:
    """Serve until it is closed; a second start finds the letters. Raises OSError when the port is taken."""
    return MailSandbox(folder / "letters", port=port, smtp_port=port and port + 1)


def settings_for(peer: MailSandbox) -> dict[str, Any]:
    """What connects our e-mail integration to it."""
    return {
        "host": peer.smtp_host,
        "port": peer.smtp_port,
        "security": "none",
        "username": USERNAME,
        "password": PASSWORD,
        "from_email": "office@magnetiq.example",
        "from_name": "Magnetiq",
    }

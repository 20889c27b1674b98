"""Servers that answer what makes no sense: nothing is lost, nobody is held up for ever, and no letter is to blame."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

import pytest

from integrations import configuration
from integrations.models import Integration, Suppression

from . import posting
from .posting import drain, outcomes, promise

pytestmark = pytest.mark.django_db
USUAL = {"EHLO": b"250-x\r\n250 PIPELINING\r\n", "DATA": b"354 Go on\r\n"}
WAITS, AGAIN = ("pending", "unavailable"), ("pending", "ambiguous")


class Babbler(Thread):
    """Answers {command, or "." for the end of a letter: bytes}, otherwise 250; endlessly where the answer says so."""

    def __init__(self, answers: dict[str, bytes], *, greeting: bytes = b"220 x\r\n") -> None:
        super().__init__(daemon=True)
        self.answers = {**USUAL, **answers}
        self.greeting = greeting
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self.listening.accept()
                Thread(target=self.talk, args=[connection], daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.sendall(self.greeting)
            in_content = False
            for line in connection.makefile("rb"):
                if in_content and line != b".\r\n":
                    continue
                command = line.split()[0].decode().upper()
                answer = self.answers.get(command, b"250 Fine\r\n")
                in_content = command == "DATA" and answer.startswith(b"354")
                connection.sendall(answer)
                while answer.endswith(b"-more\r\n"):
                    connection.sendall(answer)
                    time.sleep(0.01)


@pytest.fixture
def babbling(email: Integration) -> Iterator[Callable[..., None]]:
    """The integration talks to such a server, and two letters wait for it."""
    started = []

    def begin(answers: dict[str, bytes], *, user: str = "", greeting: bytes = b"220 x\r\n") -> None:
        server = Babbler(answers, greeting=greeting)
        started.append(server)
        server.start()
        posting.change(port=server.port, username=user, timeout=1)
        promise("ada@x.example", "bob@x.example")

    yield begin
    for server in started:
        server.listening.close()


@pytest.mark.parametrize("size", [b"\xb2", b"9" * 5000, b"many"])
def test_a_size_that_is_none_is_no_limit(babbling: Callable[..., None], size: bytes) -> None:
    babbling({"EHLO": b"250-x\r\n250 SIZE %b\r\n" % size})

    drain()

    assert outcomes() == [("delivered", "")] * 2
    assert configuration.service_of("email", forced=True).test_connection().ok


def test_a_challenge_that_nobody_can_read_needs_a_human(babbling: Callable[..., None]) -> None:
    babbling({"EHLO": b"250-x\r\n250 AUTH CRAM-MD5\r\n", "AUTH": b"334 A\r\n"}, user="somebody")

    drain()

    assert outcomes() == [("pending", "misconfigured")] * 2


@pytest.mark.parametrize("answer", [b"Hello?\r\n", b"\r\n", b"250 " + b"x" * 9000 + b"\r\n", b"\x00\xff\r\n"])
def test_what_is_no_answer_ends_the_connection(babbling: Callable[..., None], answer: bytes) -> None:
    babbling({"RCPT": answer})

    drain()

    assert outcomes() == [WAITS] * 2


def test_no_answer_about_a_whole_letter_leaves_open_whether_it_came(babbling: Callable[..., None]) -> None:
    """The next letter must not take the answer that comes late for its own."""
    babbling({".": b"Hello?\r\n250 Taken\r\n"})

    drain()

    assert outcomes() == [AGAIN] * 2


def test_a_greeting_that_is_none_holds_every_letter(babbling: Callable[..., None]) -> None:
    babbling({}, greeting=b"Hello?\r\n")

    drain()

    assert outcomes() == [WAITS] * 2


@pytest.mark.parametrize("command", ["EHLO", "RCPT"])
def test_an_answer_without_end_is_not_waited_for(babbling: Callable[..., None], command: str) -> None:
    babbling({command: b"250-more\r\n"})
    began_at = time.monotonic()

    drain()

    assert outcomes() == [WAITS] * 2
    assert time.monotonic() - began_at < 10


def test_nonsense_suppresses_nobody(babbling: Callable[..., None]) -> None:
    babbling({"RCPT": b"999 What?\r\n"})

    drain()

    assert not Suppression.objects.exists()

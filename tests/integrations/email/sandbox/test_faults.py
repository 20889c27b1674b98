"""What the stand-in gets wrong on request."""

import smtplib

import pytest

from integrations.email.sandbox import PASSWORD, USERNAME, MailSandbox

from .conftest import Server, connected, letter, post


def outcome(server: Server, content: bytes | None = None) -> str:
    """What became of a letter: the first word of the answer, or how the connection ended."""
    try:
        post(server, content)
    except smtplib.SMTPRecipientsRefused as error:
        return str(next(iter(error.recipients.values()))[0])
    except smtplib.SMTPResponseException as error:
        return str(error.smtp_code)
    except smtplib.SMTPServerDisconnected:
        return "cut"
    return "taken"


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("mail", 451, "451"),
        ("rcpt", 450, "450"),
        ("data", "451 4.7.1 Greylisted", "451"),
        ("end", 452, "452"),
        ("end", "554 5.7.1 Spam", "554"),
        ("size", 50, "552"),
        ("cut_before", True, "cut"),
        ("cut_lost", True, "cut"),
    ],
)
def test_letter_meets_a_fault(peer: MailSandbox, kind: str, value: object, said: str) -> None:
    peer.faults.set(kind, value)

    with connected(peer) as server:
        server.login(USERNAME, PASSWORD)
        assert outcome(server) == said

    assert peer.letters == []
    assert peer.faults.met[kind] == 1


@pytest.mark.parametrize("kind", ["mail", "rcpt", "data", "end"])
def test_421_ends_the_connection(peer: MailSandbox, server: Server, kind: str) -> None:
    peer.faults.set(kind, 421, times=1)

    assert outcome(server) == "421"
    with pytest.raises(smtplib.SMTPServerDisconnected):
        server.noop()


def test_kept_letter_is_not_told_of(peer: MailSandbox, server: Server) -> None:
    peer.faults.set("cut_kept")

    assert outcome(server) == "cut"
    assert [arrived.raw for arrived in peer.letters] == [letter()]


def test_fault_ends_after_so_many_times(peer: MailSandbox, server: Server) -> None:
    peer.faults.set("mail", 451, times=2)

    assert [outcome(server) for _ in range(3)] == ["451", "451", "taken"]
    assert peer.faults.show() == {}


def test_one_recipient_is_refused(peer: MailSandbox, server: Server) -> None:
    peer.faults.refuse("Nobody@acme.example")

    post(server, letter(), "ann@acme.example", "nobody@acme.example")

    assert peer.letters[0].recipients == ["ann@acme.example"]
    assert server.mail("office@firm.example")[0] == 250
    assert server.rcpt("nobody@acme.example") == (550, b"5.1.1 No such user")


def test_password_is_refused(peer: MailSandbox) -> None:
    peer.faults.set("login")

    with connected(peer) as server, pytest.raises(smtplib.SMTPAuthenticationError):
        server.login(USERNAME, PASSWORD)


def test_connection_is_refused(peer: MailSandbox) -> None:
    peer.faults.set("refuse")

    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        connected(peer)


def test_no_encryption_is_offered(peer: MailSandbox) -> None:
    peer.faults.set("no_starttls")

    with pytest.raises(smtplib.SMTPNotSupportedError):
        connected(peer, "starttls")


def test_several_commands_are_read_at_once(server: Server) -> None:
    server.send("MAIL FROM:<office@firm.example>\r\nRCPT TO:<ann@acme.example>\r\nDATA\r\n")

    assert server.has_extn("pipelining")
    assert [server.getreply()[0] for _ in range(3)] == [250, 250, 354]


def test_one_command_is_read_at_a_time(peer: MailSandbox) -> None:
    peer.faults.set("no_pipelining")

    with connected(peer) as server:
        server.ehlo()
        assert not server.has_extn("pipelining")


def test_connection_ends_after_so_many_letters(peer: MailSandbox) -> None:
    peer.faults.set("letters", 2)

    with connected(peer) as server:
        server.login(USERNAME, PASSWORD)
        assert [outcome(server) for _ in range(4)] == ["taken", "taken", "421", "cut"]


def test_size_is_told(peer: MailSandbox) -> None:
    peer.faults.set("size", 1234)

    with connected(peer) as server:
        server.ehlo()
        assert server.esmtp_features["size"] == "1234"


def test_slow_server_tries_a_callers_patience(peer: MailSandbox, server: Server) -> None:
    assert server.sock is not None
    server.sock.settimeout(0.1)
    peer.faults.set("slow", 5)

    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        server.noop()


def test_chance_is_the_same_in_every_run(peer: MailSandbox, server: Server) -> None:
    def run() -> list[str]:
        peer.faults.clear()
        peer.faults.set("mail", 451, share=0.5)
        return [outcome(server) for _ in range(20)]

    first = run()
    assert run() == first
    assert 3 < first.count("451") < 17


@pytest.mark.parametrize(("kind", "value"), [("mali", 451), ("mail", 250), ("mail", "later"), ("size", "big")])
def test_nonsense_is_refused(peer: MailSandbox, kind: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        peer.faults.set(kind, value)

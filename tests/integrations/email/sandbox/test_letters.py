"""What the stand-in takes, and from whom."""

import smtplib
from pathlib import Path

import pytest

from integrations.email.sandbox import PASSWORD, USERNAME, MailSandbox, settings_for, start

from .conftest import Server, connected, letter, post


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b".\r\n", b"..\r\n.\r\n", b"a\r\n", letter(text="Grüße\r\n.\r\nAnn")]
)
def test_letter_arrives_byte_for_byte(peer: MailSandbox, server: Server, content: bytes) -> None:
    server.mail("office@firm.example")
    server.rcpt("ann@acme.example")
    server.data(content)

    (arrived,) = peer.letters
    assert arrived.raw == (content or b"\r\n")  # smtplib ends what is not ended


def test_letter_has_its_envelope(peer: MailSandbox, server: Server) -> None:
    post(server, letter(), "ann@acme.example", "bob@acme.example")

    (arrived,) = peer.letters
    assert (arrived.sender, arrived.recipients) == ("office@firm.example", ["ann@acme.example", "bob@acme.example"])
    assert arrived.message["Subject"] == "Number 1"


def test_address_with_umlauts_arrives(peer: MailSandbox, server: Server) -> None:
    server.sendmail("office@firm.example", ["jürgen@acme.example"], letter(), ["SMTPUTF8", "BODY=8BITMIME"])

    assert peer.letters[0].recipients == ["jürgen@acme.example"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"a\nb\r\n", 550), (b"a\rb\r\n", 550), (b"a" * 999 + b"\r\n", 500)],
    ids=["bare LF", "bare CR", "long line"],
)
def test_content_that_real_servers_refuse_is_refused(
    peer: MailSandbox, server: Server, content: bytes, code: int
) -> None:
    server.mail("office@firm.example")
    server.rcpt("ann@acme.example")
    server.putcmd("data")
    server.getreply()
    server.send(content + b".\r\n")

    assert server.getreply()[0] == code
    assert peer.letters == []


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize("way", ["auth_plain", "auth_login"])
def test_user_is_let_in(peer: MailSandbox, security: str, way: str) -> None:
    with connected(peer, security) as server:
        server.ehlo()
        server.user, server.password = USERNAME, PASSWORD  # type: ignore[attr-defined]

        code, _ = server.auth(way.removeprefix("auth_").upper(), getattr(server, way))

    assert code == 235


@pytest.mark.parametrize(("user", "password"), [(USERNAME, "opensesame"), ("ann", PASSWORD)])
def test_stranger_is_refused(peer: MailSandbox, user: str, password: str) -> None:
    with connected(peer) as server, pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.8"):
        server.login(user, password)


def test_letter_of_a_stranger_is_refused(peer: MailSandbox) -> None:
    with connected(peer) as server, pytest.raises(smtplib.SMTPSenderRefused, match=r"5\.7\.0"):
        post(server)


def test_letter_of_a_stranger_is_taken_where_nobody_must_log_in(peer: MailSandbox) -> None:
    peer.login_needed = False

    with connected(peer) as server:
        post(server)

    assert len(peer.letters) == 1


def test_second_start_finds_the_letters(tmp_path: Path) -> None:
    with start(tmp_path, port=0) as first, connected(first) as server:
        server.login(USERNAME, PASSWORD)
        post(server)
        kept = first.letters

    with start(tmp_path, port=0) as second:
        assert second.letters == kept


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    with MailSandbox(tmp_path, keep=2) as peer, connected(peer) as server:
        server.login(USERNAME, PASSWORD)
        for number in "123":
            post(server, letter(number))

        assert [arrived.id for arrived in peer.letters] == ["<2@firm.example>", "<3@firm.example>"]
        assert len(list(tmp_path.glob("*.eml"))) == 2


def test_next_free_port_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    with MailSandbox(first) as peer, MailSandbox(second, smtp_port=peer.smtp_port) as other:
        assert other.smtp_port > peer.smtp_port


def test_settings_lead_to_it(peer: MailSandbox) -> None:
    given = settings_for(peer)

    with smtplib.SMTP(given["host"], given["port"], "tests") as server:
        assert server.login(given["username"], given["password"])[0] == 235

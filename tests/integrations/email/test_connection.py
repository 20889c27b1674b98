"""The test of a mail server, over real sockets, with and without encryption."""

from typing import Any

import pytest

from integrations import configuration, errors, golive
from integrations.email.sandbox import USERNAME, MailSandbox
from integrations.email.service import EmailService
from integrations.email.settings import EmailSettings
from integrations.models import Integration
from integrations.service import ConnectionReport, Mode

from . import posting

pytestmark = pytest.mark.django_db
Email = Integration


def report() -> ConnectionReport:
    return configuration.service_of("email", forced=True).test_connection()


@pytest.fixture
def trusted(peer: MailSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(peer.ca_file))


def encrypted(peer: MailSandbox, security: str) -> dict[str, Any]:
    port = peer.tls_port if security == "tls" else peer.smtp_port
    return {"host": "localhost", "port": port, "security": security}


def test_tells_what_the_server_offers(email: Email) -> None:
    found = report()

    assert found.ok
    assert found.facts["Signed in as"] == USERNAME
    assert found.facts["Encryption"] == "none"
    offered = "STARTTLS, AUTH LOGIN PLAIN, letters of up to 25.0 MB, 8BITMIME, SMTPUTF8, PIPELINING"
    assert found.facts["It offers"] == offered
    assert found.notes == ["The connection is not encrypted: anybody on the way can read along."]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypts(email: Email, peer: MailSandbox, trusted: None, security: str) -> None:
    posting.change(**encrypted(peer, security))

    assert report().facts["Encryption"].startswith("TLSv1.")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_letter_goes_encrypted(email: Email, peer: MailSandbox, trusted: None, security: str) -> None:
    posting.change(**encrypted(peer, security))
    posting.promise("ada@x.example")

    posting.drain()

    assert posting.outcomes() == [("delivered", "")]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_a_stranger_needs_a_human(email: Email, peer: MailSandbox, security: str) -> None:
    posting.change(**encrypted(peer, security))

    with pytest.raises(errors.Misconfigured, match="certificate is not valid"):
        report()


def test_encryption_that_is_not_offered_is_never_done_without(email: Email, peer: MailSandbox, trusted: None) -> None:
    posting.change(**encrypted(peer, "starttls"))
    peer.faults.set("no_starttls")

    with pytest.raises(errors.Misconfigured, match="offers no encryption"):
        report()


def test_wrong_password_is_told_in_the_servers_words(email: Email, peer: MailSandbox) -> None:
    posting.change(password="a-secret-that-nobody-sees")

    with pytest.raises(errors.Misconfigured, match="refuses user name or password: 535"):
        report()


def test_server_that_is_not_there(email: Email) -> None:
    posting.change(port=1)

    with pytest.raises(errors.Unavailable, match="No connection to the server"):
        report()


def test_server_that_is_slow(email: Email, peer: MailSandbox) -> None:
    posting.change(timeout=0.2)
    peer.faults.set("slow", 5)

    with pytest.raises(errors.Unavailable, match="No answer of the server within the time allowed"):
        report()


def test_server_whose_name_cannot_be_looked_up(email: Email) -> None:
    posting.change(host=f"{'a' * 64}.example")

    with pytest.raises(errors.Unavailable, match="No connection to the server"):
        report()


def test_password_that_cannot_be_written_to_a_server_needs_a_human(email: Email) -> None:
    posting.change(password="größer-als-gedacht")

    with pytest.raises(errors.Misconfigured, match="letters of ASCII"):
        report()


def test_private_address_is_refused(email: Email, settings: Any) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False

    with pytest.raises(errors.Misconfigured, match="private network"):
        report()


def test_stand_in_is_no_real_server(email: Email) -> None:
    service = configuration.service_of("email")

    assert service.mode_of(service.settings) == Mode.SANDBOX
    assert service.remote_system == f"127.0.0.1:{service.settings.port}"


@pytest.mark.parametrize(
    ("host", "mode"), [("localhost", Mode.SANDBOX), ("::1", Mode.SANDBOX), ("smtp.example.com", Mode.LIVE)]
)
def test_only_this_machine_is_a_stand_in(host: str, mode: Mode) -> None:
    assert EmailService.mode_of(EmailSettings(host=host, from_email="office@example.com")) == mode


def test_checklist_asks_for_encryption_and_a_sender_of_ones_own(email: Email) -> None:
    unmet = {line.text for line in golive.checklist(email) if not line.met}

    assert {
        "The connection to the server is encrypted.",
        "Letters come from an address that can be answered.",
    } <= unmet
    assert "People see who writes to them." not in unmet


def test_checklist_praises_no_encryption_that_is_not_there(email: Email) -> None:
    assert "The way there is encrypted." not in {line.text for line in golive.checklist(email)}


@pytest.mark.parametrize(
    ("field", "value"),
    [("host", "mail.example.com\r\nRSET"), ("from_email", "nobody"), ("port", 0), ("from_name", "A\nB: c")],
)
def test_settings_that_make_no_sense_are_refused(field: str, value: Any) -> None:
    given = {"host": "mail.example.com", "from_email": "office@example.com", field: value}

    with pytest.raises(ValueError, match=field):
        EmailService.settings_schema.model_validate(given)

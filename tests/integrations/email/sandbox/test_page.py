"""What people see of the letters, and what the buttons do."""

import re
from email.message import EmailMessage
from functools import cache

import pytest
import requests

from integrations.email.sandbox import MailSandbox

from .conftest import Server, letter, post


@cache
def full_letter() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Hello <b>Ann</b>"
    message["Message-ID"] = "<full@firm.example>"
    message.set_content("Plain & simple")
    message.add_alternative("<html><head></head><body><script>alert(1)</script>Rich</body></html>", subtype="html")
    message.add_attachment("BEGIN:VCALENDAR", subtype="calendar", filename="Termin für Ann.ics")
    return message.as_bytes().replace(b"\n", b"\r\n")


@pytest.fixture
def at(peer: MailSandbox, server: Server) -> str:
    """The address of the page of a letter."""
    post(server, full_letter())
    return f"{peer.url}letters/1"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=5)


def test_newest_letter_comes_first(peer: MailSandbox, server: Server) -> None:
    for number in "12":
        post(server, letter(number))

    assert re.findall(r"Number \d", get(peer.url).text) == ["Number 2", "Number 1"]


def test_letter_that_arrived_again_is_marked(peer: MailSandbox, server: Server) -> None:
    for number in "112":
        post(server, letter(number))

    assert "1 of them again" in get(peer.url).text
    assert get(f"{peer.url}letters.json").json()["duplicates"] == 1


def test_letter_is_shown_and_nothing_of_it_runs(at: str) -> None:
    shown = get(at).text

    assert "Hello &lt;b&gt;Ann&lt;/b&gt;" in shown
    assert "Plain &amp; simple" in shown
    assert "<script" not in shown
    assert 'sandbox="allow-popups' in shown


def test_html_of_a_letter_runs_and_fetches_nothing(at: str) -> None:
    answer = get(f"{at}/html")

    assert "Rich" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "allow-scripts" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_letter_is_downloaded_as_it_came(at: str) -> None:
    assert get(f"{at}/letter.eml").content == full_letter()


def test_attachment_is_downloaded(at: str) -> None:
    answer = get(f"{at}/attachments/0")

    assert answer.content.strip() == b"BEGIN:VCALENDAR"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Termin%20f%C3%BCr%20Ann.ics"


@pytest.mark.parametrize("path", ["letters/2", "letters/x", "letters/1/attachments/1", "letters/1/more", "nowhere"])
def test_what_is_not_there_is_404(peer: MailSandbox, at: str, path: str) -> None:
    assert get(f"{peer.url}{path}").status_code == 404


def test_buttons_set_and_end_faults(peer: MailSandbox, server: Server) -> None:
    requests.post(f"{peer.url}sandbox/faults", {"fault": "mail", "value": "451", "times": "5"}, timeout=5)
    requests.post(f"{peer.url}sandbox/refuse", {"address": "ann@acme.example", "answer": "550"}, timeout=5)

    assert peer.faults.show() == {"mail": {"value": "451 4.3.0 Try again later", "share": 1.0, "times": 5}}
    assert peer.faults.refused == {"ann@acme.example": "550 5.7.1 Refused"}
    assert "answer MAIL FROM with this" in requests.post(f"{peer.url}sandbox/clear", timeout=5).text
    assert peer.faults.show() == peer.faults.refused == {}


def test_scripts_set_faults_in_json(peer: MailSandbox) -> None:
    told = requests.post(f"{peer.url}sandbox/faults", json={"fault": "cut_kept", "share": 0.1}, timeout=5)

    assert told.status_code == 200
    assert get(f"{peer.url}letters.json").json()["faults"]["cut_kept"]["share"] == 0.1


def test_nonsense_is_400(peer: MailSandbox) -> None:
    told = requests.post(f"{peer.url}sandbox/faults", json={"fault": "mail", "value": "maybe"}, timeout=5)

    assert (told.status_code, "is no refusal" in told.text) == (400, True)


def test_letters_are_forgotten(peer: MailSandbox, at: str) -> None:
    requests.post(f"{peer.url}sandbox/forget", timeout=5)

    assert peer.letters == list(peer.letterbox.folder.glob("*.eml")) == []
    assert "0 letters" in get(peer.url).text

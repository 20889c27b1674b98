"""HTTP to addresses that an operator typed."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import LazySettings

from integrations import errors, http
from tests.postbox.sandbox import Answer, Postbox

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRIVATE = ["127.0.0.1", "[::1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "[fe80::1]"]
PRIVATE += ["[::ffff:10.0.0.1]", "100.64.0.1", "[fd00::1]"]


@pytest.fixture(autouse=True)
def new_session() -> Iterator[None]:
    vars(http._local).clear()
    yield
    vars(http._local).clear()


@pytest.fixture
def guarded(settings: LazySettings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False


def resolve(patch: pytest.MonkeyPatch, *addresses: str) -> None:
    def found(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    patch.setattr(socket, "getaddrinfo", found)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", PRIVATE)
def test_private_address_is_refused(scheme: str, host: str) -> None:
    with pytest.raises(http.PrivateAddressError):
        http.get(f"{scheme}://{host}:9/", timeout=1)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.215.14", "10.0.0.1"]])
def test_name_that_leads_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    resolve(monkeypatch, *addresses)

    with pytest.raises(http.PrivateAddressError):
        http.get("http://innocent.example/", timeout=1)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),  # how a network of IPv6 only reaches 93.184.215.14
        ("64:ff9b::a00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::a00:1", False),  # the same, where a network chose a prefix of its own
        ("::ffff:10.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("::10.0.0.1", False),
        ("2002:a00:1::", False),
        ("fec0::1", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("ff0e::1", False),
    ],
)
def test_an_address_is_public_only_if_it_leads_to_a_public_one(address: str, public: bool) -> None:
    assert http.is_public(address) == public


@pytest.mark.usefixtures("guarded")
def test_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its mind between check and connection gains nothing."""
    resolve(monkeypatch, "93.184.215.14")

    with pytest.raises(RuntimeError, match=r"tried to reach 93\.184\.215\.14"):  # the guard of the tests themselves
        http.get("http://rebinding.example/", timeout=1)


@pytest.mark.usefixtures("guarded")
def test_unknown_name_is_no_connection() -> None:
    with pytest.raises(errors.NotConnected):
        http.get("http://unknown.example/", timeout=1)


def test_private_address_reads_as_misconfigured() -> None:
    assert isinstance(http.translate(http.PrivateAddressError("10.0.0.1")), errors.Misconfigured)


def test_guarded_call_keeps_the_name_for_the_host_header(
    guarded: None, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "public_address", lambda host, port: "127.0.0.1")
    url = postbox.url.replace("127.0.0.1", "postbox.example")

    http.get(url, timeout=30)
    http.get(url, timeout=30)

    assert {headers["Host"].partition(":")[0] for headers in postbox.headers} == {"postbox.example"}


def test_guarded_https_checks_the_certificate_of_the_name(
    guarded: None, postbox: Postbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(http, "public_address", lambda host, port: "127.0.0.1")
    certificate = certify(postbox, "postbox.example", tmp_path)
    address = postbox.url.removeprefix("http://127.0.0.1")

    assert http.get(f"https://postbox.example{address}", timeout=30, verify=certificate).status_code == 200
    with pytest.raises(requests.exceptions.SSLError) as refused:
        http.get(f"https://another.example{address}", timeout=30, verify=certificate)
    assert isinstance(http.translate(refused.value), errors.Unavailable)


def test_redirect_is_not_followed(postbox: Postbox) -> None:
    postbox.script.append(Answer(302, headers={"Location": postbox.url + "elsewhere"}))

    response = http.get(postbox.url, timeout=30)

    assert len(postbox.requests) == 1
    with pytest.raises(errors.Misconfigured, match=r"\(127\.0\.0\.1\)"):
        http.raise_for_status(response)


def test_proxy_of_the_environment_is_ignored(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert http.get(postbox.url, timeout=30).status_code == 200


def test_cookie_is_not_sent_back(postbox: Postbox) -> None:
    postbox.script.append(Answer(headers={"Set-Cookie": "session=of-another-account"}))

    http.get(postbox.url, timeout=30)
    http.get(postbox.url, timeout=30)

    assert [headers.get("Cookie") for headers in postbox.headers] == [None, None]


def test_connection_is_kept_between_calls(postbox: Postbox) -> None:
    for _ in range(3):
        http.get(postbox.url, timeout=30)

    assert postbox.connections == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("999999", 3600),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOON - timedelta(days=1), usegmt=True), 1),
        ("soon", 60),
        ("²", 60),
        ("", 60),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_retry_after_is_a_number_or_a_date_within_an_hour(value: str, seconds: float) -> None:
    response = requests.Response()
    response.headers["Retry-After"] = value

    assert http.retry_after(response) == seconds


@pytest.mark.parametrize("url", ["", "odoo.example.com", "ftp://odoo.example.com", "http://", "http://[", "http://*/"])
def test_what_is_no_url_is_misconfigured(url: str) -> None:
    with pytest.raises(requests.RequestException) as caught:
        http.get(url, timeout=30)

    assert isinstance(http.translate(caught.value), errors.Misconfigured)


def test_garbled_answer_is_ambiguous(postbox: Postbox) -> None:
    postbox.script.append(Answer(body="not zipped", headers={"Content-Encoding": "gzip"}))

    with pytest.raises(requests.RequestException) as caught:
        http.get(postbox.url, timeout=30)

    assert isinstance(http.translate(caught.value), errors.Ambiguous)


def certify(server: Postbox, name: str, folder: Path) -> str:
    """Give the server a certificate for `name`; returns the path of what a client must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    no_password = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return str(path)

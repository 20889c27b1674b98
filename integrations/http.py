"""HTTP to addresses that an operator typed: always with a timeout, never redirected, never into our own network."""

import ipaddress
import socket
import threading
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.exceptions import ChunkedEncodingError, ConnectionError, ConnectTimeout, ReadTimeout, SSLError  # noqa: A004
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from . import errors

NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Python calls these global: IPv4 wrapped in other ways (compatible, translated, within one network, 6to4), and private
# of old.
NEVER_PUBLIC = [
    ipaddress.ip_network(name) for name in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")
]

_local = threading.local()


class PrivateAddressError(Exception):
    """The name leads into a private network."""


class _Guard(HTTPConnection):
    """Checks the address that it connects to, not the name: what a name means can change between two look-ups."""

    def _new_conn(self) -> socket.socket:
        if settings.ALLOW_PRIVATE_ADDRESSES:
            return super()._new_conn()
        name = self._dns_host
        self._dns_host = public_address(name, self.port or self.default_port)
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name  # the certificate and the Host header go by the name


class _GuardedHTTP(_Guard):
    pass


class _GuardedHTTPS(HTTPSConnection, _Guard):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def public_address(host: str, port: int) -> str:
    """The first address of `host`; raises PrivateAddressError unless all its addresses are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise errors.NotConnected(_("The host name is unknown.")) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(map(is_public, addresses)):
        raise PrivateAddressError(host)
    return addresses[0]


def is_public(address: str) -> bool:
    """Some IPv6 addresses lead on to an IPv4 one, which may be private whatever the outer one looks like."""
    ip = ipaddress.ip_address(address)
    if ip in NAT64:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in NEVER_PUBLIC)


def session() -> requests.Session:
    """This thread's session: keeps connections, no cookies, ignores proxies of the environment, follows nothing."""
    if not hasattr(_local, "session"):
        _local.session = _new_session()
    found: requests.Session = _local.session
    return found


def _new_session() -> requests.Session:
    new = requests.Session()
    new.trust_env = False
    new.cookies = _NoCookies()
    for scheme in ("http://", "https://"):
        new.mount(scheme, _GuardedAdapter(max_retries=0))
    return new


class _NoCookies(RequestsCookieJar):
    """Each call stands alone; a session cookie of another account must not travel with it."""

    def set_cookie(self, cookie: Any, *args: Any, **kwargs: Any) -> None:
        return None


def post(url: str, *, timeout: float, **kwargs: Any) -> requests.Response:
    return session().post(url, timeout=timeout, allow_redirects=False, **kwargs)


def get(url: str, *, timeout: float, **kwargs: Any) -> requests.Response:
    return session().get(url, timeout=timeout, allow_redirects=False, **kwargs)


def translate(error: Exception) -> Exception:
    """What failed on the wire, in our words. The question is always: had the request been sent?"""
    match error:
        case PrivateAddressError():
            return errors.Misconfigured(_("The address is inside a private network, which is not allowed."))
        case (
            requests.exceptions.InvalidURL() | requests.exceptions.MissingSchema() | requests.exceptions.InvalidSchema()
        ):
            return errors.Misconfigured(_("The address is not a valid URL."))
        case SSLError():
            return errors.Unavailable(_("No secure connection: the certificate is not valid for this address."))
        case ConnectTimeout():
            return errors.NotConnected(_("No connection within the time allowed."))
        case ReadTimeout():
            return errors.Ambiguous(_("Sent, but no answer within the time allowed."))
        case ConnectionError() if _never_connected(error):
            return errors.NotConnected(_("No connection: refused, or the host is unknown."))
        case ConnectionError() | ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return errors.Ambiguous(_("Sent, but the connection broke before the answer came."))
        case _:
            return error


def _never_connected(error: ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | NameResolutionError)


def raise_for_status(response: requests.Response) -> None:
    """What the status alone tells, before anybody reads the body."""
    status = response.status_code
    if status == requests.codes.too_many_requests:
        raise errors.RateLimited(_("Too many requests."), retry_after=retry_after(response))
    if status in (502, 503):
        raise errors.Unavailable(_("The server is not available (HTTP %(status)s).") % {"status": status})
    if status == requests.codes.gateway_timeout:
        raise errors.Ambiguous(_("The server's gateway got no answer in time (HTTP 504)."))
    if 300 <= status < 400:
        raise errors.Misconfigured(
            _("The address redirects elsewhere (%(host)s): enter the final address.") % {"host": _target(response)}
        )


def _target(response: requests.Response) -> str:
    """The host that a redirection leads to; the rest of the address may be secret."""
    location = urljoin(response.url, response.headers.get("Location", ""))
    return urlsplit(location).hostname or "?"


def retry_after(response: requests.Response, default: float = 60) -> float:
    """Seconds from a Retry-After header, which may be a number or a date; at most an hour."""
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value) if value.isdigit() else _seconds_until(value)
    except (TypeError, ValueError):
        seconds = default
    return min(max(seconds, 1), 3600)


def _seconds_until(date: str) -> float:
    return (parsedate_to_datetime(date) - timezone.now()).total_seconds()

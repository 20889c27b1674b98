"""How often one address, or whoever else can be told apart, may ask."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from time import time

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

log = structlog.get_logger(__name__)

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str:
    """Who is asking: the last address in the chain of proxies that is not one of ours.

    X-Forwarded-For is believed only as far as TRUSTED_PROXIES wrote it: everything left of that anybody can make up.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    address = request.META.get("REMOTE_ADDR", "")
    for hop in reversed(forwarded):
        if not is_trusted(address) or parse(hop) is None:
            break
        address = hop.strip()
    return str(parse(address) or address)


def seconds_to_wait(scope: str, who: str, *, limit: int, window: int) -> int:
    """0 when this request of `who` is within `limit` per `window` seconds; counts it."""
    now = int(time())
    key = f"throttle:{scope}:{who}:{now // window}"
    try:
        cache.add(key, 0, timeout=window)
        count = cache.incr(key)
    except Exception:
        # Losing a lead is worse than taking one too many: without a cache everybody may pass.
        log.warning("throttle without cache", scope=scope, exc_info=True)
        return 0
    return left_of(window) if count > limit else 0


def left_of(window: int) -> int:
    """Seconds until counting starts anew."""
    return window - int(time()) % window


class PerVisitor(BaseThrottle):
    """Of an endpoint. Counts before anything is read, so that nonsense counts, too."""

    def __init__(self, scope: str, *, limit: int, window: int) -> None:
        self.scope, self.limit, self.window = scope, limit, window

    def allow_request(self, request: HttpRequest) -> bool:
        return not seconds_to_wait(self.scope, visitor(request), limit=self.limit, window=self.window)

    def wait(self) -> int:
        return left_of(self.window)


def visitor(request: HttpRequest) -> str:
    """Whom to count for a request of somebody unknown."""
    return neighbourhood(client_address(request))


def neighbourhood(address: str) -> str:
    """An IPv6 customer owns a whole /64 and may change address with every request."""
    parsed = parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False).network_address)
    return address


def is_trusted(address: str) -> bool:
    parsed = parse(address)
    return parsed is not None and any(parsed in ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)


def parse(address: str) -> Address | None:
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed

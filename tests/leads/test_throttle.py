"""Who posts too often waits; who cannot be counted may pass."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from leads.throttle import client_address, seconds_to_wait, visitor


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def request(address: str, forwarded: str = "") -> Any:
    return RequestFactory().post("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)


def attempts(addresses: list[str]) -> list[bool]:
    return [not seconds_to_wait("test", visitor(request(address)), limit=2, window=600) for address in addresses]


@pytest.mark.parametrize(
    ("address", "forwarded", "expected"),
    [
        ("1.1.1.1", "", "1.1.1.1"),
        ("1.1.1.1", "9.9.9.9", "1.1.1.1"),  # not our proxy: anybody can write that header
        ("10.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", "8.8.8.8, 9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", "9.9.9.9, 10.0.0.2", "9.9.9.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "9.9.9.9", ""),
    ],
)
def test_client_address_believes_only_our_proxies(settings: Any, address: str, forwarded: str, expected: str) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    assert client_address(request(address, forwarded)) == expected


def test_limit_counts_each_address_for_itself() -> None:
    assert attempts(["1.1.1.1"] * 3 + ["2.2.2.2"]) == [True, True, False, True]


def test_one_ipv6_network_counts_as_one() -> None:
    assert attempts(["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]) == [True, True, False, True]


def test_cache_that_is_down_lets_everybody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "incr", down)

    assert attempts(["1.1.1.1"] * 3) == [True, True, True]

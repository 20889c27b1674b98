"""Fixtures of the bookings' tests."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test may be throttled for what others posted; requests leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield

"""Fixtures of the bookings' tests."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from bookings.models import Consultant
from tests.factories import ConsultantFactory


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test may be throttled for what others posted; requests leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def consultant(db: None) -> Consultant:
    return ConsultantFactory(name="Grace Hopper")

"""Callers of the API with more and fewer rights."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client

from integrations.models import ApiToken
from tests.integrations.odoo.conftest import odoo, peer  # noqa: F401

INTEGRATIONS = "/api/v1/admin/integrations"
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test may be throttled for what others asked."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada", "ada@staff.example")


@pytest.fixture
def bob(db: None) -> Callable[..., User]:
    """A colleague with these permissions only."""

    def hire(*codenames: str) -> User:
        user, _ = User.objects.get_or_create(username="bob", defaults={"is_staff": True})
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return hire


def a_token(owner: User, scope: str = "configure", **columns: Any) -> tuple[ApiToken, str]:
    token = ApiToken(name="crm", scope=scope, owner=owner, **columns)
    value = token.renew()
    token.save()
    return token, value


def caller(value: str) -> Call:
    """call(method, path, body) with a token, from a browser that checks CSRF."""
    client = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {value}"})

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = "" if body is None else json.dumps(body)
        return client.generic(method, path, sent, "application/json", headers=headers)

    return call


@pytest.fixture
def call(ada: User) -> Call:
    """As ada, who may everything, with a token of the widest scope."""
    return caller(a_token(ada)[1])


def data(response: Any, status: int = 200) -> Any:
    body = response.json()
    assert (response.status_code, body["success"]) == (status, True), body
    return body["data"]


def error(response: Any, status: int) -> Any:
    body = response.json()
    assert (response.status_code, body["success"]) == (status, False), body
    assert body["error"]["message"]
    return body["error"]

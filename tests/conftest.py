"""What holds for every test."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from tests import flushing


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """No test reaches the network: other machines' names do not resolve, and their addresses fail the test."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse_other_machines(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse_other_machines(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_here(host) and not is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not looked up in tests")
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_and_without_traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Static files without `collectstatic`, uploads in a folder of the run's own, passwords hashed fast."""
    storages = {
        "default": storage("django.core.files.storage.FileSystemStorage", location=tmp_path_factory.mktemp("media")),
        "staticfiles": storage("django.contrib.staticfiles.storage.StaticFilesStorage"),
    }
    with override_settings(STORAGES=storages, PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def nobody_elses_language() -> Iterator[None]:
    """A page that a test asked for in German must not leave the next test speaking it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The run's database goes at the end although a thread that served a browser may still hold a connection."""
    with django_db_blocker.unblock():
        flushing.keep_first_rows()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flushing.restore)
        yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def storage(backend: str, **options: Path) -> dict[str, Any]:
    return {"BACKEND": backend, "OPTIONS": options}


def refuse_other_machines(connecting: socket.socket, address: Any) -> None:
    if connecting.family != socket.AF_UNIX and not is_here(address[0]):
        # No OSError: code under test would take it for an outage, and the test might even pass.
        raise RuntimeError(f"A test tried to reach {address[0]}; only this machine is allowed.")


def is_here(host: Any) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    return is_address(host) and ip_address(text(host)).is_loopback


def is_address(host: Any) -> bool:
    try:
        ip_address(text(host))
    except ValueError:
        return False
    return True


def text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else host.partition("%")[0]

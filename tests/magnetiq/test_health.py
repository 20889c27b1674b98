"""/healthz and /readyz."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from magnetiq.views import newest_migrations


def test_healthz_answers_without_a_database(client):
    response = client.get("/healthz")  # pytest-django refuses the database here

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_is_ready_when_the_database_is_migrated(client, django_assert_num_queries):
    newest_migrations()

    with django_assert_num_queries(2):
        response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok"}


@pytest.mark.django_db
def test_readyz_misses_a_migration(client):
    app, name = newest_migrations()[0]
    MigrationRecorder(connection).record_unapplied(app, name)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "ok", "migrations": "failed"}


def test_readyz_hides_why_the_database_fails(client, monkeypatch):
    def refuse(self):
        raise OperationalError("password authentication failed for user magnetiq")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "failed", "migrations": "failed"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_neither_cached_nor_written_to(client, path):
    assert client.post(path).status_code == 405
    assert "no-store" in client.get("/healthz")["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_asked_over_http_even_where_https_is_enforced(client, settings, monkeypatch, path):
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda self: dict.fromkeys(newest_migrations()))

    assert client.get(path).status_code == 200

"""The OpenAPI document tells the truth: what it allows and forbids is asked, and every answer compared with it."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core import signals
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from integrations.models import Connection, Run
from tests.factories import ConsultantFactory, LeadFactory, SessionFactory
from tests.integrations.admin.conftest import a_delivery
from tests.integrations.api.conftest import a_token
from tests.integrations.conftest import connection, postbox, registered  # noqa: F401
from tests.postbox.service import PostboxService

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"max-examples": 5, "deterministic": True, "allow-x00": False},
        # Of what exists; other names are 404 before anything else is looked at.
        "parameters": {"path.name": "postbox", "path.command": "post-greetings", "path.id": 4711, "path.slug": "data"},
        # Words that the document cannot describe, such as what makes an address possible, are 422.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
    }
)
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), config=CONFIG)


@pytest.fixture
def key(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811
    """Of somebody who may everything, where there is one of everything; nobody is throttled."""
    a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="dead", pk=4711)
    SessionFactory(slug="data")
    ConsultantFactory(slug="data")
    Run.objects.create(pk=4711, kind="test", trigger="api", integration=connection.integration)
    for limit in (
        "integrations.api.auth.CALLS",
        "integrations.api.auth.FAILURES",
        "bookings.api.LOOKS.limit",
        "bookings.api.POSTS.limit",
        "leads.api.POSTS.limit",
        "webinars.api.LOOKS.limit",
        "webinars.api.POSTS.limit",
    ):
        monkeypatch.setattr(limit, 1_000_000)
    signals.request_finished.disconnect(close_old_connections)  # as the test client does
    signals.request_started.disconnect(close_old_connections)
    yield a_token(User.objects.create_superuser("ada"))[1]
    signals.request_finished.connect(close_old_connections)
    signals.request_started.connect(close_old_connections)
    cache.clear()


@schema.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_endpoint_keeps_to_the_document(case: Any, key: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

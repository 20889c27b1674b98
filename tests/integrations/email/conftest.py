"""The mail stand-in, connected to our integration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from integrations import configuration, setup
from integrations.email.sandbox import MailSandbox, settings_for
from integrations.models import Integration


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path) as peer:
        yield peer


@pytest.fixture
def email(peer: MailSandbox, settings: LazySettings, db: None) -> Integration:
    """In use, with the backend that pytest-django would replace."""
    settings.EMAIL_BACKEND = "integrations.email.backend.EmailBackend"
    setup.create_rows()
    integration = Integration.objects.get(slug="email")
    # Full jitter may choose no wait at all: of a day it does not.
    configuration.configure(integration, {**settings_for(peer), "retry_schedule": [86_400] * 8})
    configuration.set_enabled(integration, True)
    return integration

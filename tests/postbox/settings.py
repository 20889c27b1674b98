"""The project's settings with one line more."""

from magnetiq.settings import *  # noqa: F403
from magnetiq.settings import INTEGRATIONS

INTEGRATIONS = [*INTEGRATIONS, "tests.postbox.service.PostboxService"]

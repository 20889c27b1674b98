"""The environment of every test run, whatever the developer's own `.env` says: loaded with `-p` before the settings."""

import os
from pathlib import Path

from magnetiq import embedded

OWN_DATABASE = "PYTEST_XDIST_WORKER" not in os.environ and not os.environ.get("DATABASE_URL")

os.environ.update(
    DEBUG="off",
    SECRET_KEY="a-key-for-tests-only-of-at-least-fifty-characters-in-length",
    FERNET_KEYS="a-first-key-for-tests-of-32-chars",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    SITE_URL="http://testserver",
    TIME_ZONE="Europe/Berlin",
    LANGUAGE_CODE="en",
    REDIS_URL="",
    ALLOW_PRIVATE_ADDRESSES="on",
    ADMINS="",
    SENTRY_DSN="",
    TRUSTED_PROXIES="",
)
if OWN_DATABASE:
    folder = Path(os.environ.get("MAGNETIQ_DATA_DIR", ".magnetiq")).absolute() / "postgres-tests"
    os.environ["DATABASE_URL"] = embedded.start(folder, durable=False)

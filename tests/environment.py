"""The environment of every test run, whatever the developer's own `.env` says: loaded with `-p` before the settings."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from magnetiq import embedded


def own_database() -> str:
    """The URL of a database on the tests' embedded server; named after this process, so that runs never meet.

    It need not exist: the tests make theirs beside it, with `test_` in front.
    """
    folder = Path(os.environ.get("MAGNETIQ_DATA_DIR") or ".magnetiq").absolute() / "postgres-tests"
    server = embedded.start(folder, durable=False)
    drop_leftovers(server)
    return urlsplit(server)._replace(path=f"/magnetiq_{os.getpid()}").geturl()


def drop_leftovers(server: str) -> None:
    """Drop what a killed run could not."""
    with psycopg.connect(server, autocommit=True) as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall():
            owner = re.match(r"test_magnetiq_(\d+)", name)
            if owner and not psutil.pid_exists(int(owner[1])):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


os.environ.update(
    DEBUG="off",
    SECRET_KEY="a-key-for-tests-only-of-at-least-fifty-characters-in-length",
    FERNET_KEYS="a-first-key-for-tests-of-32-chars",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    SITE_URL="http://localhost:8000",
    TIME_ZONE="Europe/Berlin",
    LANGUAGE_CODE="en",
    REDIS_URL="",
    ALLOW_PRIVATE_ADDRESSES="on",
    ADMINS="",
    SENTRY_DSN="",
    TRUSTED_PROXIES="",
    REQUIRE_TWO_FACTOR="off",
)
# The workers of pytest-xdist inherit what their controller sets here.
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = own_database()

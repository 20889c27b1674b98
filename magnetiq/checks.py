"""What production must not run without. Each problem names its variable and how to cure it, never its value."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.checks import Warning as Advice
from django.core.exceptions import ImproperlyConfigured

TAG = "magnetiq"
DEVELOPMENT_KEY = "insecure-development-key"
EXAMPLE_PASSWORD = "change-me"  # noqa: S105 (compared with, never used)
NEW_KEY = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(64))"'


class Requirement(NamedTuple):
    """A variable that must be right; `problem` answers with what is wrong, or with nothing."""

    id: str
    variable: str
    problem: Callable[[], str]
    hint: str


def refuse_to_start() -> None:
    """For what runs no system checks by itself (gunicorn, Celery): print every problem and exit with 1."""
    problems = run_checks(tags=[TAG])
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    if problems:
        sys.exit(1)


@register(TAG)
def check_environment(app_configs: Iterable[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    if settings.DEBUG:
        return []
    return [
        Error(f"{requirement.variable} {problem}.", hint=requirement.hint, id=requirement.id)
        for requirement in REQUIREMENTS
        if (problem := requirement.problem())
    ]


@register(Tags.security, deploy=True)
def check_two_factor(app_configs: Iterable[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """A piece of advice for `check --deploy`: without it, too, everything starts."""
    if settings.REQUIRE_TWO_FACTOR:
        return []
    hint = "Set REQUIRE_TWO_FACTOR=on: staff are then led to set up an authenticator app when they log in."
    return [Advice("REQUIRE_TWO_FACTOR is off: a password alone may open the admin.", hint=hint, id="magnetiq.W001")]


def secret_key() -> str:
    key = _secret_key()
    if not key:
        return "is missing"
    if len(key) < 50 or len(set(key)) < 5:
        return "is too short or too uniform: it needs 50 random characters"
    return "is a development key" if "insecure" in key else ""


def fernet_keys() -> str:
    keys = settings.FERNET_KEYS
    if not keys:
        return "is missing"
    if DEVELOPMENT_KEY in keys:
        return "contains the development key"
    if _secret_key() in keys:
        return "repeats SECRET_KEY: one leak would open both"
    return "contains a key of fewer than 32 characters" if min(map(len, keys)) < 32 else ""


def days_kept(variable: str) -> str:
    """Zero days would delete what was written a moment ago."""
    return "" if getattr(settings, variable) >= 1 else "is less than a day"


def allowed_hosts() -> str:
    if not settings.ALLOWED_HOSTS:
        return "is missing"
    return 'contains "*", which lets anybody choose the links in our letters' if "*" in settings.ALLOWED_HOSTS else ""


def site_url() -> str:
    return _problem_of_origin(settings.SITE_URL) if settings.SITE_URL else "is missing"


def cors_allowed_origins() -> str:
    return _problem_of_origins(settings.CORS_ALLOWED_ORIGINS)


def embed_origins() -> str:
    return _problem_of_origins(settings.EMBED_ORIGINS)


def _problem_of_origins(origins: Iterable[str]) -> str:
    problems = filter(None, map(_problem_of_origin, origins))
    return next((f"has an entry that {problem}" for problem in problems), "")


def _problem_of_origin(origin: str) -> str:
    try:
        url = urlsplit(origin)
    except ValueError:
        return "is not an address"
    if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query or url.username:
        return "must be a scheme and a host, nothing more"
    return "must begin with https://" if url.scheme == "http" and not _is_loopback(url.hostname) else ""


def database_url() -> str:
    # The settings hold a default that suits development, so what was really given is only found here.
    given = os.environ.get("DATABASE_URL", "")
    if not given:
        return "is missing"
    try:
        url = urlsplit(given)
    except ValueError:
        return "is not an address"
    if not url.path.strip("/"):
        return "names no database"
    return "has the password of the example" if unquote(url.password or "") == EXAMPLE_PASSWORD else ""


REQUIREMENTS = [
    Requirement("magnetiq.E001", "SECRET_KEY", secret_key, NEW_KEY),
    Requirement("magnetiq.E002", "FERNET_KEYS", fernet_keys, f"{NEW_KEY} (new keys in front, old ones stay behind it)"),
    Requirement(
        "magnetiq.E003",
        "ALLOWED_HOSTS",
        allowed_hosts,
        "List the host names visitors use, separated by commas: ALLOWED_HOSTS=www.example.com,localhost",
    ),
    Requirement(
        "magnetiq.E004",
        "SITE_URL",
        site_url,
        "Give the address visitors see, as in SITE_URL=https://www.example.com (http only on this very machine)",
    ),
    Requirement(
        "magnetiq.E005",
        "DATABASE_URL",
        database_url,
        "Give DATABASE_URL=postgres://user:password@host:5432/name with a password of your own; "
        'python -c "import secrets; print(secrets.token_urlsafe(24))" makes one',
    ),
    Requirement(
        "magnetiq.E006",
        "CORS_ALLOWED_ORIGINS",
        cors_allowed_origins,
        'List websites one by one: CORS_ALLOWED_ORIGINS=https://www.example.com,https://shop.example.com ("*" is none)',
    ),
    Requirement(
        "magnetiq.E007",
        "EMBED_ORIGINS",
        embed_origins,
        'List websites one by one: EMBED_ORIGINS=https://www.example.com,https://shop.example.com ("*" is none)',
    ),
    *(
        Requirement("magnetiq.E008", variable, partial(days_kept, variable), f"Give whole days, as in {variable}=90")
        for variable in ("KEEP_LOG_DAYS", "KEEP_WEBHOOKS_DAYS", "KEEP_LETTERS_DAYS", "KEEP_DELIVERIES_DAYS")
    ),
]


def _secret_key() -> str:
    with suppress(ImproperlyConfigured):  # which is how Django answers when it is empty
        return str(settings.SECRET_KEY)
    return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

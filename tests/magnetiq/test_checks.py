"""What production must not run without."""

import os
import re
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from magnetiq import checks

GOOD_KEY = "Zq3vN8wK1xR6tY0uB5mC2pL9sD4fG7hJ-aE_iOzXyWvUtSrQpMnLk"
OTHER_KEY = "H4gF3dS2aQ1wE0rT9yU8iO7pL6kJ5hG4"


@pytest.fixture(autouse=True)
def _good_environment(settings, monkeypatch):
    settings.SECRET_KEY = GOOD_KEY
    settings.FERNET_KEYS = [OTHER_KEY]
    settings.ALLOWED_HOSTS = ["www.example.com"]
    settings.SITE_URL = "https://www.example.com"
    monkeypatch.setenv("DATABASE_URL", "postgres://magnetiq:s3cret@db:5432/magnetiq")


def found() -> list[str]:
    return [str(problem.id) for problem in run_checks(tags=[checks.TAG])]


def test_good_settings_raise_no_problem():
    assert found() == []


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 60, "django-insecure-" + GOOD_KEY], ids=["missing", "short", "uniform", "insecure"]
)
def test_weak_secret_key_is_refused(settings, key):
    settings.SECRET_KEY = key

    assert found() == ["magnetiq.E001"]


@pytest.mark.parametrize(
    "keys",
    [[], ["short"], [OTHER_KEY, "short"], [GOOD_KEY], [checks.DEVELOPMENT_KEY]],
    ids=["missing", "short", "second_short", "same_as_secret_key", "development"],
)
def test_weak_fernet_keys_are_refused(settings, keys):
    settings.FERNET_KEYS = keys

    assert found() == ["magnetiq.E002"]


@pytest.mark.parametrize("hosts", [[], ["*"], ["www.example.com", "*"]])
def test_open_allowed_hosts_are_refused(settings, hosts):
    settings.ALLOWED_HOSTS = hosts

    assert found() == ["magnetiq.E003"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "www.example.com",
        "http://www.example.com",
        "http://intranet",
        "https://example.com/path",
        "https://[::1",
        "ftp://x",
    ],
)
def test_unsafe_site_url_is_refused(settings, url):
    settings.SITE_URL = url

    assert found() == ["magnetiq.E004"]


@pytest.mark.parametrize("origins", [["*"], ["https://www.example.com", "http://intranet"], ["www.example.com"]])
def test_unsafe_cors_origins_are_refused(settings, origins):
    settings.CORS_ALLOWED_ORIGINS = origins

    assert found() == ["magnetiq.E006"]


@pytest.mark.parametrize("origins", [["*"], ["https://www.example.com", "http://intranet"], ["www.example.com"]])
def test_unsafe_embed_origins_are_refused(settings, origins):
    settings.EMBED_ORIGINS = origins

    assert found() == ["magnetiq.E007"]


@pytest.mark.parametrize("variable", ["KEEP_LOG_DAYS", "KEEP_DELIVERIES_DAYS"])
def test_keeping_nothing_at_all_is_refused(settings, variable):
    setattr(settings, variable, 0)

    assert found() == ["magnetiq.E008"]


@pytest.mark.parametrize(("required", "warned"), [(True, []), (False, ["magnetiq.W001"])])
def test_deploying_without_second_factors_is_warned_of_and_starts(settings, required, warned):
    settings.REQUIRE_TWO_FACTOR = required

    problems = run_checks(include_deployment_checks=True)

    assert [problem.id for problem in problems if problem.id == "magnetiq.W001"] == warned
    assert found() == []


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000", "https://a.example"])
def test_safe_site_url_is_accepted(settings, url):
    settings.SITE_URL = url

    assert found() == []


@pytest.mark.parametrize(
    "url",
    ["", "postgres://db", "postgres://user:s3cret@db:5432/", "postgres://user:change-me@db/magnetiq"],
)
def test_useless_database_url_is_refused(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)

    assert found() == ["magnetiq.E005"]


def test_development_needs_nothing(settings, monkeypatch):
    settings.DEBUG = True
    settings.SECRET_KEY = settings.SITE_URL = ""
    monkeypatch.delenv("DATABASE_URL")

    assert found() == []


def test_problem_names_the_variable_and_a_cure_but_never_the_value(settings, monkeypatch):
    settings.SECRET_KEY = settings.FERNET_KEYS = "hush"
    settings.SITE_URL = "http://hush.example"
    monkeypatch.setenv("DATABASE_URL", "postgres://hush:change-me@hush/hush")

    problems = run_checks(tags=[checks.TAG])

    assert [problem.msg.split()[0] for problem in problems] == ["SECRET_KEY", "FERNET_KEYS", "SITE_URL", "DATABASE_URL"]
    assert all(problem.hint for problem in problems)
    assert "hush" not in "".join(map(str, problems))


def test_refusal_prints_every_problem_and_exits_with_1(settings, capsys):
    settings.ALLOWED_HOSTS = []
    settings.SITE_URL = ""

    with pytest.raises(SystemExit) as ended:
        checks.refuse_to_start()

    assert ended.value.code == 1
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines() if "(magnetiq." in line] == [
        "(magnetiq.E003)",
        "(magnetiq.E004)",
    ]


def test_good_settings_may_start(capsys):
    checks.refuse_to_start()

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "command",
    ["gunicorn magnetiq.wsgi", "celery -A magnetiq worker", "celery -A magnetiq beat"],
)
def test_nothing_starts_without_settings_and_it_says_why(command):
    # Set to nothing, rather than not set: a developer's own .env fills in what is not set.
    bare = {"DEBUG": "off"} | {requirement.variable: "" for requirement in checks.REQUIREMENTS}

    ended = subprocess.run(
        [sys.executable, "-m", *command.split()], env=os.environ | bare, capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == 1
    assert re.findall(r"magnetiq\.E\d+", ended.stderr) == [f"magnetiq.E00{number}" for number in range(1, 6)]
    assert "Traceback" not in ended.stderr

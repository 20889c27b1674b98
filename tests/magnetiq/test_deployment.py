"""Dockerfile, compose.yaml and .env.example agree with the code."""

import ast
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import yaml
from django.core.management import get_commands

from integrations import registry
from integrations.service import env_name

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
# An integration's first settings may come from the environment; the row wins once it was saved.
FIRST_SETTINGS = {"ODOO_SYNC_INTERVAL_MINUTES"} | {
    env_name(info)
    for service in registry.services().values()
    for info in service.settings_schema.model_fields.values()
    if env_name(info)
}


def read_by_settings() -> set[str]:
    """Every name in an `env.<kind>("NAME")`."""
    return {
        call.args[0].value
        for call in ast.walk(ast.parse((ROOT / "magnetiq" / "settings.py").read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
    }


def test_example_names_exactly_what_is_read():
    names = re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    read_by_compose = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))

    assert sorted(names) == sorted(read_by_settings() | read_by_compose | FIRST_SETTINGS)


def test_example_explains_every_name():
    lines = EXAMPLE.splitlines()

    assert [line for above, line in pairwise(lines) if "=" in line and line[0] != "#" and above[:1] != "#"] == []


def test_example_contains_no_secret():
    assert re.findall(r"^(?:\w+KEYS?|\w+PASSWORD|\w+DSN)=.+", EXAMPLE, re.MULTILINE) == []


def test_compose_runs_every_part_and_watches_it():
    assert set(SERVICES) == {"web", "worker-fast", "worker-bulk", "beat", "migrate", "postgres", "redis"}
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == []


def test_compose_starts_nothing_of_ours_before_the_migration():
    ours = [name for name, service in SERVICES.items() if service["image"] == "magnetiq" and name != "migrate"]

    assert {SERVICES[name]["depends_on"]["migrate"]["condition"] for name in ours} == {"service_completed_successfully"}
    assert SERVICES["migrate"]["command"].split()[2] in get_commands()


def test_compose_serves_both_queues():
    assert {name: SERVICES[name]["command"].split("-Q ")[1].split()[0] for name in SERVICES if "worker" in name} == {
        "worker-fast": "fast",
        "worker-bulk": "bulk",
    }


def test_compose_names_modules_that_exist():
    named = {
        service["command"].split("gunicorn ")[-1].split("celery -A ")[-1].split()[0]
        for name, service in SERVICES.items()
        if name in {"web", "worker-fast", "worker-bulk", "beat"}
    }

    assert named == {"magnetiq.wsgi", "magnetiq"}
    assert importlib.import_module("magnetiq").celery_app.main == "magnetiq"
    assert importlib.util.find_spec("magnetiq.wsgi")


def test_compose_and_image_contain_no_secret():
    assert re.findall(r"(?:SECRET_KEY|FERNET_KEYS|API_KEY)", COMPOSE + DOCKERFILE) == []
    assert re.findall(r"PASSWORD: (?!\$\{)", COMPOSE) == []
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_image_is_built_in_stages_and_runs_as_nobody_special():
    assert DOCKERFILE.count("FROM python:3.11-slim") == 2
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.MULTILINE) == ["magnetiq"]
    assert DOCKERFILE.index("USER magnetiq") < DOCKERFILE.index("HEALTHCHECK") < DOCKERFILE.index('CMD ["gunicorn"')


def test_image_compiles_translations_and_collects_static_files():
    assert "python -m magnetiq.messages compile" in DOCKERFILE
    assert "python manage.py collectstatic" in DOCKERFILE


def answer_of(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What a Python of its own says in this environment."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_web_server_quotes_nobody_in_its_log():
    program = """
import runpy
from gunicorn.config import Config
from gunicorn.glogging import Logger
config = Config()
config.set("logconfig_dict", runpy.run_path("gunicorn.conf.py")["logconfig_dict"])
Logger(config).warning("Invalid request: %s", "ann@acme.example")
"""

    (line,) = map(json.loads, answer_of(program).stderr.splitlines())

    assert (line["logger"], line["event"]) == ("gunicorn.error", "Invalid request: [address]")


def test_cookies_travel_over_https_only_and_no_other_host_can_plant_them():
    program = """
from magnetiq import settings
for kind in ("SESSION", "CSRF", "LANGUAGE"):
    flags = [getattr(settings, f"{kind}_COOKIE_{flag}", None) for flag in ("NAME", "SECURE", "SAMESITE")]
    print(*flags)
"""

    lines = answer_of(program, SITE_URL="https://www.example.com").stdout.splitlines()

    assert lines == ["__Host-sessionid True Lax", "__Host-csrftoken True Lax", "None True Lax"]

"""Log lines tell what happened, and of whom nothing."""

import json
import logging
import logging.config
import time
from typing import Any

import pytest
import structlog
from django.conf import settings

from integrations.redact import redact, redacted


def test_a_traceback_quotes_no_address_in_the_log() -> None:
    line = logged(lambda log: log.exception("handler failed", operation="odoo.push_leads"))

    assert "ValueError: nobody at [address]" in line["exception"]
    assert (line["event"], line["operation"]) == ("handler failed", "odoo.push_leads")
    assert "ann@" not in str(line)


@pytest.mark.parametrize(
    "value",
    [
        {"to": {"person": ["ann@acme.example"]}},
        {"ann@acme.example": 1},
        ("ann@acme.example",),
        {"ann@acme.example"},
        b"ann@acme.example",
        ValueError("ann@acme.example"),
        "https://site.example/?email=ann%40acme.example",
    ],
    ids=["nested", "key", "tuple", "set", "bytes", "exception", "quoted"],
)
def test_an_address_is_found_wherever_it_hides(value: Any) -> None:
    line = logged(lambda log: log.warning("refused", value=value))

    assert "acme" not in str(line)
    assert "[address]" in str(line)


def test_lines_of_others_are_redacted_too() -> None:
    line = logged(lambda log: logging.getLogger("tests.redact").warning("%s of %s", "lead", ["ann@acme.example"]))

    assert line["event"] == "lead of ['[address]']"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123456",
        "{'Authorization': 'Basic YWJjOmRlZg=='}",
        "refused mgq_abcdef123456",
        "signed with whsec_abcdef123456",
        "https://odoo.example/?api_key=abcdef123456&db=firm",
        '{"password": "abcdef123456"}',
        "postgres://magnetiq:abcdef123456@db/magnetiq",
    ],
)
def test_a_secret_that_gives_itself_away_is_gone(text: str) -> None:
    assert "abcdef" not in redact(text)
    assert "YWJj" not in redact(text)


@pytest.mark.parametrize("name", ["password", "api_key", "X-Token", "Authorization", "webhook_secret"])
def test_nothing_is_shown_under_a_telling_name(name: str) -> None:
    assert redacted({"headers": {name: ["abcdef"]}}) == {"headers": {name: "[secret]"}}


def test_what_says_nothing_of_anybody_stays_as_it_is() -> None:
    told = {"operation": "odoo.push_leads", "count": 3, "late": True, "token": None, "text": "the token is wrong"}

    assert redacted(told) == told


def logged(write: Any) -> dict[str, Any]:
    """The line that production would write, inside the handling of an error."""
    lines: list[str] = []
    formatter = logging.config.DictConfigurator({}).configure_formatter(dict(settings.LOGGING["formatters"]["json"]))
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(formatter.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("tests.redact")
    logger.addHandler(handler)
    try:
        raise ValueError("nobody at ann@acme.example")
    except ValueError:
        write(structlog.get_logger("tests.redact"))
    finally:
        logger.removeHandler(handler)
    (line,) = lines
    told: dict[str, Any] = json.loads(line)
    return told


def test_long_text_without_an_address_takes_no_longer_than_it_must() -> None:
    started = time.process_time()

    assert redact("x" * 200_000) == "x" * 200_000
    assert time.process_time() - started < 5  # before there was a bound: minutes

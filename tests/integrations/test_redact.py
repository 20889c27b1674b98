"""Log lines tell what happened, and of whom nothing."""

import json
import logging
import logging.config
from typing import Any

import structlog
from django.conf import settings


def test_a_traceback_quotes_no_address_in_the_log() -> None:
    line = logged(lambda log: log.exception("handler failed", operation="odoo.push_leads"))

    assert "ValueError: nobody at [address]" in line["exception"]
    assert (line["event"], line["operation"]) == ("handler failed", "odoo.push_leads")
    assert "ann@" not in str(line)


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

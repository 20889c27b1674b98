"""No secret and no e-mail address in any log line: what the whole run logs is kept, and searched at its end.

Every process of the run writes its lines, as production would, into one folder: this one, the workers of
pytest-xdist, and the programs that tests start, which hand their output to `file_of`. Loaded with `-p`.
"""

import logging
import logging.config
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = "MAGNETIQ_TEST_LOGS"
# What the fixtures use as secrets, and may stand in no line.
SECRETS = (
    os.environ["SECRET_KEY"],
    os.environ["FERNET_KEYS"],
    "a-token-that-opens-the-postbox",
    "a-secret-that-nobody-sees",
    "another-token",
    "key-of-the-odoo",
    "sandbox-demo-key-0123456789abcdef01234567",
    "sk_test_sandboxOfMagnetiq0123456789",
    "sk_live_sandboxOfMagnetiq0123456789",
    "correct horse battery staple",
    "opensesame",
    "known-to-every-letter-of-the-demo",
    "sandboxOfMagnetiq0123456789",  # the keys of the stand-in Stripe, and its webhook secret
    "4242424242424242",
)
SHAPES = {
    "an e-mail address": re.compile(r"[\w.+-]+(?:@|%40)[\w-]+\.\w[\w.-]*", re.IGNORECASE),
    "a key that we made": re.compile(r"(?:mgq|whsec)_[\w+/-]{8,}"),
    "a key of Stripe's": re.compile(r"\b(?:sk|rk)_(?:test|live)_\w{8,}|\bpi_\w+_secret_\w+"),
    "an authorization": re.compile(r"(?:bearer|basic) [\w+/=.~-]{12,}", re.IGNORECASE),
    "a planted secret": re.compile("|".join(map(re.escape, SECRETS))),
}


class Lines(logging.FileHandler):
    """As the formatter of production writes them; a line that cannot be formatted fails its test."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        formatters = logging.config.DictConfigurator({})
        self.setFormatter(formatters.configure_formatter(dict(settings.LOGGING["formatters"]["json"])))

    def handleError(self, record: logging.LogRecord) -> None:
        raise


def file_of(kind: str) -> Path:
    """Where a program that a test starts leaves what it says."""
    return Path(os.environ[FOLDER]) / f"{kind}-{os.getpid()}.log"


def pytest_configure(config: pytest.Config) -> None:
    if not is_worker(config):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="magnetiq-log-lines-")  # the workers inherit it
    lines = Lines(file_of("tests"))
    for name in ["", *settings.LOGGING["loggers"]]:
        logger = logging.getLogger(name)
        if not name or not logger.propagate:
            logger.addHandler(lines)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not is_worker(session.config):
        folder = Path(os.environ[FOLDER])
        session.config.stash[FOUND] = found = list(leaks(folder))
        if found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for leak in config.stash.get(FOUND, []):
        terminalreporter.write_line(f"LEAK {leak}", red=True)


FOUND = pytest.StashKey[list[str]]()


def leaks(folder: Path) -> Iterator[str]:
    """What stands where, once for each kind of line."""
    for path in sorted(folder.iterdir()):
        for line in dict.fromkeys(path.read_text(errors="replace").splitlines()):
            for what, shape in SHAPES.items():
                if shape.search(line):
                    yield f"of {what} in {path}: {line[:1000]}"


def is_worker(config: pytest.Config) -> bool:
    """Of pytest-xdist; its controller searches for all."""
    return hasattr(config, "workerinput")

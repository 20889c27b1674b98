"""The search through everything that the suite logs finds what it is for."""

import os
import subprocess
import sys
from pathlib import Path

from magnetiq.settings import BASE_DIR
from tests.planted import SECRETS, leaks

LEAKING = f"""
import logging
import structlog
from tests.planted import file_of

def test_program():
    with file_of("program").open("a") as said:
        print("ann@" + "acme.example", file=said)

def test_line_of_ours():
    structlog.get_logger("any").error("broken", exc_info=ValueError("{SECRETS[2]}"))

def test_line_of_others():
    logging.getLogger("django.request").warning("the key is %s", "{SECRETS[3]}")
"""


def run(folder: Path, *arguments: str) -> tuple[int, int, int]:
    """(exit status, whether its tests passed, leaks that it shows) of a test run of its own."""
    test = folder / "test_something.py"
    test.write_text(LEAKING)
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "no:cacheprovider", *arguments, str(test)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=120)
    return ended.returncode, ended.stdout.count("3 passed"), ended.stdout.count("LEAK of ")


def test_leaks_fail_a_run_whose_tests_pass(tmp_path: Path) -> None:
    assert run(tmp_path) == (1, 1, 3)


def test_leaks_in_a_worker_fail_the_run(tmp_path: Path) -> None:
    assert run(tmp_path, "-n", "1") == (1, 1, 3)


def test_each_kind_of_leak_is_found_once(tmp_path: Path) -> None:
    lines = ["ann@acme.example", "?email=ann%40acme.example", "mgq_0123456789", "Bearer 0123456789abcdef", SECRETS[0]]
    (tmp_path / "tests.log").write_text("\n".join([*lines, *lines, "[address] is told [secret], Bearer [secret]"]))

    assert len(list(leaks(tmp_path))) == len(lines)

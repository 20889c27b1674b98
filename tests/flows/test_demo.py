"""`manage.py demo`, as somebody who tries Magnetiq lives it: start, stop, start again, killed, started again."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from magnetiq.settings import BASE_DIR
from tests import planted

READY = "Ctrl-C stops everything"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not below pytest's own folder, which the database's user may not enter."""
    with tempfile.TemporaryDirectory(prefix="magnetiq-demo-") as folder:
        yield Path(folder)


@contextmanager
def demo(data_dir: Path, port: int, stop: signal.Signals) -> Iterator[str]:
    """A running demo and what it printed until it was ready; ended by `stop`."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=BASE_DIR,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "",
            "DEBUG": "on",
            "DATABASE_URL": "",
            "MAGNETIQ_DATA_DIR": str(data_dir),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    patience = threading.Timer(90, process.kill)  # a demo that is never ready ends the test, not the run
    patience.start()
    try:
        yield read_until_ready(process)
    finally:
        patience.cancel()
        process.send_signal(stop)
        process.communicate(timeout=30)
        shutil.copyfile(data_dir / "demo.log", planted.file_of(f"demo-{stop.name}"))


def read_until_ready(process: "subprocess.Popen[str]") -> str:
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if READY in line:
            return said
    raise AssertionError(f"The demo ended: {said}")


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        code: int = answer.status
        return code


def page_of(said: str, stand_in: str) -> str:
    address = re.search(rf"{stand_in} +(http://\S+)", said)
    assert address
    return address[1]


def leads_there(said: str) -> int:
    """What the stand-in's page says it has."""
    with urllib.request.urlopen(page_of(said, "Odoo"), timeout=10) as answer:
        found = re.search(r"([\d,]+)\s+leads", answer.read().decode())
    assert found
    return int(found[1].replace(",", ""))


def databases_in(folder: Path) -> list[int]:
    named = psutil.process_iter(["pid", "cmdline"])
    return [p.info["pid"] for p in named if str(folder / "postgres") in (p.info["cmdline"] or [])]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_demo_starts_stops_keeps_its_data_and_survives_being_killed(data_dir: Path) -> None:
    port = free_port()

    with demo(data_dir, port, signal.SIGINT) as said:
        site = f"http://127.0.0.1:{port}"
        assert [status(f"{site}/whitepapers/"), status(f"{site}/admin/login/")] == [200, 200]
        assert leads_there(said) == 1987
        assert status(page_of(said, "Email")) == 200
        assert "log in as admin with the password demo" in said
        assert '{"' not in said  # what the log says is in its file
    assert databases_in(data_dir) == []

    with demo(data_dir, port, signal.SIGKILL) as said:
        assert "rows:" not in said  # nothing was imported again
        assert leads_there(said) == 1987

    with socket.create_server(("127.0.0.1", port)), demo(data_dir, port, signal.SIGTERM) as said:
        assert f"Port {port} is in use" in said
        assert leads_there(said) == 1987
    assert databases_in(data_dir) == []

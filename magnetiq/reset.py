"""`python -m magnetiq.reset` (`make demo-reset`): forget the data of the demo and of development."""

import json
import os
import shutil
import sys
from pathlib import Path

from django.conf import settings

from magnetiq import embedded

OURS = ("postgres", "media", "sandbox")
FILES = ("demo.log", "demo-rejects.csv", "demo-repairs.csv")


def main() -> int:
    if not settings.DEBUG:
        return refuse("DEBUG is off: this is no demo, so nothing was removed.")
    if pids := holders(settings.DATA_DIR / "postgres"):
        return refuse(f"The data is in use by process {', '.join(map(str, pids))}: stop that first.")
    forget(settings.DATA_DIR)
    sys.stdout.write("The demo's data is forgotten.\n")
    return 0


def holders(database: Path) -> list[int]:
    """The living processes that use the embedded server in this folder."""
    listed = database / ".handle_pids.json"
    if not listed.exists():
        return []
    embedded.forget_dead_holders(database)
    pids: list[int] = json.loads(listed.read_text())
    return pids


def forget(data_dir: Path) -> None:
    """Remove what we made there, and nothing else somebody may keep in that folder."""
    database = data_dir / "postgres"
    if (database / "postmaster.pid").exists():  # left running by a process that was killed
        embedded.join(database).cleanup()
    for name in OURS:
        shutil.rmtree(data_dir / name, ignore_errors=True)
    for name in FILES:
        (data_dir / name).unlink(missing_ok=True)


def refuse(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magnetiq.settings")
    sys.exit(main())

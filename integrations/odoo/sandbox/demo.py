"""The stand-in as the demo and `manage.py sandbox` use it."""

from pathlib import Path

from .peer import OdooSandbox

PORT = 8069


def start(folder: Path, *, port: int = PORT) -> OdooSandbox:
    """Serve an Odoo 19 whose records survive in `folder`. Raises OSError when the port is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    return OdooSandbox("19.0", port=port, path=folder / "odoo.sqlite3").start()


def settings_for(peer: OdooSandbox) -> dict[str, str]:
    """What connects our Odoo integration to it."""
    return {
        "url": peer.url,
        "database": peer.database,
        "username": peer.username,
        "api_key": peer.api_key,
    }

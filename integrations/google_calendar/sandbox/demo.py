"""The stand-in as the demo and `manage.py sandbox` use it."""

from pathlib import Path

from .grants import CLIENT_ID, CLIENT_SECRET
from .peer import GoogleSandbox

PORT = 8074


def start(folder: Path, *, port: int = PORT) -> GoogleSandbox:
    """Serve a Google whose records survive in `folder`. Raises OSError when the port is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    return GoogleSandbox(port=port, path=folder / "google.sqlite3").start()


def settings_for(peer: GoogleSandbox) -> dict[str, str]:
    """What connects our calendars to it, signed in as its first person."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "api_url": peer.api_url,
        "auth_uri": peer.auth_uri,
        "token_uri": peer.token_uri,
        "revoke_uri": peer.revoke_uri,
        "refresh_token": peer.tokens()["refresh_token"],
    }


def accounts_for(peer: GoogleSandbox) -> dict[str, dict[str, str]]:
    """Nobody has an account of their own: the one of all does for a demonstration."""
    return {}

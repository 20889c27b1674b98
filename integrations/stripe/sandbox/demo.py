"""The stand-in as the demo and `manage.py sandbox` use it."""

from pathlib import Path

from django.conf import settings

from .peer import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, StripeSandbox

PORT = 8073
SETTLED_AFTER = 20  # seconds; a real bank takes days


def start(folder: Path, *, port: int = PORT) -> StripeSandbox:
    """Serve a Stripe whose records survive in `folder`, and which tells this site. Raises OSError when the port is
    taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    peer = StripeSandbox(port=port, path=folder / "stripe.sqlite3", settle_after=SETTLED_AFTER)
    peer.add_endpoint(f"{settings.SITE_URL}/webhooks/stripe/")
    return peer.start()


def settings_for(peer: StripeSandbox) -> dict[str, str]:
    """What connects our Stripe integration to it."""
    return {
        "secret_key": SECRET_KEY,
        "publishable_key": PUBLISHABLE_KEY,
        "webhook_secret": WEBHOOK_SECRET,
        "api_url": peer.url,
        "js_url": peer.js_url,
    }

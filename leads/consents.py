"""The words that people agree to. A version is never reworded: a new wording is a new version."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

MARKETING_VERSION = "2026-11"
MARKETING_TEXTS = {
    "2026-11": _(
        "%(company)s may send me news about its whitepapers, webinars and services by e-mail. "
        "I can withdraw this consent at any time."
    ),
}


def marketing_text(version: str = MARKETING_VERSION) -> str:
    """That wording, in the visitor's language; the current one for a consent that came without version."""
    return str(MARKETING_TEXTS.get(version, MARKETING_TEXTS[MARKETING_VERSION])) % {"company": settings.COMPANY_NAME}

"""What people accept when they register. A version is never reworded: a new wording is a new version."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

TERMS_VERSION = "2026-11"
TERMS_TEXTS = {"2026-11": _("I accept the terms of %(company)s for taking part in webinars.")}


def terms_text(version: str = TERMS_VERSION) -> str:
    """That wording, in the visitor's language."""
    return str(TERMS_TEXTS[version]) % {"company": settings.COMPANY_NAME}

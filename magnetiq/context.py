"""What templates and the admin know about this installation."""

from django.conf import settings
from django.http import HttpRequest

from integrations import situation, words


def company(request: HttpRequest) -> dict[str, str]:
    """Name and legal links of the firm, for every page."""
    return {
        "company_name": settings.COMPANY_NAME,
        "imprint_url": settings.IMPRINT_URL,
        "privacy_url": settings.PRIVACY_URL,
        "terms_url": settings.TERMS_URL,
    }


def environment(request: HttpRequest) -> list[str]:
    """The badge on every admin page: text and colour of what is least real of all that is in use."""
    return list(words.MODES[situation.of(request).mode])

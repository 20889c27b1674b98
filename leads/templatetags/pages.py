"""What every public page needs."""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.template import Context
from django.urls import translate_url
from django.utils.translation import get_language, get_language_info

register = template.Library()


@dataclass(frozen=True, slots=True)
class PageLanguage:
    code: str
    name: str
    url: str  # of this page, with its query
    address: str  # absolute and without query, for search engines
    is_current: bool


@register.simple_tag(takes_context=True)
def page_languages(context: Context) -> list[PageLanguage]:
    """This page in all our languages; none where its address carries none, or where there is no request, as in the
    page for a server error."""
    request = context.get("request")
    if request is None or len({translate_url(request.path, code) for code, _ in settings.LANGUAGES}) == 1:
        return []
    return [
        PageLanguage(
            code=code,
            name=get_language_info(code)["name_local"],
            url=translate_url(request.get_full_path(), code),
            address=request.build_absolute_uri(translate_url(request.path, code)),
            is_current=code == get_language(),
        )
        for code, _ in settings.LANGUAGES
    ]

"""Which texts exist in every language."""

from modeltranslation.translator import TranslationOptions, register

from leads.models import Whitepaper


@register(Whitepaper)
class WhitepaperTranslation(TranslationOptions):
    fields = ("title", "description")
    required_languages = ("en", "de")

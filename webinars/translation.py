"""Which texts exist in every language."""

from modeltranslation.translator import TranslationOptions, register

from webinars.models import Topic


@register(Topic)
class TopicTranslation(TranslationOptions):
    fields = ("title", "description")
    required_languages = ("en", "de")

"""Which texts exist in every language."""

from modeltranslation.translator import TranslationOptions, register

from bookings.models import Consultant


@register(Consultant)
class ConsultantTranslation(TranslationOptions):
    fields = ("title", "biography")

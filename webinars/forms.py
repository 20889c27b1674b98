"""What visitors fill in."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from leads.captures import Utm
from leads.consents import MARKETING_VERSION, marketing_text
from leads.forms import REFERRER_LENGTH, Address
from leads.text import single_line
from leads.zones import zone_or_nothing
from webinars.actions import Registrant
from webinars.models import Registration
from webinars.terms import TERMS_VERSION, terms_text

TOLD = ("first_name", "last_name", "company", "phone")


class Line(forms.CharField):
    """Text without line breaks and invisible characters, as long as the registration's field of that name allows."""

    def __init__(self, column: str, autocomplete: str, **options: Any) -> None:
        length = getattr(Registration, column).field.max_length
        super().__init__(max_length=length, widget=forms.TextInput({"autocomplete": autocomplete}), **options)

    def to_python(self, value: Any) -> str:
        return single_line(super().to_python(value) or "")


class DetailsForm(forms.Form):
    """What people may correct later: everything but their address."""

    first_name = Line("first_name", "given-name", label=_("First name"))
    last_name = Line("last_name", "family-name", label=_("Last name"))
    company = Line("company", "organization", label=_("Company"), required=False)
    phone = Line("phone", "tel", label=_("Phone"), required=False)

    def details(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in TOLD}


class RegistrantForm(DetailsForm):
    """What somebody says who wants to come, on a page or over the API: one set of rules."""

    email = Address("email", label=_("E-mail address"), widget=forms.EmailInput({"autocomplete": "email"}))
    zone = forms.CharField(required=False, widget=forms.HiddenInput)
    terms_accepted = forms.BooleanField(error_messages={"required": _("Please accept the terms.")})
    marketing_consent = forms.BooleanField(required=False)

    def to_registrant(self, **more: Any) -> Registrant:
        """`more` is what a Registrant takes besides: language, source, utm, first_utm, referrer."""
        told: dict[str, Any] = self.details()
        return Registrant(
            **told,
            email=self.cleaned_data["email"],
            zone=zone_or_nothing(self.cleaned_data["zone"]),
            marketing_consent=self.cleaned_data["marketing_consent"],
            terms_version=TERMS_VERSION,
            consent_text_version=MARKETING_VERSION,
            **more,
        )


class RegistrationForm(RegistrantForm):
    """The same on a page."""

    # Nobody sees this field; what fills it in is a robot.
    nickname = forms.CharField(required=False, widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}))
    referrer = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["terms_accepted"].label = terms_text()
        self.fields["marketing_consent"].label = marketing_text()

    @property
    def is_robot(self) -> bool:
        return bool(self.data.get("nickname"))

    def of_page(self, slug: str, *, utm: Utm, first_utm: Utm) -> Registrant:
        return self.to_registrant(
            language=(get_language() or "")[:2],
            source=f"webinar form: {slug}",
            utm=utm,
            first_utm=first_utm,
            referrer=single_line(self.cleaned_data["referrer"])[:REFERRER_LENGTH],
        )

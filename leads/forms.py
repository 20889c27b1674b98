"""What visitors fill in."""

import hashlib
import secrets
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from leads.addresses import normalise, validate_address
from leads.captures import Capture, Utm
from leads.consents import MARKETING_VERSION, marketing_text
from leads.models import MESSAGE_LENGTH, Lead, Touchpoint, Whitepaper
from leads.text import many_lines, single_line

REFERRER_LENGTH = Touchpoint.referrer.field.max_length


class Line(forms.CharField):
    """Text without line breaks and invisible characters, as long as the lead's field of that name allows."""

    def __init__(self, column: str, **options: Any) -> None:
        super().__init__(max_length=getattr(Lead, column).field.max_length, **options)

    def to_python(self, value: Any) -> str:
        return single_line(super().to_python(value) or "")


class Address(Line):
    default_validators = [validate_address]
    widget = forms.EmailInput

    def to_python(self, value: Any) -> str:
        return normalise(super().to_python(value))


class Message(forms.CharField):
    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return many_lines(super().to_python(value) or "")


class PersonForm(forms.Form):
    """What somebody says of themselves, on a page or over the API: one set of rules."""

    name = Line("name", label=_("Your name"), widget=forms.TextInput({"autocomplete": "name"}))
    email = Address(
        "email",
        label=_("E-mail address"),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    company = Line(
        "company",
        label=_("Company"),
        required=False,
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    job_title = Line(
        "job_title",
        label=_("Job title"),
        required=False,
        widget=forms.TextInput({"autocomplete": "organization-title"}),
    )
    phone = Line(
        "phone", label=_("Phone"), required=False, widget=forms.TextInput({"autocomplete": "tel", "type": "tel"})
    )
    website = forms.URLField(
        label=_("Website"),
        required=False,
        assume_scheme="https",
        max_length=200,
        error_messages={"invalid": _("Please enter a web address such as www.example.com.")},
        # Not type=url: browsers would insist on the https:// that we add ourselves.
        widget=forms.TextInput({"autocomplete": "url", "inputmode": "url"}),
    )
    message = Message(
        label=_("What would you like to achieve?"),
        required=False,
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea({"rows": 4}),
    )
    marketing_consent = forms.BooleanField(required=False)

    def to_capture(self, *, nonce: str, whitepaper: Whitepaper | None, **more: Any) -> Capture:
        """`more` is what a Capture takes besides: language, source, utm, first_utm, referrer."""
        return Capture(
            **{name: self.cleaned_data[name] for name in TYPED},
            kind=Touchpoint.Kind.WHITEPAPER if whitepaper else Touchpoint.Kind.CONTACT,
            key=self.key(nonce, whitepaper),
            captured_at=timezone.now(),
            whitepaper=whitepaper,
            consent_text_version=MARKETING_VERSION,
            expects_answer=True,
            **more,
        )

    def key(self, nonce: str, whitepaper: Whitepaper | None) -> str:
        """The same said twice under one nonce counts once; going back to correct something counts again."""
        about = str(whitepaper.pk) if whitepaper else ""
        parts = [nonce, about, *[str(self.cleaned_data[name]) for name in TYPED]]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class WhitepaperForm(PersonForm):
    """A whitepaper against a name and an address."""

    # Nobody sees this field; what fills it in is a robot.
    nickname = forms.CharField(required=False, widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}))
    nonce = forms.CharField(required=False, widget=forms.HiddenInput)
    referrer = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["marketing_consent"].label = marketing_text()
        self.initial.setdefault("nonce", secrets.token_urlsafe(16))

    @property
    def is_robot(self) -> bool:
        return bool(self.data.get("nickname"))

    def of_page(self, whitepaper: Whitepaper, *, utm: Utm, first_utm: Utm) -> Capture:
        return self.to_capture(
            nonce=self.cleaned_data["nonce"] or secrets.token_urlsafe(16),  # of the page: a double click sends it twice
            whitepaper=whitepaper,
            language=(get_language() or "")[:2],
            source=f"whitepaper form: {whitepaper.slug}",
            utm=utm,
            first_utm=first_utm,
            referrer=single_line(self.cleaned_data["referrer"])[:REFERRER_LENGTH],
        )


TYPED = ("name", "email", "company", "job_title", "phone", "website", "message", "marketing_consent")

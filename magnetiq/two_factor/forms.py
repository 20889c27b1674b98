"""Forms that take one code."""

from datetime import datetime
from math import ceil
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminTextInputWidget

from . import devices

TYPED = {
    "autofocus": True,
    "x-init": "$nextTick(() => $el.focus())",  # Unfold hides the page while it loads, and what is hidden gets no focus
    "autocomplete": "one-time-code",
    "autocapitalize": "off",
    "spellcheck": "false",
}
DIGITS = {**TYPED, "inputmode": "numeric"}


class CodeForm(forms.Form):
    """Valid when the code is right for `device`, and its next try is not put off."""

    code = forms.CharField(label=_("Code"), max_length=40, widget=UnfoldAdminTextInputWidget(attrs=DIGITS))
    wrong = _("This code is wrong, or was used before. The app shows a new one every 30 seconds.")

    def __init__(self, *args: Any, device: TOTPDevice | StaticDevice | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.device = device

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split()).lower()
        if self.device is not None:
            self.refuse_haste(self.device)
        if not devices.prove(self.device, code):
            raise ValidationError(self.wrong)
        return code

    def refuse_haste(self, device: TOTPDevice | StaticDevice) -> None:
        allowed, why = device.verify_is_allowed()
        if not allowed:
            raise ValidationError(put_off(why["locked_until"]))


class RecoveryForm(CodeForm):
    code = forms.CharField(label=_("Recovery code"), max_length=40, widget=UnfoldAdminTextInputWidget(attrs=TYPED))
    wrong = _("This recovery code is wrong, or was used before.")


class SetUpForm(forms.Form):
    """The first code that the app shows; the view says whether it is right."""

    code = forms.CharField(label=_("Code"), max_length=40, widget=UnfoldAdminTextInputWidget(attrs=DIGITS))

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


def put_off(until: datetime) -> str:
    seconds = max(1, ceil((until - timezone.now()).total_seconds()))
    return ngettext(
        "Too many wrong codes. Try again in %(seconds)d second.",
        "Too many wrong codes. Try again in %(seconds)d seconds.",
        seconds,
    ) % {"seconds": seconds}

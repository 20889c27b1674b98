"""What clients fill in."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bookings.actions import Client
from bookings.models import Consultant
from bookings.models.consultant import MeetingType
from leads.captures import Utm
from leads.consents import MARKETING_VERSION, marketing_text
from leads.forms import REFERRER_LENGTH, Address, Line, Message
from leads.models import MESSAGE_LENGTH
from leads.text import single_line
from leads.zones import zone_or_nothing

TOLD = ("name", "company", "phone", "message")


class DetailsForm(forms.Form):
    """What clients may correct later: everything but their address, and the way to meet."""

    name = Line("name", label=_("Your name"), widget=forms.TextInput({"autocomplete": "name"}))
    company = Line(
        "company", label=_("Company"), required=False, widget=forms.TextInput({"autocomplete": "organization"})
    )
    phone = Line(
        "phone", label=_("Phone"), required=False, widget=forms.TextInput({"autocomplete": "tel", "type": "tel"})
    )
    message = Message(
        label=_("What would you like to talk about?"),
        required=False,
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, *args: Any, way: str = "", **options: Any) -> None:
        """`way`: to meet, where that is decided."""
        super().__init__(*args, **options)
        self.way = way

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        way = told.get("meeting_type", self.way)
        if way == MeetingType.PHONE and not told.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("We call you: please enter your number."))
        return told

    def details(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in TOLD}


class ClientForm(DetailsForm):
    """What somebody says who wants to meet us, on a page or over the API: one set of rules."""

    email = Address("email", label=_("E-mail address"), widget=forms.EmailInput({"autocomplete": "email"}))
    zone = forms.CharField(required=False, widget=forms.HiddenInput)
    marketing_consent = forms.BooleanField(required=False)

    def __init__(self, *args: Any, consultant: Consultant, **options: Any) -> None:
        super().__init__(*args, **options)
        ways = [(way.value, way.label) for way in MeetingType if way in consultant.meeting_types]
        self.fields["meeting_type"] = forms.ChoiceField(
            label=_("How shall we meet?"), widget=forms.RadioSelect, choices=ways
        )
        self.initial.setdefault("meeting_type", ways[0][0] if ways else "")

    def to_client(self, **more: Any) -> Client:
        """`more` is what a Client takes besides: language, source, utm, first_utm, referrer."""
        told: dict[str, Any] = self.details()
        return Client(
            **told,
            meeting_type=self.cleaned_data["meeting_type"],
            email=self.cleaned_data["email"],
            zone=zone_or_nothing(self.cleaned_data["zone"]),
            marketing_consent=self.cleaned_data["marketing_consent"],
            consent_text_version=MARKETING_VERSION,
            **more,
        )


class BookingForm(ClientForm):
    """The same on a page."""

    # Nobody sees this field; what fills it in is a robot.
    nickname = forms.CharField(required=False, widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}))
    referrer = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, zone_is_chosen: bool = False, **options: Any) -> None:
        """`zone_is_chosen`: our script must not put the browser's zone into its place."""
        super().__init__(*args, **options)
        self.fields["marketing_consent"].label = marketing_text()
        if zone_is_chosen:
            self.fields["zone"].widget.attrs["data-chosen"] = ""

    @property
    def is_robot(self) -> bool:
        return bool(self.data.get("nickname"))

    def of_page(self, slug: str, *, utm: Utm, first_utm: Utm) -> Client:
        return self.to_client(
            language=(get_language() or "")[:2],
            source=f"booking form: {slug}",
            utm=utm,
            first_utm=first_utm,
            referrer=single_line(self.cleaned_data["referrer"])[:REFERRER_LENGTH],
        )

"""Letters about webinars."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from .base import Letter
from .contexts import Context, DaysAhead, Link, Moment, told

SAMPLE: dict[str, dict[str, Any]] = {
    "en": {
        "client_name": "Ada Lovelace",
        "webinar_title": "Energy storage for small businesses",
        "datetime": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "timezone": "Europe/Berlin",
        "duration": 60,
    },
    "de": {"client_name": "Jana Weber", "webinar_title": "Stromspeicher für kleine Betriebe"},
}
JOIN = {"join_url": Link("https://meet.example.com/abc-defg-hij")}
ALL = {"webinars_url": Link("https://www.example.com/en/webinars/")}
PLACE = {
    "register_url": Link("https://www.example.com/en/webinars/energy-storage/place/"),
    "held_until": datetime(2026, 11, 28, 17, tzinfo=UTC),
}


@dataclass(frozen=True, kw_only=True)
class WebinarContext(Context):
    client_name: str | None = told(_("Name of the participant"), optional=True)
    webinar_title: str = told(_("Title of the webinar"))
    datetime: Moment = told(_("When the webinar begins, in the participant's time zone"))
    timezone: str = told(_("The participant's time zone"))
    duration: int = told(_("How many minutes it takes"))


@dataclass(frozen=True, kw_only=True)
class WebinarRegistrationContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **JOIN}}

    join_url: Link | None = told(
        _("Where the webinar takes place; empty as long as nobody knows"), button=_("Join the webinar"), optional=True
    )


class WebinarRegistration(Letter[Any]):
    name = "webinar_registration"
    label = _("Webinar registration")
    purpose = _("When somebody registers for a webinar.")
    context_class = WebinarRegistrationContext


@dataclass(frozen=True, kw_only=True)
class WebinarReminderContext(WebinarRegistrationContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **JOIN, "when": DaysAhead(2)}}

    when: DaysAhead = told(_("How soon it begins, such as “in 2 days” or “tomorrow”"))


class WebinarReminder(Letter[Any]):
    name = "webinar_reminder"
    label = _("Webinar reminder")
    purpose = _("Some days before a webinar begins.")
    context_class = WebinarReminderContext
    queue = "bulk"


@dataclass(frozen=True, kw_only=True)
class WaitingListPlaceContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **PLACE}}

    register_url: Link = told(_("Where the place can be taken"), button=_("Take the place"))
    held_until: Moment = told(_("Until when the place is kept free"))


class WaitingListPlace(Letter[Any]):
    name = "waiting_list_place"
    label = _("Place from the waiting list")
    purpose = _("When a place becomes free for somebody on the waiting list.")
    context_class = WaitingListPlaceContext


@dataclass(frozen=True, kw_only=True)
class RegistrationCancelledContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **ALL}}

    webinars_url: Link | None = told(_("Our webinars"), button=_("See our webinars"), optional=True)


class RegistrationCancelled(Letter[Any]):
    name = "registration_cancelled"
    label = _("Registration cancelled")
    purpose = _("When a registration is cancelled.")
    context_class = RegistrationCancelledContext

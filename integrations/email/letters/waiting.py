"""Letters to whoever waits for a seat in a webinar."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from webinars import links
from webinars.models import Registration
from webinars.models.registration import Status

from .contexts import Context, Link, Moment, told
from .webinars import OWN, SAMPLE, AboutRegistration, WebinarContext

PLACE = {
    "register_url": Link("https://www.example.com/en/webinars/energy-storage/place/"),
    "held_until": datetime(2026, 11, 28, 17, tzinfo=UTC),
}


@dataclass(frozen=True, kw_only=True)
class WaitingListContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **OWN}}

    manage_url: Link = told(_("Where the place on the waiting list can be given up"), button=_("See or cancel"))


class WaitingList(AboutRegistration):
    name = "waiting_list"
    label = _("Waiting list")
    purpose = _("When somebody registers for a webinar and has to wait for a place.")
    context_class = WaitingListContext
    statuses = frozenset({Status.WAITLISTED})

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        return WaitingListContext(**cls.values(subject), manage_url=Link(links.manage(subject)))


@dataclass(frozen=True, kw_only=True)
class WaitingListPlaceContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **PLACE}}

    register_url: Link = told(_("Where the place can be taken"), button=_("Take the place"))
    held_until: Moment = told(_("Until when the place is kept free"))


class WaitingListPlace(AboutRegistration):
    name = "waiting_list_place"
    label = _("Place from the waiting list")
    purpose = _("When a place becomes free for somebody on the waiting list.")
    context_class = WaitingListPlaceContext
    statuses = frozenset({Status.OFFERED})

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        offer: dict[str, Any] = {"register_url": Link(links.manage(subject)), "held_until": subject.held_until}
        return WaitingListPlaceContext(**cls.values(subject), **offer)

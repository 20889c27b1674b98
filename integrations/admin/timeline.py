"""The timeline on the pages of people and of what they take part in: its moments in words, with links and buttons."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from pydantic import ValidationError

from bookings.models import Booking
from integrations import configuration, registry, timeline, words
from integrations.models import Attempt, Delivery, ExternalRecord, Incident
from integrations.service import IntegrationService
from integrations.timeline import Moment
from leads.models import Lead, Touchpoint
from webinars.models import Payment, Refund, Registration

from . import happenings
from .base import Button

State = Delivery.State
PAGES: tuple[type[Model], ...] = (Lead, Registration, Booking, Payment)  # what has a page to link to


@dataclass(frozen=True)
class Line:
    """One moment for the template. `title` and `url` name the row it is about, where the page is another's."""

    at: datetime
    icon: str
    what: str
    label: SafeString | str = ""
    detail: str = ""
    title: str = ""
    url: str = ""
    links: list[tuple[str, str, bool]] = field(default_factory=list)  # what it is called, where it is, whether outside
    buttons: list[Button] = field(default_factory=list)

    @property
    def day(self) -> date:
        """By the reader's clock."""
        return timezone.localdate(self.at)


class TimelineMixin:
    """For the admin of a row that things happen to."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if subject := context["original"]:
            moments = timeline.of(subject, request.user.has_perm, request.GET.get("timeline"))
            context["timeline"] = moments
            context["lines"] = list(Teller(request, subject).lines(moments.object_list))
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return response


class Teller:
    """Tells one reader what happened to one subject."""

    def __init__(self, request: HttpRequest, subject: Model) -> None:
        self.request = request
        self.subject = subject
        self.deliveries: Any = admin.site.get_model_admin(Delivery)

    def lines(self, moments: Any) -> Iterator[Line]:
        there = Elsewhere(moments)
        for moment in moments:
            said = happenings.said(moment)
            title, url = self.where(moment.about)
            yield Line(
                at=moment.at,
                icon=said.icon,
                what=said.what,
                label=said.label,
                detail=said.detail,
                title=title,
                url=url,
                links=[*self.links(moment), *there.links(moment.row)],
                buttons=self.buttons(moment),
            )

    def where(self, about: Model | None) -> tuple[str, str]:
        """What the row is called and its page, unless that is the page that is open."""
        if about is None or about == self.subject:
            return "", ""
        if isinstance(about, Delivery):
            return words.promised(about), reverse("admin:integrations_delivery_change", args=[about.pk])
        page = about.payment if isinstance(about, Refund) else about
        if not isinstance(page, PAGES):
            return title_of(about), ""
        url = reverse(f"admin:{page._meta.app_label}_{page._meta.model_name}_change", args=[page.pk])
        return title_of(about), "" if page == self.subject else url

    def links(self, moment: Moment) -> Iterator[tuple[str, str, bool]]:
        match moment.row:
            case Attempt(delivery=delivery):
                yield _("Delivery"), reverse("admin:integrations_delivery_change", args=[delivery.pk]), False
            case Delivery():
                yield _("Delivery"), reverse("admin:integrations_delivery_change", args=[moment.row.pk]), False
            case Incident():
                yield _("Incident"), reverse("admin:integrations_incident_change", args=[moment.row.pk]), False

    def buttons(self, moment: Moment) -> list[Button]:
        """What can be done about a delivery, beside the last that happened to it; back to here afterwards."""
        delivery = last_word(moment)
        if delivery is None:
            return []
        back = f"{self.request.get_full_path()}#timeline"
        shown = self.deliveries.buttons(self.request, delivery)
        return [button if button.is_link else replace(button, name="back", value=back) for button in shown]


def last_word(moment: Moment) -> Delivery | None:
    """The delivery whose latest moment this is: its end, its last attempt, or the promise."""
    row = moment.row
    delivery = row.delivery if isinstance(row, Attempt) else row
    if not isinstance(delivery, Delivery):
        return None
    ended = delivery.settled_at is not None and (delivery.state != State.DELIVERED or not delivery.attempts)
    match moment.event:
        case "settled":
            is_last = ended
        case "attempted":
            is_last = not ended and row.number == delivery.attempts
        case _:
            is_last = not ended and not delivery.attempts
    return delivery if is_last else None


def title_of(row: Model) -> str:
    """What a reader knows it by; nobody's name, and nothing where the moment says it all."""
    match row:
        case Registration():
            return str(row.session)
        case Payment():
            return f"{row}, {row.registration.session}"
        case Refund():
            return f"{row}, {row.payment.registration.session}"
        case Touchpoint():
            return str(row.whitepaper or "")
        case Booking():
            return str(row)
        case _:
            return ""


class Elsewhere:
    """Where the rows of a page of moments are found in other systems: by the book, or by an id that they hold."""

    def __init__(self, moments: Any) -> None:
        rows = [moment.row for moment in moments]
        needed = any(isinstance(row, Payment | Refund) for row in rows)
        self.services = list(services_with_pages()) if needed else []

    def links(self, row: Any) -> Iterator[tuple[str, str, bool]]:
        if isinstance(row, ExternalRecord):
            if url := words.safe_url(row.url):
                yield _("Open there"), url, True
            return
        if isinstance(row, Payment | Refund):
            for service in self.services:
                if url := words.safe_url(service.page_there(row)):
                    yield _("Open in %(system)s") % {"system": service.label}, url, True


def services_with_pages() -> Iterator[IntegrationService]:
    """Those that know pages there and are configured."""
    for slug, service in registry.services().items():
        if service.page_there is not IntegrationService.page_there:
            try:
                yield configuration.service_of(slug)
            except (LookupError, ValidationError):
                continue

"""The people of one session, group by group, each with the state of everything that was promised about them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.models import Delivery
from webinars.actions.seats import room_in
from webinars.models import Registration, Session
from webinars.models.registration import HELD, OVER, SEATED, Status

from .base import Button

PER_PAGE = 100
GROUPS: list[tuple[Promise, Iterable[str]]] = [
    (_("Have a seat"), SEATED),
    (_("A seat is held for them"), HELD),
    (_("Waiting list, the next one first"), [Status.WAITLISTED]),
    (_("Gave up, or too late"), OVER),
]


def of(session: Session, request: HttpRequest, buttons: Callable[[Registration], list[Button]]) -> dict[str, Any]:
    """What the page shows: `room`, `free` and a page of `people`, whose `group` is the name of theirs."""
    place = Case(*[When(status__in=states, then=Value(n)) for n, (_name, states) in enumerate(GROUPS)],
                 output_field=IntegerField())  # fmt: skip
    rows = session.registrations.annotate(place=place).order_by("place", "number")
    people = Paginator(rows, PER_PAGE).get_page(request.GET.get("people"))
    promised = deliveries(people) if request.user.has_perm("integrations.view_delivery") else {}
    person: Any  # a registration, with more to it
    for person in people:
        person.session = session
        person.group = GROUPS[person.place][0]
        person.deliveries = promised.get(person.pk, [])
        person.buttons = buttons(person)
    room = room_in(session)
    free = None if room.capacity is None else room.free(room.capacity)
    return {"room": room, "free": free, "people": people}


def deliveries(people: Iterable[Registration]) -> dict[int, list[Delivery]]:
    """{id of the registration: what was promised about it, the latest first}, in one query."""
    found: dict[int, list[Delivery]] = defaultdict(list)
    about = {"subject_type": Registration._meta.label_lower, "subject_id__in": [person.pk for person in people]}
    for delivery in Delivery.objects.filter(**about).select_related("integration").order_by("-created_at", "-id"):
        found[delivery.subject_id].append(delivery)
    return found

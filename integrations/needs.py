"""What needs a human: one line and one button each, the most urgent first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import alarm, erasure, incidents, situation, words
from .domain_needs import about_meetings, about_money
from .models import Connection, Delivery, Heartbeat, WebhookEvent
from .models.incident import OUTAGE
from .situation import Matter, Situation

SOON = timedelta(days=14)  # credentials that end within this are told of
LONG = timedelta(days=1)  # a pause that takes longer may have been forgotten
ICON = "heart_broken"
NEXT_STEP: dict[str, Promise] = {
    "rejected": gettext_lazy("Correct what they refuse, then replay."),
    "bug": gettext_lazy("Report it, and replay once it is mended."),
}


@dataclass(frozen=True)
class Need:
    """`permission` is what pressing the button takes, whose `url` is "" for a user without it. A link shows where to
    act; a button that `posts` acts. `command` is for whoever runs the server."""

    kind: str
    icon: str
    text: str
    button: str
    url: str
    permission: str
    posts: bool = False
    command: str = ""


def of(request: HttpRequest) -> list[Need]:
    """What needs the user of this request, found out once for all that the answer is made of."""
    known = request.__dict__
    if "needs" not in known:
        known["needs"] = needs_you(request.user, situation.of(request))
    found: list[Need] = known["needs"]
    return found


def needs_you(user: Any, now: Situation) -> list[Need]:
    """All that this user may know of; buttons only for what he may do."""
    found = (need for permission, tell in TELLERS if user.has_perm(permission) for need in tell(now))
    return [need if user.has_perm(need.permission) else replace(need, url="") for need in found]


def copies(now: Situation) -> Iterator[Need]:
    if now.copy_of:
        said = _("This database belongs to %(url)s and looks like a copy, so nothing goes out. Say so if it is none.")
        yield Need(
            "copy",
            "content_copy",
            said % {"url": now.copy_of.site_url},
            _("It belongs here: start delivering"),
            reverse("admin:integrations_integration_settle_here"),
            "integrations.configure_integration",
            posts=True,
        )


def silence(now: Situation) -> Iterator[Need]:
    """Worker and beat, where they have not been seen lately."""
    if queues := [queue for queue in Heartbeat.QUEUES if not now.is_alive(queue)]:
        url = listed("delivery", state__exact="waiting")
        command = f"celery -A magnetiq worker -Q {','.join(queues)}"
        text = without_worker(queues) % {"seen": words.last_seen(now.heartbeats.get(queues[0]))}
        yield Need("worker", ICON, text, _("See what waits"), url, "integrations.view_delivery", command=command)
    if not now.is_alive("beat"):
        said = _("Beat is not running (%(seen)s): nothing starts by the clock until it does. Start it:")
        text = said % {"seen": words.last_seen(now.heartbeats.get("beat"))}
        url, may = reverse("admin:django_celery_beat_periodictask_changelist"), "django_celery_beat.view_periodictask"
        yield Need("beat", ICON, text, _("See the schedules"), url, may, command="celery -A magnetiq beat")


def without_worker(queues: list[str]) -> str:
    """What it means that nobody works on these queues."""
    if queues == ["fast"]:
        return _("No worker does what people wait for (%(seen)s): tests, letters and webhooks wait. Start it:")
    if queues == ["bulk"]:
        return _("No worker does what goes out in bulk (%(seen)s): leads and jobs wait. Start it:")
    return _("No worker is running (%(seen)s): nothing goes out until one does. Start it:")


def broken(now: Situation) -> Iterator[Need]:
    """Connections that wait for a human, each with what stands in its way first."""
    for connection in in_use(now):
        if connection.must_reenter_secrets:
            said = _("The stored secrets cannot be read with the keys that are set. Enter them again.")
            yield about(connection, "secrets", "key_off", said, _("Enter them again"))
        elif connection.pk not in now.services:
            said = _("Settings are missing. Everything waits until they are entered.")
            yield about(connection, "missing", "edit_note", said, _("Enter them"))
        elif now.services[connection.pk].has_moved:
            said = _("The settings lead away from %(book)s, where our records are. Confirm or correct them.")
            yield about(connection, "moved", "alt_route", said % {"book": connection.book}, _("Look at the settings"))
        elif connection.status == Connection.Status.MISCONFIGURED:
            error = words.sentence(connection.last_error)
            if now.services[connection.pk].sign_in:
                yield reconnecting(connection, "misconfigured", "link_off", error)
                continue
            said = _("%(error)s Mend it, then test the connection.")
            yield about(connection, "misconfigured", "report", said % {"error": error}, _("Mend and test"))


def dead_letters(now: Situation) -> Iterator[Need]:
    for integration, kind, n in now.dead:
        said = ngettext(
            "%(name)s: one delivery is dead (%(kind)s). %(next)s",
            "%(name)s: %(n)s deliveries are dead (%(kind)s). %(next)s",
            n,
        )
        step = NEXT_STEP.get(kind, _("Look at the reasons, then replay."))
        text = said % {"name": now.names[integration], "n": n, "kind": words.kind(kind), "next": step}
        dead = Delivery.State.DEAD
        url = listed("delivery", integration__id__exact=integration, state__exact=dead, error_kind=kind)
        yield Need("dead", "outbox", text, _("Look and replay"), url, "integrations.view_delivery")


def failed_webhooks(now: Situation) -> Iterator[Need]:
    for integration, n in now.failed_events:
        said = ngettext(
            "%(name)s: one webhook could not be processed. Look at the reason, then process it again.",
            "%(name)s: %(n)s webhooks could not be processed. Look at the reasons, then process them again.",
            n,
        )
        url = listed("webhookevent", integration__id__exact=integration, state__exact=WebhookEvent.State.FAILED)
        text = said % {"name": now.names[integration], "n": n}
        yield Need("webhooks", "webhook", text, _("See what failed"), url, "integrations.view_webhookevent")


def ending_credentials(now: Situation) -> Iterator[Need]:
    for connection in in_use(now):
        if connection.expires_at and connection.expires_at < now.now + SOON and not connection.must_reenter_secrets:
            days = ceil((connection.expires_at - now.now) / timedelta(days=1))
            if connection.pk in now.services and now.services[connection.pk].sign_in:
                yield reconnecting(connection, "expiry", "key", sign_in_ending(days))
                continue
            yield about(connection, "expiry", "key", ending(days), _("Enter new ones"))


def ending(days: int) -> str:
    if days <= 0:
        return _("The credentials have expired. Make new ones there and enter them here.")
    said = ngettext(
        "The credentials expire in one day. Make new ones there and enter them here.",
        "The credentials expire in %(days)s days. Make new ones there and enter them here.",
        days,
    )
    return said % {"days": days}


def sign_in_ending(days: int) -> str:
    if days <= 0:
        return _("The permission has ended.")
    said = ngettext("The permission ends in one day.", "The permission ends in %(days)s days.", days)
    return said % {"days": days}


def conflicts(now: Situation) -> Iterator[Need]:
    for connection, model, n in now.conflicts:
        said = ngettext(
            "One record (%(model)s) was changed there and differs from ours. Decide which is right.",
            "%(n)s records (%(model)s) were changed there and differ from ours. Decide which are right.",
            n,
        )
        url = listed("externalrecord", conflict="open", remote_system__exact=connection.book, remote_model__exact=model)
        text = f"{whose(connection)}: {said % {'n': n, 'model': model}}"
        yield Need("conflicts", "call_split", text, _("Decide"), url, "integrations.view_externalrecord")


def drifts(now: Situation) -> Iterator[Need]:
    """What differs though nothing is on its way: one line, whatever it is."""
    if n := sum(now.drifts.get(connection.pk, 0) for connection in in_use(now)):
        said = ngettext(
            "One thing is not the same here and in another system.",
            "%(n)s things are not the same here and in other systems.",
            n,
        )
        url = listed("drift", standing="open")
        yield Need("drifts", "compare_arrows", said % {"n": n}, _("Look at it"), url, "integrations.view_drift")


def matters(now: Situation) -> Iterator[Need]:
    """Incidents that nobody has taken note of."""
    connections = {connection.pk: connection for connection in in_use(now)}
    for matter in now.matters:
        connection = connections.get(matter.connection)
        if connection is None:
            continue
        if matter.kind == OUTAGE:
            yield from outage(connection, matter)
            continue
        known = incidents.KINDS.get(matter.kind)
        text = ngettext("%(name)s: %(kind)s.", "%(name)s: %(kind)s (%(n)s times).", matter.number)
        told = {"name": whose(connection), "kind": known.label if known else matter.kind, "n": matter.number}
        url = listed("incident", closed_at__isempty=1, kind=matter.kind)
        yield Need("incident", "emergency_home", text % told, _("Look at it"), url, "integrations.view_incident")


def outage(connection: Connection, matter: Matter) -> Iterator[Need]:
    """It may end by itself, and somebody should know of it; `broken` tells of those that only a human ends."""
    if connection.status != Connection.Status.MISCONFIGURED:
        said = _("does not work (%(since)s). %(error)s What waits goes out by itself once it does.")
        text = said % {"since": words.since(matter.since), "error": words.sentence(matter.summary)}
        yield about(connection, "outage", "cloud_off", text, _("Look at it"))


def unheard(now: Situation) -> Iterator[Need]:
    """What could not be told by the way that is in trouble itself, and what nobody could be told of at all."""
    connections = {connection.pk: connection for connection in in_use(now)}
    url = listed("incident", closed_at__isempty=1)
    for matter, _subject, untold in now.unnoted:
        if connection := connections.get(matter.connection):
            is_mute = matter.kind == OUTAGE and alarm.is_way(connection)
            text = mute(matter.number, is_mute) if untold else told_otherwise() if is_mute else ""
            if text:
                text = text % {"name": whose(connection), "n": matter.number}
                yield Need("unheard", "notifications_off", text, _("Look at it"), url, "integrations.view_incident")


def told_otherwise() -> str:
    return _("%(name)s is in trouble and cannot tell of it itself: the alert went another way.")


def mute(n: int, is_mute: bool) -> str:
    said = ngettext(
        "%(name)s: nobody could be told of an incident.",
        "%(name)s: nobody could be told of %(n)s incidents.",
        n,
    )
    return f"{said} {alarm.another_way() if is_mute else alarm.how_to_add()}"


def long_pauses(now: Situation) -> Iterator[Need]:
    for connection in in_use(now):
        paused_at = connection.integration.paused_at
        if not connection.owner and paused_at and paused_at < now.now - LONG:
            said = _("%(name)s: paused by an operator (%(since)s). Resume it if the reason is gone.")
            yield Need(
                "paused",
                "pause_circle",
                said % {"name": whose(connection), "since": words.since(paused_at)},
                _("Resume"),
                reverse("admin:integrations_integration_resume", args=[connection.integration_id]),
                "integrations.operate_integration",
                posts=True,
            )


def late_erasures(now: Situation) -> Iterator[Need]:
    if n := now.late_erasures:
        said = ngettext(
            "One person asked more than %(days)s days ago to be forgotten, and not every system has done it.",
            "%(n)s people asked more than %(days)s days ago to be forgotten, and not every system has done it.",
            n,
        )
        url = listed("erasure", completed_at__isempty=1)
        text = said % {"n": n, "days": erasure.LATE.days}
        yield Need("erasures", "person_remove", text, _("See what is open"), url, "integrations.view_erasure")


def money(now: Situation) -> Iterator[Need]:
    """Payments that an operator has not looked at since something about them needs it."""
    for notice, n in now.noticed_payments:
        url = reverse("admin:webinars_payment_changelist") + f"?{urlencode({'notice__exact': notice})}"
        text = about_money(notice, n) % {"n": n}
        yield Need("money", "payments", text, _("Look at it"), url, "webinars.view_payment")


def meetings(now: Situation) -> Iterator[Need]:
    """Bookings that are still ahead and wait for somebody."""
    for kind, n in now.unsettled_bookings.items():
        if n:
            query = urlencode({"when": "ahead", "look": kind})
            url = f"{reverse('admin:bookings_booking_changelist')}?{query}"
            text, button = about_meetings(kind, n)
            yield Need("bookings", "event_busy", text % {"n": n}, button, url, "bookings.view_booking")


Teller = Callable[[Situation], Iterator[Need]]
TELLERS: list[tuple[str, Teller]] = [  # with what it takes to see such lines
    ("integrations.view_integration", copies),
    ("integrations.view_integration", silence),
    ("integrations.view_integration", broken),
    ("integrations.view_incident", unheard),
    ("integrations.view_delivery", dead_letters),
    ("integrations.view_webhookevent", failed_webhooks),
    ("integrations.view_integration", ending_credentials),
    ("integrations.view_externalrecord", conflicts),
    ("integrations.view_drift", drifts),
    ("integrations.view_incident", matters),
    ("integrations.view_integration", long_pauses),
    ("integrations.view_erasure", late_erasures),
    ("webinars.view_payment", money),
    ("bookings.view_booking", meetings),
]


def in_use(now: Situation) -> list[Connection]:
    return [connection for connection in now.connections if connection.integration.enabled]


def whose(connection: Connection) -> str:
    """The integration's name, with that of the account where it is a further one."""
    name = words.service(connection.integration.slug)
    return f"{name}, {connection.owner}" if connection.owner else name


def about(connection: Connection, kind: str, icon: str, text: str, button: str) -> Need:
    """A need whose button leads to the integration's page."""
    url = reverse("admin:integrations_integration_change", args=[connection.integration_id])
    return Need(kind, icon, f"{whose(connection)}: {text}", button, url, "integrations.view_integration")


def reconnecting(connection: Connection, kind: str, icon: str, text: str) -> Need:
    """A need whose button leads to where somebody signs in."""
    url = reverse("admin:integrations_integration_account_connect", args=[connection.integration_id, connection.pk])
    said = f"{whose(connection)}: {text}"
    return Need(kind, icon, said, _("Reconnect"), url, "integrations.configure_integration")


def listed(model: str, **filters: Any) -> str:
    """A list of ours, filtered."""
    return reverse(f"admin:integrations_{model}_changelist") + f"?{urlencode(filters)}"

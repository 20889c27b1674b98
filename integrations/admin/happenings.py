"""What the moments of a timeline are called: an icon, a few words, a label and what more there is to say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import incidents, words
from integrations.models import Attempt, Delivery, ExternalRecord, Incident, WebhookEvent
from integrations.timeline import Moment
from leads.models import Consent, Touchpoint
from webinars.models import Payment, Refund

NOTED = "visibility"


@dataclass(frozen=True)
class Said:
    icon: str
    what: str
    detail: str = ""
    label: SafeString | str = ""


def said(moment: Moment) -> Said:
    if moment.event in PLAIN:
        icon, what = PLAIN[moment.event]
        return Said(icon, str(what), details(moment.row))
    return TOLD[moment.event](moment.row)


# Those that one can say without looking at the row.
PLAIN: dict[str, tuple[str, Promise]] = {
    "downloaded": ("download", gettext_lazy("Downloaded")),
    "consent_given": ("contract", gettext_lazy("Consent given, not confirmed yet")),
    "consent_confirmed": ("verified", gettext_lazy("Consent confirmed")),
    "consent_withdrawn": ("unsubscribe", gettext_lazy("Consent withdrawn")),
    "address_confirmed": ("mark_email_read", gettext_lazy("E-mail address confirmed")),
    "registered": ("how_to_reg", gettext_lazy("Registered")),
    "seat_confirmed": ("event_seat", gettext_lazy("Seat confirmed")),
    "booked": ("event", gettext_lazy("Booked")),
    "booking_confirmed": ("event_available", gettext_lazy("Booking confirmed")),
    "booking_moved": ("edit_calendar", gettext_lazy("Booking moved to another time")),
    "refund_returned": ("undo", gettext_lazy("Refund sent back by the bank")),
}


def details(row: Any) -> str:
    match row:
        case Consent():
            return " · ".join(filter(None, [row.get_purpose_display(), row.text_version, row.source]))
        case _:
            return ""


def captured(row: Touchpoint) -> Said:
    utm = " / ".join(filter(None, [row.utm_source, row.utm_medium, row.utm_campaign]))
    detail = [_("Campaign: %(name)s") % {"name": utm} if utm else "", Truncator(row.message).chars(200)]
    what = _("Turned to us: %(kind)s") % {"kind": row.get_kind_display()}
    return Said("person_add", what, "\n".join(filter(None, detail)))


def promised(row: Delivery) -> Said:
    return Said("schedule_send", _("Promised: %(what)s") % {"what": words.promised(row)}, label=now(row))


def now(row: Delivery) -> SafeString | str:
    """Where it stands, as long as nothing else of it tells."""
    return "" if row.attempts or row.settled_at else words.state_label(row)


def attempted(row: Attempt) -> Said:
    delivered = row.outcome == Delivery.State.DELIVERED
    colour = "success" if delivered else "warning"
    outcome = str(Delivery.State.DELIVERED.label) if delivered else words.kind(row.outcome)
    took = _("attempt %(number)s, took %(duration)s") % {
        "number": row.number,
        "duration": words.duration(row.duration_ms),
    }
    return Said(
        "check_circle" if delivered else "sync_problem",
        words.promised(row.delivery),
        "\n".join(filter(None, [took, row.error])),
        words.label(outcome, colour),
    )


def settled(row: Delivery) -> Said:
    icons: dict[str, str] = {Delivery.State.DEAD: "error", Delivery.State.DELIVERED: "check_circle"}
    detail = ": ".join(filter(None, [words.kind(row.error_kind), row.error]))
    return Said(icons.get(row.state, "block"), words.promised(row), detail, words.state_label(row))


def payment_started(row: Payment) -> Said:
    return Said("credit_card", _("Payment of %(amount)s begun") % {"amount": row}, row.failure)


def payment_succeeded(row: Payment) -> Said:
    receipt = _("Receipt %(number)s") % {"number": row.receipt_number} if row.receipt_number else ""
    label = words.label(row.get_status_display(), "success" if row.status == Payment.Status.SUCCEEDED else "warning")
    return Said("paid", _("Paid %(amount)s") % {"amount": row}, receipt, label)


def refund_asked(row: Refund) -> Said:
    by = _("by %(user)s") % {"user": row.requested_by} if row.requested_by else ""
    detail = "\n".join(filter(None, [row.get_reason_display(), by, row.note]))
    return Said("currency_exchange", _("Refund of %(amount)s asked for") % {"amount": row}, detail)


def refund_settled(row: Refund) -> Said:
    label = words.label(row.get_status_display(), "success" if row.status == Refund.Status.SUCCEEDED else "danger")
    return Said("currency_exchange", _("Refund of %(amount)s") % {"amount": row}, label=label)


def heard(row: WebhookEvent) -> Said:
    told = {"system": words.service(row.integration.slug), "type": row.type}
    return Said("webhook", _("%(system)s told us: %(type)s") % told, row.error, words.state_label(row))


def gone(row: ExternalRecord) -> Said:
    return Said("link_off", _("Deleted there: %(record)s") % {"record": row}, row.remote_system)


def incident(icon: str, what: Promise) -> Callable[[Incident], Said]:
    def told(row: Incident) -> Said:
        kind = incidents.KINDS.get(row.kind)
        by = _("by %(user)s") % {"user": row.acknowledged_by} if icon == NOTED and row.acknowledged_by else ""
        detail = "\n".join(filter(None, [row.summary, by]))
        return Said(icon, f"{what}: {kind.label if kind else row.kind}", detail)

    return told


def done(row: LogEntry) -> Said:
    """What an operator did. What a verb wrote down stands there in the words of the code, and is translated here."""
    if row.action_flag == ADDITION:
        what = _("Added")
    elif row.action_flag == DELETION:
        what = _("Deleted")
    else:
        message = row.get_change_message() if row.change_message else ""
        what = _(message) if message else _("Changed")
    return Said("person", Truncator(what).chars(200), _("by %(user)s") % {"user": row.user})


TOLD: dict[str, Callable[[Any], Said]] = {
    "captured": captured,
    "promised": promised,
    "attempted": attempted,
    "settled": settled,
    "payment_started": payment_started,
    "payment_succeeded": payment_succeeded,
    "refund_asked": refund_asked,
    "refund_settled": refund_settled,
    "heard": heard,
    "gone": gone,
    "incident_opened": incident("report", gettext_lazy("Incident")),
    "incident_noted": incident(NOTED, gettext_lazy("Noted")),
    "incident_closed": incident("task_alt", gettext_lazy("Over")),
    "done": done,
}

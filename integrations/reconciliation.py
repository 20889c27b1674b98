"""Compare our rows with those of other systems, every night and on demand, and keep what differs as `Drift` rows.

What is on its way is no difference: whoever has a promise that waits, died (that is told elsewhere) or was kept since
the comparison began, or was changed a moment ago. Nothing is closed by a comparison that did not come to its end.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads.models import Lead

from . import configuration, errors, progress, registry, runs, words
from .models import Connection, Delivery, Drift, Integration, Run
from .service import Finding, IntegrationService, Part

AT_ONCE = 200
GRACE = timedelta(minutes=5)  # what was changed since may still be on its way
State = Delivery.State
COVERED = [State.PENDING, State.IN_FLIGHT, State.DEAD, State.CANCELLED]
SEEN = ["here", "there", "url", "by_hand", "last_seen_at", "promised_at", "ignored_at", "ignored_by", "reason"]
KINDS: dict[str, Promise] = {
    "missing": gettext_lazy("Deleted there"),
    "never_there": gettext_lazy("Never got there"),
    "differs": gettext_lazy("Says something else there"),
    "state": gettext_lazy("Stands otherwise there"),
    "time": gettext_lazy("At another time there"),
    "cancelled_here": gettext_lazy("Cancelled here, still there"),
    "twice": gettext_lazy("Twice there"),
    "unknown_here": gettext_lazy("Ours there, not known here"),
    "paid_there": gettext_lazy("Paid there, not here"),
    "unpaid_there": gettext_lazy("Paid here, not there"),
    "unpaid": gettext_lazy("Has a seat, and has not paid"),
    "refunded_there": gettext_lazy("Given back there, not here"),
}


def compare(integration: str = "") -> dict[str, Any]:
    """All integrations in use, or one: {"counts": {kind: how many are open}, "found", "closed": how many are news,
    "unknown", "notes": sentences about what no answer was got for}."""
    tally: dict[str, Any] = {"found": 0, "closed": 0, "unknown": 0, "notes": []}
    chosen = list(connections(integration))
    for number, connection in enumerate(chosen):
        progress.report(number, len(chosen))
        compare_one(connection, tally)
    drifts = Drift.objects.heeded().filter(connection__in=chosen)
    kinds = drifts.order_by("kind").values_list("kind", flat=True)
    tally["counts"] = {kind: sum(each == kind for each in kinds) for kind in dict.fromkeys(kinds)}
    return tally


def connections(integration: str = "") -> Iterator[Connection]:
    """Those of services that can compare, in use and not held."""
    slugs = [slug for slug, service in registry.services().items() if service.compares()]
    rows = Connection.objects.in_use().filter(integration__slug__in=slugs, integration__enabled=True)
    rows = rows.filter(integration__slug=integration) if integration else rows
    yield from rows.select_related("integration").order_by("integration", "owner")


def compare_one(connection: Connection, tally: dict[str, Any]) -> None:
    """Stretch by stretch: one that gets no answer keeps no other from being compared."""
    service = configuration.service_on(connection)
    who = words.service(connection.integration.slug)
    if service is None or service.has_moved:
        tally["unknown"] += 1
        tally["notes"].append(_("%(name)s: not compared, the settings are incomplete.") % {"name": who})
        return
    try:
        for part in service.compare():
            compare_part(connection, part, tally)
    except errors.IntegrationError as error:
        tally["unknown"] += 1
        tally["notes"].append(
            _("%(name)s: no answer for everything. %(reason)s") % {"name": who, "reason": error.message}
        )


def compare_part(connection: Connection, part: Part, tally: dict[str, Any]) -> None:
    """Raises IntegrationError; what was found until then is written, and nothing closed."""
    began = timezone.now()
    findings = part.findings
    while chunk := list(islice(findings, AT_ONCE)):
        tally["found"] += note(connection, part.name, chunk, began)
    left = Drift.objects.open().filter(connection=connection, part=part.name, last_seen_at__lt=began)
    tally["closed"] += left.update(mended_at=timezone.now())


# --- what was found ---------------------------------------------------------------------------------------------------


@transaction.atomic
def note(connection: Connection, part: str, findings: list[Finding], began: datetime) -> int:
    """Write down what is no passing thing; how many of them are news. What is known already stays open though a
    promise about it is on its way: it is closed when both sides agree."""
    lasting = still_true(connection, findings, began)
    lately = set(map(identity_of, lasting))
    known = {identity(row): row for row in known_of(connection, part, findings)}
    now = timezone.now()
    for found in findings:
        if row := known.get(identity_of(found)):
            row.last_seen_at = now
            if identity_of(found) in lately:
                see_again(row, found)
    Drift.objects.bulk_update(known.values(), SEEN)
    new = [row_of(connection, part, found, now) for found in lasting if identity_of(found) not in known]
    Drift.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def known_of(connection: Connection, part: str, findings: Iterable[Finding]) -> QuerySet[Drift]:
    nameless = Q(reference__in=[found.reference for found in findings if found.subject is None])
    rows = Drift.objects.open().filter(connection=connection, part=part)
    return rows.filter(of_subjects(found.subject for found in findings) | nameless).select_for_update().order_by("pk")


def row_of(connection: Connection, part: str, found: Finding, now: datetime) -> Drift:
    label, number, reference = identity_of(found)[1:]
    return Drift(
        connection=connection, part=part, kind=found.kind, subject_type=label, subject_id=number, reference=reference,
        url=found.url, here=found.here, there=found.there, by_hand=found.by_hand, found_at=now, last_seen_at=now,
    )  # fmt: skip


def see_again(row: Drift, found: Finding) -> None:
    """Who ignores it ignores these values."""
    if (row.here, row.there) != (found.here, found.there):
        row.here, row.there = found.here, found.there
        row.ignored_at, row.ignored_by, row.reason = None, None, ""
    row.url, row.by_hand, row.promised_at = found.url, found.by_hand, None


def identity(row: Drift) -> tuple[str, str, int, str]:
    return row.kind, row.subject_type, row.subject_id, row.reference


def identity_of(found: Finding) -> tuple[str, str, int, str]:
    subject = found.subject
    return found.kind, subject._meta.label_lower if subject else "", subject.pk if subject else 0, found.reference


def of_subjects(subjects: Iterable[Model | None]) -> Q:
    by_label: dict[str, list[int]] = {}
    for subject in subjects:
        if subject:
            by_label.setdefault(subject._meta.label_lower, []).append(subject.pk)
    about = Q(pk__in=[])
    for label, ids in by_label.items():
        about |= Q(subject_type=label, subject_id__in=ids)
    return about


# --- what is on its way -----------------------------------------------------------------------------------------------


def still_true(connection: Connection, findings: list[Finding], began: datetime) -> list[Finding]:
    """Without those that are on their way, and those whose subject is another by now, or nobody any more.

    The people are locked: who is forgotten meanwhile is so before this is written, or finds it.
    """
    subjects = [found.subject for found in findings if found.subject]
    if not subjects:
        return findings
    people = {lead.pk for lead in Lead.objects.lock({lead_of(subject) for subject in subjects})}
    moving = on_their_way(connection, subjects, began)
    latest = versions(subjects)
    return [
        found
        for found in findings
        if found.subject is None
        or (
            lead_of(found.subject).pk in people
            and key_of(found.subject) not in moving
            and latest.get(key_of(found.subject)) == version_of(found.subject)
            and version_of(found.subject) < began - GRACE
        )
    ]


def on_their_way(connection: Connection, subjects: Iterable[Model], began: datetime) -> set[tuple[str, int]]:
    """Of any account of the integration: a booking's entry may be in another's calendar."""
    lately = Q(state__in=COVERED) | Q(settled_at__gte=began - GRACE)
    rows = Delivery.objects.filter(of_subjects(subjects), lately, integration=connection.integration_id)
    return set(rows.values_list("subject_type", "subject_id"))


def versions(subjects: Iterable[Model]) -> dict[tuple[str, int], datetime]:
    found: dict[tuple[str, int], datetime] = {}
    for model in {type(subject) for subject in subjects}:
        ids = [subject.pk for subject in subjects if type(subject) is model]
        rows = model._base_manager.filter(pk__in=ids).values_list("pk", "updated_at")
        found |= {(model._meta.label_lower, pk): updated_at for pk, updated_at in rows}
    return found


def key_of(subject: Model) -> tuple[str, int]:
    return subject._meta.label_lower, subject.pk


def version_of(subject: Any) -> datetime:
    found: datetime = subject.updated_at
    return found


def lead_of(subject: Any) -> Lead:
    """Whose it is."""
    if isinstance(subject, Lead):
        return subject
    found: Lead = subject.lead if hasattr(subject, "lead") else subject.registration.lead
    return found


# --- what is done about it --------------------------------------------------------------------------------------------


def mend(drifts: QuerySet[Drift]) -> int:
    """Promise what makes both sides agree; the next comparison closes it. How many could be promised."""
    rows = drifts.filter(mended_at=None, by_hand=False).exclude(subject_type="")
    return sum(mend_one(pk) for pk in rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def mend_one(pk: int) -> bool:
    drift = Drift.objects.select_for_update().filter(pk=pk, mended_at=None).first()
    if drift is None or (service := service_for(drift)) is None:
        return False
    subject = apps.get_model(drift.subject_type)._base_manager.filter(pk=drift.subject_id).first()
    if subject is None:
        return False
    service.mend(drift, subject)
    Drift.objects.filter(pk=pk).update(promised_at=timezone.now(), ignored_at=None, ignored_by=None, reason="")
    return True


def service_for(drift: Drift) -> IntegrationService | None:
    """None where the account is not in use any more, or lacks settings."""
    rows = Connection.objects.in_use().select_related("integration")
    connection = rows.filter(pk=drift.connection_id).first()
    return configuration.service_on(connection) if connection else None


def ignore(drifts: QuerySet[Drift], reason: str, user: User | None) -> int:
    """Be silent about these until their values change. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("A difference is ignored for a reason.")
    told = {"ignored_at": timezone.now(), "ignored_by": user, "reason": reason.strip()}
    return drifts.filter(mended_at=None).update(**told)


@runs.kind("reconcile", label=gettext_lazy("Compare"))
def in_a_run(run: Run) -> dict[str, Any]:
    """What `compare` says, as a run's result."""
    tally = compare(run.integration.slug if run.integration else "")
    number = sum(tally["counts"].values())
    said = ngettext("%(n)s difference is open.", "%(n)s differences are open.", number) % {"n": number}
    return {**tally, "summary": " ".join([said, *tally["notes"]])}


def start(integration: Integration | None = None) -> Run:
    """Have a worker compare."""
    return runs.start("reconcile", integration=integration)

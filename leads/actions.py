"""Everything that happens to leads. Nothing else writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from leads.addresses import normalise
from leads.captures import Capture, CaptureResult, Details, Utm
from leads.models import DETAILS, FIRST_UTM_FIELDS, UTM_FIELDS, Consent, Lead, Touchpoint
from leads.signals import leads_captured, leads_changed, leads_forgotten
from leads.upsert import Key, add_touchpoints, find_known, upsert_leads

__all__ = ["Capture", "CaptureResult", "Utm", "capture", "forget", "update_details"]

EDITABLE = frozenset({"email", "status", *DETAILS})


@transaction.atomic
def capture(captures: Sequence[Capture]) -> CaptureResult:
    """One lead per person, one touchpoint per occasion; a few statements however many captures there are.

    The result is the same as that of capturing one by one, in this order.
    """
    if not captures:
        return CaptureResult(leads=[], created=0, touchpoint_ids=[])
    keyed = [key_of(given) for given in captures]
    first = dict(zip(reversed(keyed), reversed(captures), strict=True))
    known = find_known(first)
    new = [replace(first[key], email=key[0]) for key in dict.fromkeys(keyed) if key not in known]
    leads, created = merge(new)
    added = add_touchpoints([(leads[given.email], given) for given in new]) if new else []
    announce(leads, [lead_id for _, lead_id in added])
    return CaptureResult(
        leads=[leads.get(key[0]) or known[key] for key in keyed],
        created=created,
        touchpoint_ids=[pk for pk, _ in added],
    )


def update_details(lead: Lead, *, details: Details) -> bool:
    """Correct a lead; says whether anything is different now. A forgotten lead stays as it is."""
    if unknown := details.keys() - EDITABLE:
        raise ValueError(f"Not details of a lead: {', '.join(sorted(unknown))}")
    wanted = {**details, "email": normalise(details["email"])} if "email" in details else dict(details)
    with transaction.atomic():
        current = Lead.objects.lock([lead]).first()
        if current is None:
            return False
        changed = [field for field, value in wanted.items() if getattr(current, field) != value]
        for field in changed:
            setattr(current, field, wanted[field])
        if changed:
            current.name_is_guess = current.name_is_guess and "name" not in changed
            current.save(update_fields=[*changed, "name_is_guess", "updated_at"])
            leads_changed.send(sender=Lead, leads=[current])
    for field, value in wanted.items():
        setattr(lead, field, value)
    return bool(changed)


@transaction.atomic
def forget(leads: Sequence[Lead]) -> None:
    """Make these people unrecognisable, for ever; that somebody was there, and when, remains for the statistics."""
    pending = list(Lead.objects.lock(leads))
    if not pending:
        return
    Touchpoint.objects.filter(lead__in=pending).update(
        message="", referrer="", **dict.fromkeys((*UTM_FIELDS, *FIRST_UTM_FIELDS), "")
    )
    Consent.objects.filter(lead__in=pending).update(source="")
    for lead in (*pending, *leads):
        lead.anonymise()
        lead.updated_at = timezone.now()
    Lead.objects.bulk_update(pending, ["email", "status", "marketing_consent", "updated_at", *DETAILS], batch_size=1000)
    leads_forgotten.send(sender=Lead, leads=pending)


def key_of(given: Capture) -> Key:
    return normalise(given.email), given.key


def merge(captures: Sequence[Capture]) -> tuple[dict[str, Lead], int]:
    """The leads by address, and how many are new."""
    now = timezone.now()
    leads: dict[str, Lead] = {}
    created = 0
    for batch in rounds(captures):
        for lead, is_new in upsert_leads(batch, now):
            leads[lead.email] = lead
            created += is_new
    return leads, created


def rounds(captures: Sequence[Capture]) -> Iterator[list[Capture]]:
    """Nobody twice in one statement: who comes again waits for the next.

    Folding a person's captures into one beforehand would be shorter but wrong: which of them may overwrite depends
    on what the database holds. The first round has everybody, hence it takes all locks, and in order.
    """
    waiting = captures
    while waiting:
        batch = {given.email: given for given in reversed(waiting)}
        taken = set(map(id, batch.values()))
        waiting = [given for given in waiting if id(given) not in taken]
        yield list(batch.values())


def announce(leads: dict[str, Lead], lead_ids: Sequence[int]) -> None:
    touched = set(lead_ids)
    if touched:
        told = [lead for lead in leads.values() if lead.pk in touched]
        leads_captured.send(sender=Lead, leads=told)

"""Everything that happens to leads. Nothing else writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from leads.addresses import normalise
from leads.captures import Capture, CaptureResult, Details, Utm
from leads.consents import MARKETING_VERSION
from leads.models import DETAILS, FIRST_UTM_FIELDS, UTM_FIELDS, Consent, Lead, Touchpoint
from leads.signals import (
    consents_requested,
    leads_captured,
    leads_changed,
    leads_forgotten,
    whitepapers_requested,
)
from leads.upsert import Added, Key, add_touchpoints, consent_of, find_known, touchpoint_of, upsert_leads

__all__ = [
    "Capture",
    "CaptureResult",
    "Utm",
    "ask_for_confirmation",
    "capture",
    "confirm_consent",
    "forget",
    "record_download",
    "update_details",
    "waiting_for_confirmation",
    "withdraw_consent",
]

MOST_DOWNLOADS = 10  # of one request: enough for a team, too few for a link that everybody passes on
EDITABLE = frozenset({"email", "status", *DETAILS})
CONFIRMED = ("marketing_consent", "email_confirmed_at")


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
    announce([(leads[given.email], given) for given in new], added)
    return CaptureResult(
        leads=[leads.get(key[0]) or known[key] for key in keyed],
        created=created,
        touchpoint_ids=[each.pk for each in added],
    )


def update_details(lead: Lead, *, details: Details) -> bool:
    """Correct a lead; says whether anything is different now. A forgotten lead stays as it is.

    With another address, what was confirmed from the old one has to be confirmed anew.
    """
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
            if "email" in changed:
                start_confirmation_over(current)
            current.name_is_guess = current.name_is_guess and "name" not in changed
            current.save(update_fields=[*changed, *CONFIRMED, "name_is_guess", "updated_at"])
            leads_changed.send(sender=Lead, leads=[current])
    for field in (*wanted, *CONFIRMED):
        setattr(lead, field, getattr(current, field))
    return bool(changed)


@transaction.atomic
def record_download(touchpoint: Touchpoint) -> bool:
    """Count one download of what was requested, unless there were too many; says whether it may go on.

    Who has the link reads the mail to the address: that confirms it. A forgotten person downloads nothing any more.
    """
    now = timezone.now()
    if not Lead.objects.lock([touchpoint.lead]):
        return False
    left = Touchpoint.objects.filter(pk=touchpoint.pk, downloads__lt=MOST_DOWNLOADS)
    if not left.update(downloads=F("downloads") + 1, downloaded_at=now):
        return False
    same = Lead.objects.filter(pk=touchpoint.lead_id, email=touchpoint.lead.email, email_confirmed_at=None)
    same.update(email_confirmed_at=now)
    return True


@transaction.atomic
def confirm_consent(consent: Consent) -> bool:
    """Somebody who reads the mail to the address means it; says whether the consent holds now.

    Confirming again is fine; a consent that was withdrawn, or whose lead is forgotten, stays that way.
    """
    now = timezone.now()
    lead = Lead.objects.lock([consent.lead]).first()
    if lead is None:
        return False
    waiting = Consent.objects.waiting().filter(pk=consent.pk)
    if waiting.update(confirmed_at=now, text_version=consent.text_version or MARKETING_VERSION):
        lead.email_confirmed_at = lead.email_confirmed_at or now
        turn(lead, consented=True)
    consent.refresh_from_db()
    return consent.holds


@transaction.atomic
def withdraw_consent(lead: Lead) -> bool:
    """No more news for this lead, and no question whether they want any; says whether anything was agreed to before."""
    current = Lead.objects.lock([lead]).first()
    if current is None:
        return False
    withdrawn = Consent.objects.filter(lead=current, withdrawn_at=None).update(withdrawn_at=timezone.now())
    if current.marketing_consent:
        turn(current, consented=False)
    lead.marketing_consent = False
    return bool(withdrawn)


@transaction.atomic
def ask_for_confirmation(leads: QuerySet[Lead]) -> int:
    """Ask these leads by e-mail to confirm what they ticked; says how many. Whoever was asked already is not again."""
    consents = list(waiting_for_confirmation(leads).select_related("lead"))
    if consents:
        consents_requested.send(sender=Consent, consents=consents)
    return len(consents)


def waiting_for_confirmation(leads: QuerySet[Lead]) -> QuerySet[Consent]:
    """The latest tick of each of these leads whose consent nothing confirms yet."""
    unconfirmed = leads.filter(marketing_consent=False).exclude(status=Lead.Status.FORGOTTEN)
    waiting = Consent.objects.waiting().filter(lead__in=unconfirmed.order_by().values("pk"))
    return waiting.order_by("lead_id", "-given_at", "-id").distinct("lead_id")


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
    fields = ["email", "status", *CONFIRMED, "updated_at", *DETAILS]
    Lead.objects.bulk_update(pending, fields, batch_size=1000)
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


def announce(captured: Sequence[tuple[Lead, Capture]], added: Sequence[Added]) -> None:
    """What is new, and who waits for an answer to it. Whose consent is confirmed is not asked again."""
    if not added:
        return
    by_key = {(lead.pk, given.key): (lead, given) for lead, given in captured}
    new = [(each, *by_key[each.lead_id, each.key]) for each in added]
    leads_captured.send(sender=Lead, leads=list({lead.pk: lead for _, lead, _ in new}.values()))
    waiting = [row for row in new if row[2].expects_answer]
    if touchpoints := [touchpoint_of(*row) for row in waiting if row[2].whitepaper]:
        whitepapers_requested.send(sender=Touchpoint, touchpoints=touchpoints)
    if consents := [consent_of(*row) for row in waiting if row[0].consent_id and not row[1].marketing_consent]:
        consents_requested.send(sender=Consent, consents=consents)


def start_confirmation_over(lead: Lead) -> None:
    """Each proof belongs to one address: those of the old one end, and the latest waits for the new one.

    Saving the lead is up to the caller, who holds its lock.
    """
    lead.marketing_consent, lead.email_confirmed_at = False, None
    agreed = Consent.objects.filter(lead=lead, withdrawn_at=None)
    latest = agreed.first()
    if latest is not None:
        agreed.update(withdrawn_at=timezone.now())
        Consent.objects.create(
            lead=lead, given_at=latest.given_at, text_version=latest.text_version, source=latest.source
        )


def turn(lead: Lead, *, consented: bool) -> None:
    changed = lead.marketing_consent != consented
    lead.marketing_consent = consented
    lead.save(update_fields=[*CONFIRMED, "updated_at"])
    if changed:
        leads_changed.send(sender=Lead, leads=[lead])

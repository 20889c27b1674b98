"""Who is told of incidents, by which ways, and what is said of them everywhere alike.

A way is an integration whose service has an operation of the name `ALERT`; it promises `ESCALATION` and `ALL_CLEAR`
likewise, each about the incident. No way tells of its own trouble.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from . import incidents, registry, words
from .models import AlertSubscription, Connection, Delivery, Incident, Integration
from .models.incident import LASTING

ALERT, ESCALATION, ALL_CLEAR = "integration_alert", "integration_escalated", "integration_recovered"


# --- who --------------------------------------------------------------------------------------------------------------


def readers(incident: Incident, *, escalated: bool = False) -> Iterator[str]:
    """Staff who asked for it and can act, as "user:<id>", and the ADMINS, as "admin:<address>"; nobody twice."""
    known = set()
    topic = "escalations" if escalated else "outages" if incident.kind in LASTING else "matters"
    for user in who_can_act(incident.kind).filter(**{f"alerts__{topic}": True}):
        if user.email.lower() not in known:
            known.add(user.email.lower())
            yield f"user:{user.pk}"
    for _name, address in settings.ADMINS:
        if address.lower() not in known:
            known.add(address.lower())
            yield f"admin:{address}"


def who_can_act(kind: str) -> QuerySet[User]:
    permission = incidents.KINDS[kind].permission
    staff = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    return staff.filter(is_staff=True).exclude(email="").order_by("pk")


def language_of(user: User) -> str:
    """In which he wants such letters."""
    asked = AlertSubscription.objects.filter(user=user).values_list("language", flat=True).first()
    return asked or settings.LANGUAGE_CODE


# --- by which way -----------------------------------------------------------------------------------------------------


def ways() -> list[str]:
    """Names of the integrations that can tell of incidents, whether or not they are set up."""
    return [
        name for name, service in registry.services().items() if ALERT in {each.name for each in service.operations()}
    ]


def is_way(connection: Connection) -> bool:
    return any(is_patient(way, connection) for way in ways())


def may_tell(way: str, incident: Incident) -> bool:
    """Nobody is told of what is not in use, and by no way of its own trouble."""
    connection = incident.connection
    in_use = Integration.objects.filter(pk=connection.integration_id, enabled=True).exists()
    return in_use and not is_patient(way, connection)


def is_patient(way: str, connection: Connection) -> bool:
    """An account of a way is not the way."""
    return connection.integration.slug == way and not connection.owner


def withdraw(way: str, incident: Incident) -> list[str]:
    """Cancel what that way has not told yet; the occasions of what it has, or is about to."""
    about = Delivery.objects.filter(
        integration__slug=way,
        operation__in=[ALERT, ESCALATION],
        subject_type=Incident._meta.label_lower,
        subject_id=incident.pk,
    )
    about.cancel(_("It was over before this could be sent."))
    return sorted({delivery.occasion for delivery in about.exclude(state=Delivery.State.CANCELLED)})


def told(incident: Incident) -> list[str]:
    """By which ways it was told, and how far that is, one line each."""
    rows = Delivery.objects.filter(subject_type=Incident._meta.label_lower, subject_id=incident.pk)
    found = rows.filter(operation__in=[ALERT, ESCALATION, ALL_CLEAR]).select_related("integration").order_by("pk")
    sent: dict[tuple[str, str, str], int] = {}
    for row in found:
        line = (row.integration.slug, row.operation, row.state)
        sent[line] = sent.get(line, 0) + 1
    return [
        _("%(way)s, %(what)s: %(n)s (%(state)s)")
        % {
            "way": words.service(way),
            "what": words.operation(way, operation),
            "n": n,
            "state": Delivery.State(state).label,
        }
        for (way, operation, state), n in sent.items()
    ]


def silence(incident: Incident) -> str:
    """Why not everybody who should know was told by the way he expects, or ""."""
    patient = next((way for way in ways() if is_patient(way, incident.connection)), "")
    if incident.alerted_at is None:
        if not incident.connection.integration.enabled:
            return _("Nobody was told: it is not in use.")
        if patient:
            said = _("Nobody was told: %(patient)s cannot tell of its own trouble, and there is no other way.")
            return f"{said % {'patient': words.service(patient)}} {another_way()}"
        said = _("Nobody was told: nobody asked for it, and there is no other way.")
        return f"{said} {how_to_add()}"
    if patient:
        said = _("%(patient)s cannot tell of its own trouble: this was told another way.")
        return said % {"patient": words.service(patient)}
    return ""


def another_way() -> str:
    """What helps where e-mail cannot."""
    return _("Set ALERT_WEBHOOK_URL, or the address for alerts at the outgoing webhooks.")


def how_to_add() -> str:
    return _("Set ALERT_WEBHOOK_URL (or the address for alerts at the outgoing webhooks), ADMINS, or “My alerts”.")


# --- in words ---------------------------------------------------------------------------------------------------------


def lasted(incident: Incident) -> str:
    """How long, such as "2 hours, 5 minutes"; until now while it is open."""
    until = incident.closed_at or timezone.now()
    if (until - incident.opened_at).total_seconds() < 60:
        return _("less than a minute")
    return timesince(incident.opened_at, until).replace("\xa0", " ")


def what_waited(incident: Incident) -> list[str]:
    """Such as "Leads to Odoo, waited: 120"; nothing where nothing did."""
    slug, found = incident.connection.integration.slug, incident.waited
    told = [waiting(words.operation(slug, name), n) for name, n in found.get("waiting", {}).items()]
    told += [failed(words.operation(slug, name), n) for name, n in found.get("failed", {}).items()]
    if oldest := found.get("oldest"):
        told.append(
            _("The oldest was promised at %(moment)s") % {"moment": words.moment(datetime.fromisoformat(oldest))}
        )
    return told


def waiting(what: str, n: int) -> str:
    return _("%(what)s, waited: %(n)s") % {"what": what, "n": n}


def failed(what: str, n: int) -> str:
    return _("%(what)s, failed for good: %(n)s") % {"what": what, "n": n}


def whose(incident: Incident) -> str:
    """The integration's name, with that of the account where it is a further one."""
    connection = incident.connection
    name = words.service(connection.integration.slug)
    return f"{name}, {connection.owner}" if connection.owner else name

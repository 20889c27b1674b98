"""Sessions and who comes, for the tests of what Odoo is told of webinars."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from integrations import outbox
from integrations.models import Delivery
from integrations.odoo.sandbox import OdooSandbox
from tests.factories import SessionFactory, TopicFactory, a_registrant
from webinars import actions
from webinars.models import Registration, Session

from .people import WHEN

EVERY_ODOO = ["16.0", "16.0 website", "19.0", "19.0 website"]
START = datetime(2099, 3, 2, 9, tzinfo=UTC)


def odoo_of(name: str) -> OdooSandbox:
    """Such as "19.0 website": with website_event."""
    version, _, website = name.partition(" ")
    return OdooSandbox(version, website_event=bool(website))


def a_session(**fields: Any) -> Session:
    """Published in that moment, hence promised to Odoo."""
    topic = TopicFactory.create(title_en="Data <strategy>", title_de="Datenstrategie", description_en="One\n& two")
    usual = {"slug": "data-strategy", "topic": topic, "starts_at": START, "zone": "Europe/Berlin"}
    session = SessionFactory.create(status=Session.Status.DRAFT, **{**usual, **fields})
    actions.publish_session(session)
    return session


def come(session: Session, *names: str, **details: Any) -> list[Registration]:
    """These people register, one after the other; that they are leads, too, is no matter here."""
    people = [
        actions.register(session, a_registrant(f"{name}@acme.example", first_name=name, **details)).registration
        for name in names
    ]
    Delivery.objects.filter(operation="push_leads").delete()
    return people


def push() -> None:
    """What was promised, without the wait for a next try."""
    Delivery.objects.filter(state=Delivery.State.PENDING).update(due_at=WHEN)
    outbox.drain(integration="odoo")


def push_again(operation: Any, subjects: Sequence[Any]) -> None:
    outbox.keep_in_sync(operation, subjects)
    push()


def states() -> dict[str, int]:
    """How many promises about webinars are in each state."""
    promises = Delivery.objects.filter(operation__in=["push_sessions", "push_registrations"])
    return dict(Counter(promises.values_list("state", flat=True)))


def methods(peer: OdooSandbox) -> list[str]:
    """The calls about webinars, such as "event.event.load"."""
    return [f"{model}.{method}" for model, method, _user in peer.calls if model.startswith(("event.", "res.partner"))]


def only(peer: OdooSandbox, model: str) -> dict[str, Any]:
    (record,) = ours(peer, model)
    return record


def ours(peer: OdooSandbox, model: str) -> list[dict[str, Any]]:
    return [record for record in peer.records(model) if str(record["xid"]).startswith("magnetiq.")]

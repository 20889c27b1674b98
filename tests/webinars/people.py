"""Who stands where in a session."""

from tests.factories import a_registrant
from webinars.actions import register
from webinars.models import Registration, Session


def come(session: Session, *names: str) -> list[Registration]:
    """These people register, one after the other."""
    return [register(session, a_registrant(f"{name}@client.example", first_name=name)).registration for name in names]


def standing(session: Session) -> dict[str, str]:
    """The state of everybody in the session, in the order in which they came."""
    return dict(session.registrations.order_by("number").values_list("first_name", "status"))


def run_out(session: Session) -> None:
    """Let the time of everything that is held be over."""
    held = session.registrations.exclude(held_until=None)
    held.update(held_until=session.created_at)

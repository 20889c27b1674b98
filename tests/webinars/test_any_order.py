"""Whatever people and operators do, in whatever order: no seat too many, and nobody passes the queue."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import SessionFactory
from tests.webinars.paying import pay
from tests.webinars.people import come, run_out
from webinars.actions import accept_offer, cancel, change_session, decline_offer, expire
from webinars.errors import CapacityBelowTaken, WebinarError
from webinars.models import Registration, Session
from webinars.models.registration import TAKEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("payable")]
PEOPLE = 8


def all_held_run_out(session: Session, _: int) -> None:
    run_out(session)
    expire(timezone.now())


def to_one(action: Callable[[Registration], None]) -> Callable[[Session, int], None]:
    """That action, with the person of that number if there is one."""

    def act(session: Session, number: int) -> None:
        for registration in session.registrations.filter(first_name=f"person-{number}"):
            action(registration)

    return act


STEPS: dict[str, Callable[[Session, int], object]] = {
    "comes": lambda session, number: come(session, f"person-{number}"),
    "cancels": to_one(cancel),
    "accepts": to_one(accept_offer),
    "declines": to_one(decline_offer),
    "pays": to_one(pay),
    "all held run out": all_held_run_out,
    "capacity": lambda session, number: change_session(session, {"capacity": number + 1}),
}
steps = st.lists(st.tuples(st.sampled_from(["comes", "comes", *STEPS]), st.integers(0, PEOPLE - 1)), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, price=st.sampled_from([0, 90]), waiting_list=st.booleans())
def test_seats_suffice_and_the_queue_keeps_its_order(
    steps: list[tuple[str, int]], price: int, waiting_list: bool
) -> None:
    with transaction.atomic():
        session = SessionFactory(capacity=2, price=price, waiting_list=waiting_list)
        for name, number in steps:
            before = waiting(session)
            with suppress(WebinarError, CapacityBelowTaken):
                STEPS[name](session, number)
            assert taken(session) <= Session.objects.get(pk=session.pk).capacity
            assert_in_order(before, session)
        transaction.set_rollback(True)


def taken(session: Session) -> int:
    return session.registrations.filter(status__in=TAKEN).count()


def waiting(session: Session) -> list[int]:
    return list(session.registrations.filter(status="waitlisted").order_by("number").values_list("pk", flat=True))


def assert_in_order(before: list[int], session: Session) -> None:
    """Offers went to the front of the line, newcomers to its end, and no seat stays free while somebody waits."""
    after = waiting(session)
    served = set(session.registrations.filter(pk__in=before, status="offered").values_list("pk", flat=True))
    left = [pk for pk in before if pk in served or pk in after]
    assert [pk in served for pk in left] == sorted([pk in served for pk in left], reverse=True)
    assert after[: len(left) - len(served)] == [pk for pk in left if pk not in served]
    assert not after or taken(session) == Session.objects.get(pk=session.pk).capacity

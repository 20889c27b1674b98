"""However a list is cut into pieces, the leads come out the same."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.actions import Capture, capture
from leads.models import DETAILS, Lead
from tests.factories import A_MOMENT, a_capture

words = st.sampled_from(["", "a", "b"])
captures = st.builds(
    a_capture,
    email=st.sampled_from(["ada@client.example", "Ada@Client.example ", "bob@client.example"]),
    key=st.sampled_from("123456"),
    captured_at=st.integers(-2, 2).map(lambda days: A_MOMENT + timedelta(days=days)),
    name=words,
    name_is_guess=st.booleans(),
    phone=words,
    marketing_consent=st.booleans(),
)


def outcome(before: Capture, pieces: list[list[Capture]]) -> list[object]:
    """The leads after capturing the pieces one after the other; the database forgets it all again."""
    with transaction.atomic():
        capture([before])
        results = [capture(piece) for piece in pieces]
        fields = ("email", "name_is_guess", "marketing_consent", "first_seen_at", "last_seen_at", *DETAILS)
        rows: list[object] = list(Lead.objects.order_by("email").values_list(*fields))
        counts = [sum(r.created for r in results), sum(r.merged for r in results), sum(r.known for r in results)]
        transaction.set_rollback(True)
    return [*rows, *counts]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=captures, wanted=st.lists(captures, max_size=12), size=st.integers(2, 12))
def test_pieces_of_any_size_give_what_one_by_one_gives(before: Capture, wanted: list[Capture], size: int) -> None:
    one_by_one = [[each] for each in wanted]
    in_pieces = [wanted[start : start + size] for start in range(0, len(wanted), size)]

    assert outcome(before, in_pieces) == outcome(before, one_by_one)

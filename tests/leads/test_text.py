"""Cleaning what people type: what stays of it, and that nobody can keep us busy with it."""

import time

import pytest

from leads.text import single_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada ", "Ada"),
        ("Ada \r\n Lovelace", "Ada Lovelace"),
        ("Ada\tLovelace\u2028of London", "Ada Lovelace of London"),
        ("two  blanks\x00 stay", "two  blanks stay"),
        ("Ada\u202eecalevoL", "AdaecalevoL"),
    ],
)
def test_text_becomes_one_line(typed: str, kept: str) -> None:
    assert single_line(typed) == kept


def test_a_megabyte_of_blanks_costs_nothing() -> None:
    """Anybody may post that much, and its length is only looked at afterwards."""
    began_at = time.process_time()

    assert single_line(f"a{' ' * 1_000_000}\x00b") == f"a{' ' * 1_000_000}b"

    assert time.process_time() - began_at < 2

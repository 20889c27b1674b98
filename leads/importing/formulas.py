"""A cell that a spreadsheet would run as a formula is written as text, and read back as what it was.

The mark is the apostrophe that people type for the same purpose, in XLSX too, although a typed cell would not need it:
whoever saves that sheet as CSV takes the mark along. Within a cell it stands wherever a new one would begin for a
spreadsheet that takes semicolons or tabs for the separators of our CSV, as Excel does in Germany.
"""

import re

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
MARK = "'"

_RUNS = r"[=+\-@＝＋－＠]"
_AT_START, _WITHIN = rf"(?='*(?:{_RUNS}|[\t\r]))", rf"(?=[\"']*{_RUNS})"
_BARE = re.compile(rf"^{_AT_START}|(?<=[;\t\r\n]){_WITHIN}")
_MARKED = re.compile(rf"^'{_AT_START}|(?<=[;\t\r\n])'{_WITHIN}")


def guard(cell: str) -> str:
    """`=1+1` -> `'=1+1`. What looks marked already gets a second mark, so that `unguard` gives back every text."""
    return _BARE.sub(MARK, cell)


def unguard(cell: str) -> str:
    """`'=1+1` -> `=1+1`, and `'tis` as it is."""
    return _MARKED.sub("", cell) if MARK in cell else cell  # the usual case, at a tenth of the price

"""A cell that a spreadsheet would run as a formula is written as text, and read back as what it was.

The mark is the apostrophe that people type for the same purpose, in XLSX too, although a typed cell would not need it:
whoever saves that sheet as CSV takes the mark along.
"""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"


def guard(cell: str) -> str:
    """`=1+1` -> `'=1+1`. What looks marked already gets a second mark, so that `unguard` gives back every text."""
    return MARK + cell if cell.lstrip(MARK).startswith(FORMULA) else cell


def unguard(cell: str) -> str:
    """`'=1+1` -> `=1+1`, and `'tis` as it is."""
    return cell[1:] if cell.startswith(MARK) and cell.lstrip(MARK).startswith(FORMULA) else cell

"""Cleaning what people and exports put into text."""

import re

# Controls, zero-width blanks and direction overrides. Joiners stay: emoji and several scripts are written with them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
BLANKS = re.compile(r"\s+")
LINE_BREAK = re.compile(r"[\r\n\t\u2028\u2029]")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def single_line(text: str) -> str:
    """Without invisible characters, line breaks and blanks around."""
    if text.isprintable():  # the usual case, at a tenth of the price
        return text.strip()
    # A pattern with blanks around the break would look at a long row of them anew from each one.
    return BLANKS.sub(lambda row: " " if LINE_BREAK.search(row[0]) else row[0], INVISIBLE.sub("", text).strip())


def many_lines(text: str) -> str:
    """The same for texts of several lines, whose line breaks stay."""
    if text.isprintable():
        return text.strip()
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def web_address(text: str) -> str:
    """`www.example.com` -> `https://www.example.com`, as browsers do; any scheme but the web's own makes way."""
    if not text or text.startswith(("https://", "http://")):
        return text
    return f"https://{SCHEME.sub('', text)}"

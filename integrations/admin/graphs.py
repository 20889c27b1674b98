"""Bars as SVG, drawn by the server: no script, and the same in words for who does not see them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.template.defaultfilters import date
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from integrations.figures import Step

WIDE, HIGH, GAP = 10, 100, 1.5  # of a column, in units of the drawing; its own proportions are the page's

Parts = dict[str, Callable[[Step], int]]  # {colour, a class of figures.css: what is stacked in it}


class Bar(NamedTuple):
    colour: str
    y: str
    height: str


class Column(NamedTuple):
    """`title` is what a mouse over it says, and a row of the table."""

    x: str
    title: str
    bars: list[Bar]


class Graph(NamedTuple):
    title: Promise | str
    words: str
    most: str
    width: int
    columns: list[Column]
    first: str
    last: str


def graph(title: Promise | str, steps: Sequence[Step], parts: Parts, text: Callable[[int], str], said: str) -> Graph:
    """`text` puts a value into words, `said` tells what the whole graph shows."""
    sums = [sum(value(step) for value in parts.values()) for step in steps]
    most = max(sums)
    columns = [column(n, step, parts, most, text) for n, step in enumerate(steps)]
    return Graph(
        title=title,
        words=said,
        most=text(most) if most else _("none"),
        width=WIDE * len(steps),
        columns=columns,
        first=moment(steps[0]),
        last=moment(steps[-1]),
    )


def column(place: int, step: Step, parts: Parts, most: int, text: Callable[[int], str]) -> Column:
    bars, top = [], float(HIGH)
    for colour, value in parts.items():
        height = HIGH * value(step) / most if most else 0.0
        top -= height
        if height:
            bars.append(Bar(colour, f"{top:.1f}", f"{height:.1f}"))  # numbers of SVG, in no reader's language
    values = " / ".join(text(value(step)) for value in parts.values())
    return Column(f"{place * WIDE + GAP / 2:.2f}", f"{moment(step)}: {values}", bars)


def moment(step: Step) -> str:
    return date(step.at, "SHORT_DATE_FORMAT") if step.at.hour == 0 else date(step.at, "d.m. H:i")

"""Pieces of the pages for people: the document, tables, buttons, and switches for faults."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from .faults import Faults

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem } a { color: #0b57a4 } small { color: #666 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .35rem .6rem; vertical-align: top }
td, th { border-bottom: 1px solid #ddd; overflow-wrap: anywhere } th { font-weight: 600 } form { display: inline }
button, input, select { font: inherit; padding: .2rem .7rem; margin: 0 .3rem .4rem 0 } button { cursor: pointer }
.on { background: #b3261e; color: #fff; border-color: #b3261e } .off td { color: #767676 }
pre { font-size: 13px; overflow-x: auto } .scroll { overflow-x: auto }
"""


class Html(str):
    """Ours, as it is; every other text is escaped."""


def document(title: str, body: str, style: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,">
<style>{_STYLE}{style}</style>
{body}
</html>
"""


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    lines = "".join(f"<tr>{''.join(f'<td>{cell(text)}' for text in row)}</tr>\n" for row in rows)
    head = "".join(f"<th>{escape(title)}" for title in titles)
    return Html(f'<div class="scroll"><table><tr>{head}</tr>\n{lines}</table></div>')


def cell(text: str) -> str:
    return text if isinstance(text, Html) else escape(text)


def button(label: str, action: str, values: Mapping[str, str], *, style: str = "", title: str = "") -> Html:
    """A form of its own, posted to /sandbox/<action>."""
    made = f'<button class="{style}" title="{escape(title)}">{escape(label)}</button>'
    return Html(f'<form method="post" action="/sandbox/{action}">{hidden(values)}{made}</form>')


def hidden(values: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items()
    )


def switches(faults: Faults[Any], offered: Mapping[str, Mapping[str, str]]) -> str:
    """A button for each fault that is offered, {label: what it asks for}, and what is in force."""
    in_force = {fault["fault"]: fault for fault in faults.show()}
    buttons = [
        button(label, "faults", asked, style="on" if _is_on(asked, in_force) else "", title=_says(faults, asked))
        for label, asked in offered.items()
    ]
    told = "; ".join(words(fault) for fault in in_force.values()) or "none"
    return f"{''.join(buttons)}{button('Clear all', 'faults', {'clear': '1'})}<br>Faults in force: {escape(told)}"


def words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _says(faults: Faults[Any], asked: Mapping[str, str]) -> str:
    return str(faults.make.kinds[asked["fault"]])


def _is_on(asked: Mapping[str, str], in_force: Mapping[str, Any]) -> bool:
    fault = in_force.get(asked["fault"])
    return fault is not None and str(fault["value"]) in (asked.get("value", "True"), f"{asked.get('value')}.0")

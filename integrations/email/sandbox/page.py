"""Pages for people: the letters that arrived, one letter, and switches for faults."""

from collections import Counter
from email.message import Message, MIMEPart
from html import escape
from typing import Any

from .faults import KINDS, Faults
from .letterbox import Letter, Letterbox

SHOWN = 200
# What each button asks for.
SWITCHES = {
    "Refuse connections": ("refuse", "1", ""),
    "Refuse the password": ("login", "1", ""),
    "No STARTTLS": ("no_starttls", "1", ""),
    "Slow (2 s)": ("slow", "2", ""),
    "451 to the next 5": ("mail", "451", "5"),
    "452 after the content": ("end", "452", "5"),
    "Cut before the content": ("cut_before", "1", "3"),
    "Cut after the content, lost": ("cut_lost", "1", "3"),
    "Cut after the content, kept": ("cut_kept", "1", "3"),
    "Refuse all letters (554)": ("end", "554", ""),
    "At most 20 kB": ("size", "20000", ""),
    "2 letters a connection": ("letters", "2", ""),
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem } a { color: #0b57a4 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .35rem .6rem; vertical-align: top }
td, th { border-bottom: 1px solid #ddd; overflow-wrap: anywhere } th { font-weight: 600 } form { display: inline }
button, input { font: inherit; padding: .2rem .7rem; margin: 0 .3rem .4rem 0; max-width: 100%; box-sizing: border-box }
button { cursor: pointer } .on { background: #b3261e; color: #fff; border-color: #b3261e } small { color: #666 }
iframe { width: 100%; box-sizing: border-box; height: 44rem; border: 1px solid #ccc; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .8rem; font-size: 13px }
.again { color: #b3261e; white-space: nowrap } summary { cursor: pointer; margin: .8rem 0 .4rem; font-weight: 600 }
@media (max-width: 40rem) {
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid #ddd } td { display: block; border: 0; padding: 0 }
  tr:has(th:nth-child(2)) { display: none } th { display: block; border: 0; padding: 0; color: #666 }
}
"""


def document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,">
<style>{_STYLE}</style>
{body}
</html>
"""


# --- all letters ------------------------------------------------------------------------------------------------------


def overview(letterbox: Letterbox, faults: Faults) -> str:
    """The newest letters first."""
    letters, copies, again = list(letterbox), letterbox.copies(), letterbox.duplicates
    repeated = f', <span class="again">{again} of them again</span>' if again else ""
    rows = "".join(_row(letter, copies) for letter in letters[: -SHOWN - 1 : -1])
    return document(
        "Mail stand-in",
        f"""<h1>Mail stand-in</h1>
<p>{_switches(faults)}</p>
{_refusals(faults)}
<h2>{len(letters)} letters{repeated}</h2>
<p>{_button("Forget all letters", "/sandbox/forget", {})}</p>
<table>
<tr><th>When<th>To<th>Subject<th></tr>
{rows}
</table>""",
    )


def _row(letter: Letter, copies: Counter[str]) -> str:
    again = f'<span class="again">arrived {copies[letter.id]} times</span>' if copies[letter.id] > 1 else ""
    subject = f'<a href="/letters/{letter.number}">{escape(letter.subject) or "(no subject)"}</a>'
    to = escape(", ".join(letter.recipients))
    return f"<tr><td>{_when(letter)}<td>{to}<td>{subject}<td>{again}</tr>\n"


def _when(letter: Letter) -> str:
    return f"{letter.at.astimezone():%d %b %H:%M:%S}"


def _switches(faults: Faults) -> str:
    in_force = faults.show()
    buttons = [
        _button(
            label,
            "/sandbox/faults",
            {"fault": kind, "value": value} | ({"times": times} if times else {}),
            style="on" if kind in in_force and str(in_force[kind]["value"]).startswith(value[:3]) else "",
            title=KINDS[kind][0],
        )
        for label, (kind, value, times) in SWITCHES.items()
    ]
    told = "; ".join(_words(kind, fault) for kind, fault in in_force.items()) or "none"
    clear = _button("Clear all", "/sandbox/clear", {})
    return f"{''.join(buttons)}{clear}<br>Faults in force: {escape(told)}"


def _words(kind: str, fault: dict[str, Any]) -> str:
    value = "" if fault["value"] is True else f" ({fault['value']})"
    share = "" if fault["share"] == 1 else f", {fault['share']:.0%} of the time"
    times = "" if fault["times"] is None else f", {fault['times']} times more"
    return f"{KINDS[kind][0]}{value}{share}{times}"


def _refusals(faults: Faults) -> str:
    told = "".join(f"<br>{escape(address)}: {escape(line)}" for address, line in faults.refused.items())
    return f"""<form method="post" action="/sandbox/refuse">
<input name="address" type="email" required placeholder="nobody@acme.example" aria-label="Address">
<input name="answer" required value="550 5.1.1 No such user" aria-label="Answer">
<button>Refuse this recipient</button></form>{told}"""


def _button(label: str, action: str, values: dict[str, str], *, style: str = "", title: str = "") -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())
    button = f'<button class="{style}" title="{escape(title)}">{escape(label)}</button>'
    return f'<form method="post" action="{action}">{hidden}{button}</form>'


# --- one letter -------------------------------------------------------------------------------------------------------


def letter(letter: Letter) -> str:
    here = f"/letters/{letter.number}"
    envelope = {"When": _when(letter), "From": letter.sender, "To": ", ".join(letter.recipients)}
    html = f"""<h2>HTML <small><a href="{here}/html" target="_blank">in a tab of its own</a></small></h2>
<iframe src="{here}/html" title="The letter" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>"""
    return document(
        letter.subject,
        f"""<p><a href="/">All letters</a></p>
<h1>{escape(letter.subject) or "(no subject)"}</h1>
{_table(envelope)}
<p><a href="{here}/letter.eml">The letter as a file</a></p>
{_attachments(letter, here)}
{html if _body(letter, "html") else ""}
<details open><summary>Text</summary><pre>{escape(_content(_body(letter, "plain")))}</pre></details>
<details><summary>Headers</summary>{_table(letter.message.items())}</details>
<details><summary>Source</summary><pre>{escape(letter.raw.decode(errors="replace"))}</pre></details>""",
    )


def _table(values: Any) -> str:
    pairs = values.items() if isinstance(values, dict) else values
    rows = "".join(f"<tr><th>{escape(str(name))}<td>{escape(str(value))}</tr>" for name, value in pairs)
    return f"<table>{rows}</table>"


def _attachments(letter: Letter, here: str) -> str:
    rows = "".join(
        f'<li><a href="{here}/attachments/{number}">{escape(name)}</a> <small>{escape(kind)}, {len(content):,} bytes'
        f"</small></li>"
        for number, (name, kind, content) in enumerate(attachments(letter))
    )
    return f"<h2>Attachments</h2><ul>{rows}</ul>" if rows else ""


def attachments(letter: Letter) -> list[tuple[str, str, bytes]]:
    """(name, content type, content) of each."""
    return [
        (part.get_filename() or f"part {number}", part.get_content_type(), _bytes(part))
        for number, part in enumerate(letter.message.iter_attachments(), 1)
    ]


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else part.as_bytes()  # a letter inside a letter has none of its own


def html_of(letter: Letter) -> str:
    """The letter's own HTML. Its links open in a tab of their own, as in a mail program."""
    html = _content(_body(letter, "html"))
    base = '<base target="_blank">'
    return html.replace("<head>", f"<head>{base}", 1) if "<head>" in html else base + html


def _body(letter: Letter, kind: str) -> MIMEPart | None:
    return letter.message.get_body((kind,))


def _content(part: MIMEPart | None) -> str:
    return str(part.get_content()) if part else ""


def summary(letter: Letter) -> dict[str, Any]:
    """For tests and scripts."""
    return {
        "number": letter.number,
        "at": letter.at.isoformat(),
        "sender": letter.sender,
        "recipients": letter.recipients,
        "subject": letter.subject,
        "message_id": letter.id,
        "bytes": len(letter.raw),
    }

"""A week as columns of hours, in which entries are dragged to another time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from integrations.standin.page import hidden

from .agenda import Seen

FROM, UNTIL = 6, 22  # hours that are drawn
_HOURS = UNTIL - FROM
_PIXELS = 36  # of an hour
STYLE = f"""
.week {{ display: grid; grid-template-columns: repeat(7, minmax(7rem, 1fr)); gap: 2px; overflow-x: auto }}
.day h3 {{ font-size: .85rem; font-weight: 600; margin: 0; padding: .2rem }} .all {{ min-height: 1.6rem }}
.hours {{ position: relative; height: {_HOURS * _PIXELS}px; background: repeating-linear-gradient(#f6f6f6 0 1px,
transparent 1px {_PIXELS}px); border-left: 1px solid #ddd }}
.entry {{ position: absolute; left: 2px; right: 2px; overflow: hidden; font-size: 12px; line-height: 1.25;
padding: 1px 4px; border-radius: 3px; background: #1967d2; color: #fff; box-sizing: border-box }}
.entry[data-event] {{ cursor: grab; touch-action: none }} .entry.free {{ background: #e8f0fe; color: #174ea6 }}
.scroll table {{ min-width: 56rem }}
.all .entry {{ position: static; margin: 1px 2px }} .entry.held {{ opacity: .6; z-index: 1; cursor: grabbing }}
"""
# Quarters of an hour. The form says it; without the script the table below has one for each entry.
SCRIPT = f"""<script>
const drop = document.forms.drop, week = document.querySelector(".week");
let held = null;
week.addEventListener("pointerdown", event => {{
  const entry = event.target.closest("[data-event]");
  if (!entry || event.button) return;
  held = {{ entry, from: event.clientY - entry.getBoundingClientRect().top, moved: false }};
  entry.setPointerCapture(event.pointerId);
  event.preventDefault();
}});
week.addEventListener("pointermove", event => {{
  if (!held) return;
  held.moved = true;
  held.entry.classList.add("held");
  const under = document.elementsFromPoint(event.clientX, event.clientY).find(one => one.matches(".hours"));
  if (!under) return;
  const top = event.clientY - under.getBoundingClientRect().top - held.from;
  const quarter = Math.max(0, Math.min({_HOURS * 4 - 1}, Math.round(top * 4 / {_PIXELS})));
  under.append(held.entry);
  held.entry.style.top = quarter * {_PIXELS} / 4 + "px";
  const minutes = {FROM * 60} + quarter * 15, two = number => String(number).padStart(2, "0");
  held.start = under.dataset.day + "T" + two(Math.floor(minutes / 60)) + ":" + two(minutes % 60);
}});
week.addEventListener("pointerup", () => {{
  if (held && held.moved && held.start) {{
    drop.calendar.value = held.entry.dataset.calendar;
    drop.event.value = held.entry.dataset.event;
    drop.start.value = held.start;
    drop.submit();
  }}
  held = null;
}});
</script>"""


def grid(seen: Sequence[Seen], monday: date, zone: ZoneInfo, back: str) -> str:
    """The seven days from `monday`, in the person's zone; `back` is where a drag leads back to."""
    days = "".join(_day(seen, monday + timedelta(days=number), zone) for number in range(7))
    form = hidden({"calendar": "", "event": "", "start": "", "zone": zone.key, "back": back})
    return f'<div class="week">{days}</div><form name="drop" method="post" action="/sandbox/move">{form}</form>'


def _day(seen: Sequence[Seen], day: date, zone: ZoneInfo) -> str:
    whole = [one for one in seen if one.is_day and _first(one, zone) <= day < one.end.astimezone(zone).date()]
    timed = [one for one in seen if not one.is_day and _first(one, zone) == day]
    blocks = "".join(_block(one, zone, _lane(one, timed)) for one in timed)
    return (
        f'<div class="day"><h3>{day:%a %d %b}</h3><div class="all">{"".join(map(_banner, whole))}</div>'
        f'<div class="hours" data-day="{day.isoformat()}">{blocks}</div></div>'
    )


def _lane(one: Seen, timed: Sequence[Seen]) -> int:
    """How many are still going on when it begins."""
    return sum(other.end > one.start for other in timed[: timed.index(one)])


def _first(one: Seen, zone: ZoneInfo) -> date:
    return one.start.astimezone(zone).date()


def _banner(one: Seen) -> str:
    return f'<div class="entry {_look(one)}">{_title(one)}</div>'


def _block(one: Seen, zone: ZoneInfo, lane: int) -> str:
    top = max(0, _pixels(one.start.astimezone(zone)))
    height = max(15, int((one.end - one.start).total_seconds() / 3600 * _PIXELS) - 2)
    handle = f'data-calendar="{escape(one.calendar)}" data-event="{escape(one.event["id"])}"' if one.is_own else ""
    return (
        f'<div class="entry {_look(one)}" {handle} style="top: {top}px; height: {height}px; left: {lane * 20}%">'
        f"{one.start.astimezone(zone):%H:%M} {_title(one)}</div>"
    )


def _pixels(at: datetime) -> int:
    return int((at.hour + at.minute / 60 - FROM) * _PIXELS)


def _look(one: Seen) -> str:
    return "" if one.blocks else "free"


def _title(one: Seen) -> str:
    return escape(one.event.get("summary") or "(no title)")

"""Print what became of our leads."""

from typing import Any

from integrations import outcomes
from integrations.commands import JsonCommand


class Command(JsonCommand):
    help = "Print how many leads are open, won and lost: by whitepaper, webinar and campaign."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        return outcomes.report(), True

    def in_words(self, result: dict[str, Any]) -> str:
        blocks = [("all leads", [{"name": "", **result["leads"]}])]
        blocks += [(title, result[title]) for title in ("whitepapers", "webinars", "campaigns")]
        return "\n".join(text for title, lines in blocks for text in (title, *map(in_words, lines)))


def in_words(line: outcomes.Line) -> str:
    counts = ", ".join(f"{line[name]} {name}" for name in ("leads", *outcomes.OUTCOMES))
    return f"  {line['name']}: {counts}" if line["name"] else f"  {counts}"

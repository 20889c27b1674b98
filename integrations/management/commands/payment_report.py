"""Print whether money and seats agree."""

from typing import Any

from integrations import agreement
from integrations.commands import JsonCommand


class Command(JsonCommand):
    help = (
        "Compare what is paid at the provider with who has a seat here and who is registered in Odoo. Exit 1: differs."
    )

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        found = agreement.compare()
        return agreement.as_data(found), not found.differences

    def in_words(self, result: dict[str, Any]) -> str:
        sums = ", ".join(f"{amount} {currency}" for currency, amount in result["sums"].items()) or "0.00"
        registered = "not in use" if result["registered"] is None else result["registered"]
        lines = [
            f"paid at the provider: {result['paid']} ({sums})",
            f"  of these kept after a late cancellation: {result['kept']}",
            f"confirmed here: {result['confirmed']}",
            f"registered in Odoo: {registered}",
            f"differences: {len(result['differences'])}",
        ]
        told = "  {kind}: {person}, {session} {payment}"
        return "\n".join([*lines, *(told.format(**each).rstrip() for each in result["differences"])])

"""Records of Odoo's that we know by name."""

from hashlib import sha1
from typing import NamedTuple

from integrations import errors

from .client import OdooClient, first_message, refusal

# Those that only administrators of Odoo may make, or should.
ONLY_FOUND = frozenset({"event.type", "event.stage"})
TAG_CATEGORY = "Format"  # event.tag demands one


class Also(NamedTuple):
    columns: list[str]
    rows: list[list[str]]


class Names:
    """Records that are found by name, and most of them made once: sources, mediums, campaigns, tags."""

    def __init__(self, client: OdooClient) -> None:
        self.client = client

    def find(self, model: str, names: set[str]) -> dict[str, str]:
        """{name: database id}; a name that we may not make is left out."""
        key = f"names:{model}"
        known: dict[str, str] = self.client.memory.recall(key, dict)
        if missing := sorted(names - known.keys()):
            known = {**known, **self.search(model, missing)}
            known |= self.make(model, [name for name in missing if name not in known])
            self.client.memory.note(key, known)
        return {name: known[name] for name in names if known.get(name)}

    def search(self, model: str, names: list[str]) -> dict[str, str]:
        field = "title" if model == "utm.campaign" else "name"
        # Archived ones too: making another of the same name would become "Website [2]".
        rows = self.client.search_read(model, [[field, "in", names]], [field], active_test=False)
        return {row[field]: str(row["id"]) for row in sorted(rows, key=lambda row: -row["id"])}

    def make(self, model: str, names: list[str]) -> dict[str, str]:
        """By external ids made of the names: two workers that make one at once cannot make "Website [2]"."""
        if not names or model in ONLY_FOUND:
            return dict.fromkeys(names, "")
        also = self.also_needed(model, names)
        rows = [[name_id(model, name), name, *more] for name, more in zip(names, also.rows, strict=True)]
        try:
            answer = self.client.load(model, ["id", "name", *also.columns], rows)
        except errors.Misconfigured:
            return dict.fromkeys(names, "")
        if answer["ids"]:
            return {name: str(number) for name, number in zip(names, answer["ids"], strict=True)}
        error = refusal(first_message(answer["messages"]))
        if isinstance(error, errors.Misconfigured):
            return dict.fromkeys(names, "")
        raise error

    def also_needed(self, model: str, names: list[str]) -> Also:
        """What such records must have beside their name."""
        if model == "utm.campaign":
            return Also(["title"], [[name] for name in names])
        if model == "event.tag":
            category = self.find("event.tag.category", {TAG_CATEGORY}).get(TAG_CATEGORY, "")
            return Also(["category_id/.id"], [[category] for _name in names])
        return Also([], [[] for _name in names])


def name_id(model: str, name: str) -> str:
    digest = sha1(name.encode(), usedforsecurity=False).hexdigest()[:16]
    return f"magnetiq.{model.replace('.', '_')}_{digest}"

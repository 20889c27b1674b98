"""What the other side told us and rarely changes: versions, ids, field names. Kept on the row, for all processes."""

from collections.abc import Callable
from typing import Any

from .models import Connection


class Memory:
    """{key: JSON value} of one connection, until `forget` or new settings.

    It is filed under `of`, which names the settings that it was learnt with: a batch that was under way when they
    changed cannot make the next one believe in another system's ids. Two writers at once: the later wins, and what the
    other had found is asked again.
    """

    def __init__(self, connection: Connection, of: str) -> None:
        self.connection = connection
        self.of = of
        self.facts: dict[str, Any] = connection.memory.get(of, {})

    def recall(self, key: str, ask: Callable[[], Any]) -> Any:
        """The remembered value of `key`, or the answer of `ask()`, remembered from now on."""
        if key not in self.facts:
            self.note(key, ask())
        return self.facts[key]

    def note(self, key: str, value: Any) -> None:
        self.facts[key] = value
        self._save({self.of: self.facts})

    def forget(self) -> None:
        self.facts = {}
        self._save({})

    def _save(self, memory: dict[str, Any]) -> None:
        self.connection.memory = memory
        Connection.objects.filter(pk=self.connection.pk).update(memory=memory)

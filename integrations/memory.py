"""What the other side told us and rarely changes: versions, ids, field names. Kept on the row, for all processes."""

from collections.abc import Callable
from typing import Any

from .models import Connection


class Memory:
    """{key: JSON value} of one connection, until `forget` or new settings. Two writers at once: the later wins, and
    what the other had found is asked again."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def recall(self, key: str, ask: Callable[[], Any]) -> Any:
        """The remembered value of `key`, or the answer of `ask()`, remembered from now on."""
        if key not in self.connection.memory:
            self.note(key, ask())
        return self.connection.memory[key]

    def note(self, key: str, value: Any) -> None:
        self.connection.memory[key] = value
        self._save()

    def forget(self) -> None:
        self.connection.memory.clear()
        self._save()

    def _save(self) -> None:
        Connection.objects.filter(pk=self.connection.pk).update(memory=self.connection.memory)

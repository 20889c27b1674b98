"""Keep secrets and people out of logs: what other systems answer may quote either."""

import re
from collections.abc import Iterable, MutableMapping
from typing import Any

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_SHORTEST_SECRET = 4


def redact(text: str, secrets: Iterable[object] = ()) -> str:
    """`text` without e-mail addresses, without any of `secrets`, and such that PostgreSQL can keep it."""
    text = text.replace("\0", "").encode(errors="replace").decode()  # JSON may bring NUL and half a surrogate pair
    for secret in map(str, secrets):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return _ADDRESS.sub("[address]", text)


def without_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For log lines: a traceback ends with whatever the exception quotes."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event

"""Keep secrets and people out of logs and messages: what other systems answer may quote either."""

import re
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

# No longer than an address may be: without a bound, a long word is looked at anew from each of its letters.
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]{1,254}(?:@|%40)[^\s@<>\"'(),;:]+", re.IGNORECASE)
# Secrets that give themselves away: by what stands before them, or by how they begin.
_INTRODUCED = re.compile(
    r"""(\b(?:bearer|basic)\s+|(?:password|passwd|secret|token|api_?key|authorization|cookie)["']?\s*[=:]\s*["']?)"""
    r"""(?!bearer\b|basic\b|\[)[^\s"'&,;)}]{4,}""",
    re.IGNORECASE,
)
_SHAPED = re.compile(
    r"\b(?:mgq_|whsec_|sk_live_|sk_test_|rk_live_|rk_test_)[\w+/=-]{6,}|\bpi_\w+_secret_\w+"
    # What we sign for the links in letters: a value, perhaps a time, and a signature. Who has it may do what it is for.
    r"|\b[\w-]{1,80}(?:[.:][\w-]{1,12})?[.:][\w-]{43}(?![\w-])"
)
_SECRET_NAME = re.compile(r"password|passwd|secret|token|api_?key|authorization|cookie|fernet", re.IGNORECASE)
_SHORTEST_SECRET = 4
_PLAIN = (int, float, bool, type(None))


def redact(text: str, secrets: Iterable[object] = ()) -> str:
    """`text` without e-mail addresses, without any of `secrets`, and such that PostgreSQL can keep it."""
    text = text.replace("\0", "").encode(errors="replace").decode()  # JSON may bring NUL and half a surrogate pair
    for secret in map(str, secrets):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    text = without_keys(_INTRODUCED.sub(r"\1[secret]", text))
    return _ADDRESS.sub("[address]", text)


def without_keys(text: str) -> str:
    """`text` without what gives itself away as a secret, such as what we sign for the links in letters."""
    return _SHAPED.sub("[secret]", text)


def whereabouts(error: BaseException) -> str:
    """A bug's kind and the lines that led to it. Its text is left out: it may quote any secret."""
    return "".join([*traceback.format_tb(error.__traceback__), type(error).__name__])


def redacted(value: Any) -> Any:
    """The same for whatever a log line may hold, down to its last leaf; what is no plain data becomes its `repr`."""
    match value:
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode(errors="replace"))
        case Mapping():
            return {redact(str(name)): _entry(str(name), held) for name, held in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redacted(held) for held in value]
        case _:
            return value if isinstance(value, _PLAIN) else redact(repr(value))


def _entry(name: str, value: Any) -> Any:
    """Under a telling name nothing is shown but yes, no and how many."""
    return redacted(value) if isinstance(value, _PLAIN) or not _SECRET_NAME.search(name) else "[secret]"


def without_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For log lines, the last step before they are written: a traceback ends with whatever the exception quotes."""
    return {name: _entry(name, value) for name, value in event.items()}

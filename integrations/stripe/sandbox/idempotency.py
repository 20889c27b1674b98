"""Idempotency keys: the first answer is given again, for 24 hours."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import Any

from integrations.standin.store import Record
from integrations.standin.wire import Reply

from .books import Account
from .errors import ApiError

KEPT = 24 * 60 * 60  # seconds
TABLE = "idempotency"


class Keys:
    """The keys of all modes. Of what was asked only a digest is kept: it may be a card."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @contextmanager
    def claimed(self, key: str) -> Iterator[None]:
        """Raises ApiError while another request holds the key."""
        with self._lock:
            if key in self._busy:
                raise ApiError(
                    "There is currently another in-progress request using this Stripe Idempotency Key. Please wait "
                    "and try again.",
                    status=409,
                    type="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._busy.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(key)

    def answer(self, key: str, path: str, params: Mapping[str, Any]) -> Reply | None:
        """The first answer, if there was one. Raises ApiError when something else was asked then."""
        row = self._account.store.table(TABLE).get(key)
        if row is None or row["at"] < self._account.clock.now() - KEPT:
            return None
        name = key.partition(":")[2]
        if row["path"] != path:
            raise _misused(f"for the same endpoint they were first used for ('{row['path']}' vs '{path}')", name)
        if row["digest"] != digest(params):
            raise _misused("with the same parameters they were first used with", name)
        headers = {**row["headers"], "Idempotent-Replayed": "true", "Original-Request": row["request"]}
        return Reply(row["body"].encode(), row["status"], headers=headers)

    def keep(self, key: str, path: str, params: Mapping[str, Any], reply: Reply, request: str) -> None:
        """Within the transaction of what was done."""
        store, now = self._account.store, self._account.clock.now()
        row: Record = {
            "id": key,
            "path": path,
            "digest": digest(params),
            "status": reply.status,
            "body": reply.body.decode(),
            "headers": dict(reply.headers),
            "request": request,
            "at": now,
        }
        store.drop(TABLE, key)  # so that the oldest stay first
        store.put(TABLE, row)
        for old in list(islice(store.table(TABLE).values(), 2)):
            if old["at"] < now - KEPT:
                store.drop(TABLE, old["id"])


def digest(params: Mapping[str, Any]) -> str:
    return sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def _misused(rule: str, key: str) -> ApiError:
    return ApiError(
        f"Keys for idempotent requests can only be used {rule}. Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        type="idempotency_error",
    )

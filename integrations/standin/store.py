"""The records and their transactions: in memory, and written through to a file when one is given."""

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Store:
    """Tables of records, each in the order of creation. A stored record is never changed in place: putting another one
    under its id replaces it, so an undo only puts the old one back. `committed` is told the touched (table, id)s.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.committed: Callable[[Iterable[tuple[str, str]]], None] = lambda touched: None
        self._tables: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        self._undo: list[tuple[str, str, Record | None]] = []
        self._depth = 0
        self._file = _open(path) if path else None
        self._restore()

    def table(self, name: str) -> Mapping[str, Record]:
        return self._tables[name]

    def newest(self, name: str) -> list[Record]:
        with self.lock:
            return list(reversed(self._tables[name].values()))

    def put(self, name: str, record: Record) -> Record:
        self._change(name, record["id"], record)
        return record

    def drop(self, name: str, record_id: str) -> None:
        self._change(name, record_id, None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner one belongs to the outer one."""
        with self.lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth -= 1
            touched = self._commit() if not self._depth else []
        if touched:
            self.committed(touched)

    def close(self) -> None:
        with self.lock:
            if self._file:
                self._file.close()
                self._file = None

    def _change(self, name: str, record_id: str, record: Record | None) -> None:
        if not self._depth:
            raise RuntimeError("Records change inside a transaction only.")
        self._undo.append((name, record_id, self._tables[name].get(record_id)))
        self._set(name, record_id, record)

    def _set(self, name: str, record_id: str, record: Record | None) -> None:
        if record is None:
            self._tables[name].pop(record_id, None)
        else:
            self._tables[name][record_id] = record

    def _roll_back(self) -> None:
        while self._undo:
            self._set(*self._undo.pop())

    def _commit(self) -> list[tuple[str, str]]:
        touched = list(dict.fromkeys((name, record_id) for name, record_id, _ in self._undo))
        if self._file and touched:
            with self._file as db:
                for name, record_id in touched:
                    _write_through(db, name, record_id, self._tables[name].get(record_id))
        self._undo.clear()
        return touched

    def _restore(self) -> None:
        if self._file is None:
            return
        for name, data in self._file.execute("SELECT name, data FROM records ORDER BY rowid"):
            record: Record = json.loads(data)
            self._set(name, record["id"], record)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False)
    # A stand-in need not survive a power cut, only its own end.
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("CREATE TABLE IF NOT EXISTS records (name, id, data, PRIMARY KEY (name, id))")
    return db


def _write_through(db: sqlite3.Connection, name: str, record_id: str, record: Record | None) -> None:
    """An upsert, not a REPLACE: the row keeps its place in the order."""
    if record is None:
        db.execute("DELETE FROM records WHERE name = ? AND id = ?", (name, record_id))
        return
    upsert = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (name, id) DO UPDATE SET data = excluded.data"
    db.execute(upsert, (name, record_id, json.dumps(record)))

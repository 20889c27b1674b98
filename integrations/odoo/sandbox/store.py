"""The records and their transactions: in memory, and written through to a file when one is given."""

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]
XIDS = "ir.model.data"


class Store:
    """Tables of records. A stored record is never changed in place, so an undo only puts the old one back."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._tables: defaultdict[str, dict[int, Record]] = defaultdict(dict)
        self._last: defaultdict[str, int] = defaultdict(int)
        self._undo: list[tuple[str, int, Record | None]] = []
        self._depth = 0
        self._by_xid: dict[str, Record] = {}
        self._xid_of: dict[tuple[str, int], str] = {}
        self._file = _open(path) if path else None
        self._restore()

    def table(self, model: str) -> Mapping[int, Record]:
        return self._tables[model]

    def next_id(self, model: str) -> int:
        """As a database sequence: a rollback leaves a gap."""
        with self.lock:
            self._last[model] += 1
            return self._last[model]

    def put(self, model: str, record: Record) -> None:
        self._change(model, record["id"], record)

    def drop(self, model: str, record_id: int) -> None:
        """Delete a record and, as Odoo does, its external id."""
        self._change(model, record_id, None)
        if xid := self._xid_of.get((model, record_id)):
            self._change(XIDS, self._by_xid[xid]["id"], None)

    def find_xid(self, xid: str) -> tuple[str, int] | None:
        """The model and id an external id ("module.name") stands for."""
        row = self._by_xid.get(xid)
        return (row["model"], row["res_id"]) if row else None

    def xid_of(self, model: str, record_id: int) -> str | None:
        return self._xid_of.get((model, record_id))

    def bind_xid(self, xid: str, model: str, record_id: int) -> None:
        module, _, name = xid.partition(".")
        row = {"module": module, "name": name, "model": model, "res_id": record_id, "noupdate": False}
        self.put(XIDS, {"id": self.next_id(XIDS), **row})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one it is a savepoint."""
        with self.lock:
            mark = len(self._undo)
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._commit()
            except BaseException:
                self._roll_back(mark)
                raise
            finally:
                self._depth -= 1

    def close(self) -> None:
        with self.lock:
            if self._file:
                self._file.close()
                self._file = None

    def _change(self, model: str, record_id: int, record: Record | None) -> None:
        if not self._depth:
            raise RuntimeError("Records change inside a transaction only.")
        self._undo.append((model, record_id, self._tables[model].get(record_id)))
        self._set(model, record_id, record)

    def _set(self, model: str, record_id: int, record: Record | None) -> None:
        old = self._tables[model].pop(record_id, None)
        if old and model == XIDS:
            self._by_xid.pop(f"{old['module']}.{old['name']}", None)
            self._xid_of.pop((old["model"], old["res_id"]), None)
        if record is None:
            return
        self._tables[model][record_id] = record
        if model == XIDS:
            xid = f"{record['module']}.{record['name']}"
            self._by_xid[xid] = record
            self._xid_of[record["model"], record["res_id"]] = xid

    def _roll_back(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._set(*self._undo.pop())

    def _commit(self) -> None:
        touched = {(model, record_id) for model, record_id, _ in self._undo}
        if self._file and touched:
            with self._file as db:
                for model, record_id in touched:
                    _write_through(db, model, record_id, self._tables[model].get(record_id))
                db.executemany("REPLACE INTO sequences VALUES (?, ?)", self._last.items())
        self._undo.clear()

    def _restore(self) -> None:
        if self._file is None:
            return
        for model, data in self._file.execute("SELECT model, data FROM records ORDER BY model, id"):
            record: Record = json.loads(data)
            self._set(model, record["id"], record)
        self._last.update(self._file.execute("SELECT model, last FROM sequences").fetchall())


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False)
    db.execute("CREATE TABLE IF NOT EXISTS records (model, id, data, PRIMARY KEY (model, id))")
    db.execute("CREATE TABLE IF NOT EXISTS sequences (model PRIMARY KEY, last)")
    return db


def _write_through(db: sqlite3.Connection, model: str, record_id: int, record: Record | None) -> None:
    if record is None:
        db.execute("DELETE FROM records WHERE model = ? AND id = ?", (model, record_id))
    else:
        db.execute("REPLACE INTO records VALUES (?, ?, ?)", (model, record_id, json.dumps(record)))

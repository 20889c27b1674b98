"""The stand-in as its users hold it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from integrations.standin.peer import StandIn

from . import access, page
from .env import Database
from .faults import Fault, Faults
from .orm import Model, translated
from .schema import load_schema
from .seed import seed
from .server import Front
from .service import Service
from .store import Record, Store
from .users import Users

USERNAME = "magnetiq@sandbox.example"
API_KEY = "sandbox-demo-key-0123456789abcdef01234567"
LEAST_RIGHTS = (access.SALES_ALL, access.EVENTS_USER)


class OdooSandbox(StandIn):
    """An Odoo on loopback, version "16.0" or "19.0", with or without website_event.

    A context manager, or `start` and `stop`. Stopped and started again it keeps its port and its records; with
    `path` it keeps the records in that file, so that a new process finds the same leads under the same ids.
    """

    def __init__(
        self,
        version: str = "16.0",
        *,
        website_event: bool = False,
        port: int = 0,
        path: str | Path | None = None,
        database: str = "sandbox",
    ) -> None:
        super().__init__(port)
        major = int(version.partition(".")[0])
        if major not in (16, 19):
            raise ValueError(f"Odoo {version} was not measured, use 16.0 or 19.0.")
        store = Store(Path(path) if path else None)
        schema = load_schema(major, website_event=website_event)
        db = Database(name=database, major=major, website_event=website_event, store=store, schema=schema)
        seed(db)
        self.users = Users(db)
        self.faults = Faults(Fault)
        self.version, self.database = version, database
        self.username, self.api_key = USERNAME, API_KEY
        self._service = Service(db, self.users, self.faults)
        if not any(user["login"] == USERNAME for user in store.table("res.users").values()):
            self.users.add(USERNAME, key=API_KEY, groups=LEAST_RIGHTS, name="Magnetiq")

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """(model, method, login) of every call that reached the object service, in order."""
        return self._service.calls

    def app(self) -> Front:
        return Front(self._service, self._page)

    def close(self) -> None:
        """Stop for good, and let go of the file."""
        self.stop()
        self._service.db.store.close()

    def records(self, model: str) -> list[Record]:
        """All records as `read` gives them, archived ones too, by id; "xid" is the external id or None."""
        with self._store.lock:
            admin = self._admin(model)
            rows = admin.read(sorted(admin.rows), None)
            return [row | {"xid": self._store.xid_of(model, row["id"])} for row in rows]

    def create(self, model: str, values: Mapping[str, Any], *, xid: str | None = None) -> int:
        """What somebody enters in Odoo's own screens."""
        with self._store.transaction():
            record_id = self._admin(model).create(values)
            if xid:
                self._store.bind_xid(xid, model, record_id)
            return record_id

    def write(self, model: str, ids: int | Sequence[int], values: Mapping[str, Any]) -> None:
        """What somebody edits or archives there."""
        with self._store.transaction():
            self._admin(model).write([ids] if isinstance(ids, int) else ids, values)

    def translate(self, model: str, record_id: int, language: str, values: Mapping[str, str]) -> None:
        """What somebody enters there for another language, such as "de_DE"."""
        with self._store.transaction():
            words = {translated(name, language): value for name, value in values.items()}
            self._store.put(model, {**self._store.table(model)[record_id], **words})

    def unlink(self, model: str, ids: int | Sequence[int]) -> None:
        """What somebody deletes there."""
        with self._store.transaction():
            self._admin(model).unlink([ids] if isinstance(ids, int) else ids)

    @property
    def _store(self) -> Store:
        return self._service.db.store

    def _admin(self, model: str) -> Model:
        return Model(self.users.admin(), model)

    def _page(self) -> str:
        with self._store.lock:
            admin = self._admin("crm.lead")
            newest = sorted(admin.rows, reverse=True)
            leads = admin.read(newest[: page.SHOWN], list(page.COLUMNS))
        return page.render(self._service, leads, total=len(newest))

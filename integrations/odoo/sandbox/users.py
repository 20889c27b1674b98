"""The users of the stand-in and their API keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .env import ADMIN, DATETIME, Database, Env, now
from .store import Record


@dataclass(frozen=True, slots=True)
class Users:
    """Adds users, and takes their keys away; `check` says who a key belongs to."""

    db: Database

    def add(self, login: str, *, key: str, groups: Iterable[str] = (), name: str = "", tz: str = "") -> int:
        """A user with an API key; groups as in `access`, e.g. "event.group_event_user". Returns its id."""
        store = self.db.store
        with store.transaction():
            uid, partner = store.next_id("res.users"), store.next_id("res.partner")
            shown = name or login
            store.put("res.partner", _stamped(partner, name=shown, email=login, active=True, type="contact"))
            user = _stamped(uid, login=login, name=shown, email=login, active=True, partner_id=partner)
            store.put("res.users", user | {"groups": list(groups), "tz": tz or False, "lang": "en_US"})
        self.add_key(login, key)
        return uid

    def add_key(self, login: str, key: str, *, expires: datetime | None = None) -> None:
        """One more key of a user, as when an operator renews it."""
        store = self.db.store
        with store.transaction():
            row = _stamped(store.next_id("res.users.apikeys"), name="Key", scope="rpc", key=key)
            row |= {"user_id": self.find(login)["id"], "expiration_date": _until(expires)}
            store.put("res.users.apikeys", row)

    def revoke(self, key: str) -> None:
        with self.db.store.transaction():
            for row in self._keys(key):
                self.db.store.drop("res.users.apikeys", row["id"])

    def expire(self, key: str, when: datetime | None) -> None:
        """Give a key its last day; 19 shows it to the key's owner, 16 knows no such thing."""
        with self.db.store.transaction():
            for row in self._keys(key):
                self.db.store.put("res.users.apikeys", row | {"expiration_date": _until(when)})

    def set_groups(self, login: str, groups: Iterable[str]) -> None:
        with self.db.store.transaction():
            self.db.store.put("res.users", self.find(login) | {"groups": list(groups)})

    def find(self, login: str) -> Record:
        return next(row for row in self.db.store.table("res.users").values() if row["login"] == login)

    def check(self, key: Any) -> int | None:
        """The user a valid key belongs to."""
        with self.db.store.lock:
            for row in self._keys(key):
                if self._valid(row):
                    return int(row["user_id"])
        return None

    def admin(self) -> Env:
        """The administrator, whom no right holds back."""
        return Env(self.db, ADMIN, superuser=True)

    def _keys(self, key: Any) -> list[Record]:
        return [row for row in self.db.store.table("res.users.apikeys").values() if key and row["key"] == key]

    def _valid(self, row: Record) -> bool:
        expired = self.db.major >= 19 and row["expiration_date"] and row["expiration_date"] < now()
        user = self.db.store.table("res.users").get(row["user_id"], {})
        return bool(user.get("active")) and not expired


def _stamped(record_id: int, **values: Any) -> Record:
    return {"id": record_id, "create_date": now(), "write_date": now(), **values}


def _until(when: datetime | None) -> str | bool:
    return when.astimezone(UTC).strftime(DATETIME) if when else False

"""Encrypted values in the database."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from fernet_fields import EncryptedTextField
from fernet_fields.hkdf import derive_fernet_key


class Unreadable(dict[str, Any]):
    """What stands in for secrets that no key opens: empty, and keeps the stored bytes so that saving loses nothing."""

    def __init__(self, token: bytes) -> None:
        super().__init__()
        self.token = token


@lru_cache
def cipher(keys: tuple[str, ...]) -> MultiFernet:
    """Encrypts with the first key, reads with any. Derivation is slow, hence the cache."""
    return MultiFernet([Fernet(derive_fernet_key(key)) for key in keys])


class EncryptedJSONField(EncryptedTextField):  # type: ignore[misc]
    """A JSON object, encrypted at rest.

    The library's field loses values in `bulk_update()` and F() updates (it encrypts the SQL expression's text) and
    raises InvalidToken on a row written with a lost key, which would break every list that shows it.
    """

    @property
    def fernet(self) -> MultiFernet:
        return cipher(tuple(settings.FERNET_KEYS))

    def encrypted(self, value: Any) -> bytes:
        return value.token if isinstance(value, Unreadable) else self.fernet.encrypt(json.dumps(value).encode())

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if value is None or hasattr(value, "as_sql"):
            return value
        return self.encrypted(value)

    def from_db_value(self, value: Any, *args: Any) -> Any:
        if value is None:
            return None
        try:
            return json.loads(self.fernet.decrypt(bytes(value)))
        except InvalidToken:
            return Unreadable(bytes(value))

    def value_to_string(self, obj: Model) -> str:
        """For `dumpdata`: what the database holds."""
        return self.encrypted(self.value_from_object(obj)).decode()

    def to_python(self, value: Any) -> Any:
        """From `loaddata`, or as it is."""
        return self.from_db_value(value.encode()) if isinstance(value, str) else value

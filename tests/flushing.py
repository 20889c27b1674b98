"""How tests that commit clean up: the database takes back what they wrote, and has again what a migration leaves.

Django empties every table and has all apps make their first rows anew, which takes longer than most of these tests.
"""

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase
from psycopg.errors import DeadlockDetected

KEPT = "as_migrated"  # the schema with a copy of the first rows
NEVER = "django_migrations"
TRIES = 5


def keep_first_rows() -> None:
    """Once, right after the migrations."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {KEPT}")
        for table in filled(cursor, tables(cursor)):
            cursor.execute(f'CREATE TABLE {KEPT}."{table}" AS TABLE public."{table}"')


def restore(self: TransactionTestCase) -> None:
    """A browser's last request may still be under way and want the same rows: then once more, when it is over."""
    for _try in range(TRIES):
        try:
            return put_back()
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    raise RuntimeError("Somebody keeps writing after the end of the test.")


def put_back() -> None:
    """In one transaction, whose end checks the foreign keys: no order of the tables matters."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in filled(cursor, tables(cursor)):
            cursor.execute(f'DELETE FROM public."{table}"')
        for table in tables(cursor, KEPT):
            cursor.execute(f'INSERT INTO public."{table}" SELECT * FROM {KEPT}."{table}"')


def tables(cursor: CursorWrapper, schema: str = "public") -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> %s", [schema, NEVER])
    return [name for (name,) in cursor.fetchall()]


def filled(cursor: CursorWrapper, names: list[str]) -> list[str]:
    """Those of these tables that have rows."""
    cursor.execute(
        " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM public.\"{name}\")" for name in names)
    )
    return [name for (name,) in cursor.fetchall()]

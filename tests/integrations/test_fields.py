"""Secrets in the database: encrypted, never lost, and no broken page when a key is."""

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import serializers
from django.core.management import call_command
from django.db import connection as database
from django.db.models import F

from integrations import configuration, health
from integrations.fields import EncryptedJSONField, Unreadable
from integrations.management.commands import rotate_keys
from integrations.models import Connection, Integration, WebhookEvent
from tests.postbox.sandbox import Postbox

from .conftest import TOKEN, fresh, service

pytestmark = pytest.mark.django_db

OTHER_KEY = "another-key-for-tests-of-32-chars"


def stored(connection: Connection) -> bytes:
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM integrations_connection WHERE id = %s", [connection.pk])
        return bytes(cursor.fetchone()[0])


def test_value_comes_back_and_is_not_stored_in_the_clear(connection: Connection) -> None:
    assert fresh().secrets == {"token": TOKEN}
    assert TOKEN.encode() not in stored(connection)


def test_bulk_update_keeps_values(connection: Connection) -> None:
    row = fresh()
    row.secrets = {"token": "changed"}

    Connection.objects.bulk_update([row], ["secrets", "owner"])

    assert fresh().secrets == {"token": "changed"}


def test_expression_update_keeps_values(connection: Connection) -> None:
    Connection.objects.update(secrets=F("secrets"))

    assert fresh().secrets == {"token": TOKEN}


def test_saving_all_columns_keeps_values(connection: Connection) -> None:
    fresh().save()

    assert fresh().secrets == {"token": TOKEN}


def test_lost_key_makes_secrets_unreadable_and_no_error(connection: Connection, settings: LazySettings) -> None:
    settings.FERNET_KEYS = [OTHER_KEY]

    row = fresh()

    assert (row.must_reenter_secrets, dict(row.secrets)) == (True, {})
    assert health.state(row) == health.HealthState.MISCONFIGURED
    assert not health.test(row).ok


@pytest.mark.parametrize("how", ["save", "bulk_update"])
def test_saving_an_unreadable_row_keeps_the_bytes(connection: Connection, settings: LazySettings, how: str) -> None:
    before = stored(connection)
    settings.FERNET_KEYS = [OTHER_KEY]

    if how == "save":
        fresh().save()
    else:
        Connection.objects.bulk_update([fresh()], ["secrets"])

    assert stored(connection) == before


def test_unreadable_secrets_can_be_entered_again(connection: Connection, settings: LazySettings) -> None:
    settings.FERNET_KEYS = [OTHER_KEY]

    configuration.configure(connection.integration, {"token": "entered again"})

    assert fresh().secrets == {"token": "entered again"}


def test_changing_other_settings_keeps_unreadable_bytes(
    connection: Connection, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(connection)
    settings.FERNET_KEYS = [OTHER_KEY]
    monkeypatch.setenv("POSTBOX_TOKEN", "of the environment")

    configuration.configure(connection.integration, {"timeout": 5})

    assert stored(connection) == before


def test_new_first_key_reads_what_the_old_one_wrote(connection: Connection, settings: LazySettings) -> None:
    settings.FERNET_KEYS = [OTHER_KEY, *settings.FERNET_KEYS]

    assert service().secret("token") == TOKEN


def test_dump_shows_no_secret_and_loads_again(connection: Connection) -> None:
    dump = StringIO()
    call_command("dumpdata", "integrations.connection", stdout=dump)
    Connection.objects.update(secrets={})

    for row in serializers.deserialize("json", dump.getvalue()):
        row.save()

    assert TOKEN not in dump.getvalue()
    assert fresh().secrets == {"token": TOKEN}


def rotate() -> dict[str, Any]:
    out = StringIO()
    call_command("rotate_keys", "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_rotated_secrets_need_the_first_key_only(connection: Connection, settings: LazySettings) -> None:
    WebhookEvent.objects.create(integration=connection.integration, event_id="1", type="x", payload={"a": 1})
    settings.FERNET_KEYS = [OTHER_KEY, *settings.FERNET_KEYS]

    assert rotate()["unreadable"] == []

    settings.FERNET_KEYS = [OTHER_KEY]
    assert service().secret("token") == TOKEN
    assert WebhookEvent.objects.get().payload == {"a": 1}


def test_rotation_that_was_stopped_goes_on(
    connection: Connection, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FERNET_KEYS = [OTHER_KEY, *settings.FERNET_KEYS]
    original, done = rotate_keys.rotate, []

    def stopped(*args: Any) -> bool:
        if done:
            raise KeyboardInterrupt
        done.append(args)
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(rotate_keys, "rotate", stopped)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    rotate()

    settings.FERNET_KEYS = [OTHER_KEY]
    assert not any(row.must_reenter_secrets for row in Connection.objects.all())


def test_rotation_names_what_no_key_opens_and_leaves_it(connection: Connection, settings: LazySettings) -> None:
    before = stored(connection)
    settings.FERNET_KEYS = [OTHER_KEY]

    with pytest.raises(SystemExit) as stopped:
        rotate()

    assert stopped.value.code == 1
    assert stored(connection) == before


def test_rotation_reads_and_writes_under_a_lock(connection: Connection, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4) as queries:  # savepoint, lock and read, write, release
        rotate_keys.rotate(Connection, "secrets", connection.pk)

    assert "FOR UPDATE" in queries.captured_queries[1]["sql"]


def test_every_encrypted_column_is_rotated(registered: Integration) -> None:
    columns = {(model._meta.label, field) for model, field in rotate_keys.encrypted_columns()}

    assert {("integrations.Connection", "secrets"), ("integrations.WebhookEvent", "payload")} <= columns


def test_unreadable_value_is_an_empty_dict_of_its_own_kind() -> None:
    value = EncryptedJSONField().from_db_value(b"no token")

    assert isinstance(value, Unreadable)
    assert (value, value.token) == ({}, b"no token")


def test_page_of_the_integration_shows_while_secrets_are_unreadable(
    connection: Connection, postbox: Postbox, settings: LazySettings, admin_client: Any
) -> None:
    settings.FERNET_KEYS = [OTHER_KEY]

    pages = ["/admin/integrations/integration/", f"/admin/integrations/integration/{connection.integration_id}/change/"]
    assert [admin_client.get(page).status_code for page in pages] == [200, 200]

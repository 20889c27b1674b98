"""Further accounts of an integration: added, changed, tested and disconnected by an operator."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection, Integration, IntegrationLog, Run
from tests.integrations.admin.conftest import page, press, queries, text
from tests.postbox.sandbox import Postbox

POST = {"box": "12", "pin": "a-pin-that-nobody-sees"}


def url(name: str, integration: Integration, *account: Connection) -> str:
    return reverse(f"admin:integrations_integration_account_{name}", args=[integration.pk, *(a.pk for a in account)])


def add(client: Client, integration: Integration, owner: str = "grace", **typed: str) -> Any:
    return client.post(url("add", integration), {"owner": owner, **POST, **typed}, follow=True)


@pytest.fixture
def grace(operator: Client, connection: Connection) -> Connection:
    add(operator, connection.integration)
    return Connection.objects.select_related("integration").get(owner="grace")


def test_form_asks_for_what_an_account_adds(operator: Client, connection: Connection) -> None:
    form = operator.get(url("add", connection.integration)).context["form"]

    assert [field.name for field in form.visible_fields()] == ["owner", "box", "pin"]


def test_account_is_added_in_the_name_of_the_user(operator: Client, grace: Connection) -> None:
    log = IntegrationLog.objects.filter(operation="config_updated", connection=grace).get()

    assert grace.secrets == {"box": "12", "pin": "a-pin-that-nobody-sees"}
    assert str(log.actor) == "ada"
    assert "Settings changed (grace)" in text(operator.get(page(grace.integration)))


def test_secrets_are_never_shown(operator: Client, grace: Connection) -> None:
    shown = text(operator.get(url("change", grace.integration, grace)))

    assert "a-pin-that-nobody-sees" not in shown
    assert "•••••• stored" in shown
    assert 'value="12"' in shown


def test_secret_left_empty_is_kept(operator: Client, grace: Connection) -> None:
    operator.post(url("change", grace.integration, grace), {"box": "13", "pin": ""})

    grace.refresh_from_db()
    assert grace.secrets == {"box": "13", "pin": "a-pin-that-nobody-sees"}


def test_what_is_missing_or_taken_is_told_at_its_field(operator: Client, grace: Connection) -> None:
    refused = add(operator, grace.integration, box="")

    assert refused.context["form"].errors == {
        "owner": ["There is an account of this name already."],
        "box": ["This field is required."],
    }


def test_account_is_tested_by_its_own_button(operator: Client, grace: Connection, postbox: Postbox) -> None:
    answer = text(press(operator, grace.integration, "test", owner="grace"))

    assert Run.objects.get().arguments == {"owner": "grace"}
    assert "Test connection: grace" in answer
    assert Connection.objects.get(pk=grace.pk).status == "healthy"
    assert Connection.objects.get(owner="", integration=grace.integration).status == "unknown"


def test_nobodys_account_is_not_tested(operator: Client, connection: Connection) -> None:
    assert press(operator, connection.integration, "test", owner="nobody").status_code == 404


def test_disconnecting_asks_first_and_erases_the_secrets(operator: Client, grace: Connection) -> None:
    address = url("delete", grace.integration, grace)
    assert "Its secrets are erased" in text(operator.get(address))
    assert Connection.objects.get(pk=grace.pk).secrets

    answer = text(operator.post(address, follow=True))

    assert Connection.objects.get(pk=grace.pk).secrets == {}
    assert "“grace” is disconnected." in answer
    assert operator.get(address).status_code == 404


@pytest.mark.parametrize("name", ["add", "change", "delete"])
def test_who_may_only_operate_is_refused(staff: Callable[..., Client], grace: Connection, name: str) -> None:
    bob = staff("view_integration", "operate_integration")
    address = url(name, grace.integration, *([] if name == "add" else [grace]))

    assert (bob.get(address).status_code, bob.post(address).status_code) == (403, 403)
    assert "Disconnect" not in text(bob.get(page(grace.integration)))


def test_service_without_accounts_offers_none(operator: Client, db: None) -> None:
    odoo = Integration.objects.get(slug="odoo")

    assert operator.get(url("add", odoo)).status_code == 404
    assert "Add an account" not in text(operator.get(page(odoo)))


def test_page_takes_the_same_queries_however_many_there_are(operator: Client, grace: Connection) -> None:
    for_two = queries(operator, page(grace.integration))
    for number in range(5):
        add(operator, grace.integration, owner=f"owner-{number}")

    assert queries(operator, page(grace.integration)) == for_two

"""The form that is made of a service's schema."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from integrations.models import Connection, ExternalRecord, Integration, IntegrationLog
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_record, page, text
from tests.integrations.conftest import TOKEN, fresh, service

TECHNICAL = {
    "timeout": "30", "rate": "600/minute", "batch_size": "", "retry_schedule": "10, 60", "breaker_failures": "5",
    "breaker_pause": "60", "breaker_longest_pause": "900", "lease": "300",
}  # fmt: skip


def save(client: Client, integration: Integration, **typed: str | list[str]) -> Any:
    now = {"url": str(integration.settings.get("url", "")), "token": ""}
    return client.post(page(integration), {**TECHNICAL, **now, **typed}, follow=True)


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors) if response.context.get("adminform") else {}


def test_saving_configures_and_names_the_fields_and_the_user(operator: Client, registered: Integration) -> None:
    answer = save(operator, registered, url="https://post.example", token="a-secret-that-nobody-sees")

    registered.refresh_from_db()
    log = IntegrationLog.objects.get(operation="config_updated")
    assert "Test the connection." in text(answer)
    assert registered.settings["url"] == "https://post.example/"
    assert fresh().secrets == {"token": "a-secret-that-nobody-sees"}
    assert (registered.updated_by, log.actor) == (User.objects.get(), User.objects.get())
    assert log.metadata == {"fields": ["retry_schedule", "token", "url"]}


def test_secret_left_empty_is_kept(operator: Client, connection: Connection) -> None:
    save(operator, connection.integration, timeout="7")

    assert fresh().secrets == {"token": TOKEN}
    assert service().settings.timeout == 7


def test_changed_secret_counts_for_the_next_call(operator: Client, connection: Connection) -> None:
    save(operator, connection.integration, token="another-token")

    assert service().secret("token") == "another-token"


def test_what_pydantic_refuses_lands_on_its_field(operator: Client, connection: Connection) -> None:
    wrong = {"url": "no address", "rate": "often", "timeout": "500", "breaker_pause": "soon", "retry_schedule": "1, x"}

    answer = save(operator, connection.integration, **wrong)

    assert errors(answer) == {
        "url": ["Enter a whole address, such as https://example.com"],
        "rate": ["This does not have the form that is asked for."],
        "timeout": ["Enter at most 120.0."],
        "breaker_pause": ["Enter a whole number."],
        "retry_schedule": ["Enter a whole number."],
    }
    assert service().settings.timeout == 30


def test_needed_settings_are_asked_for(operator: Client, registered: Integration) -> None:
    assert errors(save(operator, registered)).keys() == {"url", "token"}


def test_everything_that_is_wrong_is_told_at_once(operator: Client, registered: Integration) -> None:
    answer = save(operator, registered, url="no address", rate="often")

    assert set(errors(answer)) == {"url", "rate", "token"}
    assert errors(answer)["token"] == ["This field is required."]


def test_emptied_setting_falls_back_to_its_default(operator: Client, connection: Connection) -> None:
    save(operator, connection.integration, timeout="7", batch_size="50")

    save(operator, connection.integration, timeout="", batch_size="", retry_schedule="")

    settings = service().settings
    assert (settings.timeout, settings.batch_size, len(settings.retry_schedule)) == (30, None, 8)


def test_another_system_is_asked_about_first(operator: Client, connection: Connection) -> None:
    a_record(LeadFactory(), service().remote_system)
    there = "https://elsewhere.example/"

    answer = save(operator, connection.integration, url=there)
    assert "One record is known" in errors(answer)["new_book"][0]
    assert "Yes, it is another system: start anew there" in text(answer)
    assert service().remote_system != there

    save(operator, connection.integration, url=there, new_book="on")
    assert service().remote_system == there
    assert ExternalRecord.objects.count() == 1


def test_unreadable_secrets_are_asked_for_again_and_break_nothing(
    operator: Client, connection: Connection, settings: LazySettings
) -> None:
    settings.FERNET_KEYS = ["another-key-of-at-least-32-characters"]

    shown = text(operator.get(page(connection.integration)))
    assert 'placeholder="enter again"' in shown
    assert "enter the secrets again" in text(operator.get(reverse("admin:integrations_integration_changelist")))

    save(operator, connection.integration, token="typed-again")
    assert fresh().secrets == {"token": "typed-again"}


def test_secret_never_appears_on_any_page(operator: Client, connection: Connection) -> None:
    operator.post(reverse("admin:integrations_integration_test", args=[connection.integration_id]))
    refused = save(operator, connection.integration, token="typed-but-refused", url="no address")

    assert "typed-but-refused" not in text(refused)
    for url in pages(connection):
        assert TOKEN not in text(operator.get(url)), url


def pages(connection: Connection) -> list[str]:
    lists = ["integration", "delivery", "integrationlog", "webhookevent", "externalrecord", "incident"]
    of_rows = [
        reverse("admin:integrations_integrationlog_change", args=[row.pk]) for row in IntegrationLog.objects.all()
    ]
    return [
        page(connection.integration),
        *(reverse(f"admin:integrations_{model}_changelist") for model in lists),
        *of_rows,
    ]


def test_connections_have_no_page_of_their_own() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:integrations_connection_changelist")

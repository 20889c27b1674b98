"""A new integration needs no admin of its own: what it declares is enough."""

import pytest
from django.conf import LazySettings
from django.test import Client

from integrations import configuration, setup
from integrations.models import Connection, Integration, Run
from tests.integrations.admin.conftest import page, press, run_page, text, work
from tests.integrations.admin.test_settings_form import errors, save


@pytest.fixture
def fax(db: None, settings: LazySettings) -> Integration:
    settings.INTEGRATIONS = [*settings.INTEGRATIONS, "tests.integrations.admin.fax.FaxService"]
    setup.create_rows()
    return Integration.objects.get(slug="fax")


def test_every_kind_of_setting_is_asked_for_and_understood(operator: Client, fax: Integration) -> None:
    typed = {"gateway": "https://fax.example", "paper": "letter", "numbers": "110, 112", "volume": "0.25"}

    save(operator, fax, **typed, days=["mo", "we"], token="long-enough", pin="1234")

    fax.refresh_from_db()
    connection = Connection.objects.get(integration=fax)
    assert {name: fax.settings[name] for name in (*typed, "days", "loud")} == {
        "gateway": "https://fax.example/", "paper": "letter", "numbers": [110, 112], "volume": 0.25,
        "days": ["mo", "we"], "loud": False,
    }  # fmt: skip
    assert connection.secrets == {"token": "long-enough", "pin": "1234"}


def test_form_starts_from_the_defaults_and_says_what_is_set(operator: Client, fax: Integration) -> None:
    shown = text(operator.get(page(fax)))

    assert 'value="0.5"' in shown
    assert "Allowed numbers." in shown
    assert "Such as https://fax.example" in shown
    assert shown.count('placeholder="not set"') == 2


def test_what_concerns_no_single_field_is_told_above(operator: Client, fax: Integration) -> None:
    answer = save(operator, fax, loud="on", volume="0", token="long-enough", paper="a4")

    assert errors(answer) == {"__all__": ["A loud fax needs some volume."]}
    assert "The settings are not saved" in text(answer)


def test_secret_that_is_refused_is_not_shown(operator: Client, fax: Integration) -> None:
    answer = save(operator, fax, token="short", paper="a4")

    assert errors(answer).keys() == {"token"}
    assert 'value="short"' not in text(answer)


def test_each_job_has_its_button_and_only_some_can_be_tried(operator: Client, fax: Integration) -> None:
    labels = [str(button.label) for button in operator.get(page(fax)).context["buttons"]]

    assert labels[:4] == ["Test connection", "Sync now: Fax everybody", "Sync now: Count faxes", "Dry run: Count faxes"]


def test_button_runs_its_own_job_only(operator: Client, fax: Integration) -> None:
    configuration.configure(fax, {"token": "long-enough"})

    press(operator, fax, "sync", job="fax_everybody")

    run = work()
    assert (run.arguments, run.result["promised"]) == ({"job": "fax_everybody"}, 7)
    assert Run.objects.count() == 1


def test_dry_run_leaves_out_what_cannot_be_tried(operator: Client, fax: Integration) -> None:
    configuration.configure(fax, {"token": "long-enough"})

    press(operator, fax, "dry_run")

    assert "Dry run: Count faxes" in text(run_page(operator, work()))
    assert Run.objects.count() == 1

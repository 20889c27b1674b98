"""Technical names in words."""

import pytest

from integrations import words
from integrations.models import Integration


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("push_leads", "Leads to Odoo"),
        ("sync_leads", "Sync leads"),
        ("config_updated", "Settings changed"),
        ("crm.lead.load", "crm.lead.load"),
    ],
)
def test_operation_is_called_by_its_label_and_by_its_name_without_one(name: str, said: str) -> None:
    assert words.operation("odoo", name) == said


def test_integration_is_titled_by_its_label() -> None:
    assert words.title(Integration(slug="odoo")) == "Odoo ERP"


def test_operation_of_an_integration_that_is_not_installed_keeps_its_name() -> None:
    assert words.operation("fax", "push_leads") == "push_leads"

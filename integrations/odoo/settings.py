"""What an operator sets to connect an Odoo."""

from typing import Literal

from pydantic import Field, HttpUrl, SecretStr

from integrations.service import IntegrationSettings


class OdooSettings(IntegrationSettings):
    """The API needs an Odoo on premise, on Odoo.sh, or Online with the Custom plan."""

    url: HttpUrl = Field(
        title="URL", description="Such as https://odoo.example.com", json_schema_extra={"env": "ODOO_URL"}
    )
    database: str = Field(
        title="Database", min_length=1, description="Its name.", json_schema_extra={"env": "ODOO_DATABASE"}
    )
    username: str = Field(
        title="User name",
        min_length=1,
        description="A user of its own with the rights Sales / User: All Documents and Events / User.",
        json_schema_extra={"env": "ODOO_USERNAME"},
    )
    api_key: SecretStr = Field(
        title="API key",
        min_length=1,
        description="Made by that user under Preferences, Account Security.",
        json_schema_extra={"env": "ODOO_API_KEY"},
    )
    transport: Literal["auto", "xmlrpc", "json2"] = Field(
        "auto", title="Transport", description="auto: XML-RPC below Odoo 19, JSON-2 from 19."
    )
    lead_type: Literal["opportunity", "lead"] = Field(
        "opportunity",
        title="Kind of lead",
        description="Odoo shows the kind “lead” only where the setting Leads is switched on there.",
    )

    @property
    def base_url(self) -> str:
        return str(self.url).rstrip("/")

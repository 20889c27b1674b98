"""What an operator sets to connect an Odoo."""

from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import Field, HttpUrl, SecretStr, field_validator

from integrations.service import IntegrationSettings


class OdooSettings(IntegrationSettings):
    """The API needs an Odoo on premise, on Odoo.sh, or Online with the Custom plan."""

    url: HttpUrl = Field(
        title=noop("URL"),
        description=noop("Where you open Odoo in the browser, up to the name of the machine."),
        examples=["https://odoo.example.com"],
        json_schema_extra={"env": "ODOO_URL"},
    )
    database: str = Field(
        title=noop("Database"),
        min_length=1,
        description=noop("As Odoo calls it when it asks which one to open; at Odoo Online the first part of the URL."),
        examples=["example-production"],
        json_schema_extra={"env": "ODOO_DATABASE"},
    )
    username: str = Field(
        title=noop("User name"),
        min_length=1,
        description=noop(
            "The login of a user of its own, no person's and no administrator's, with the rights "
            "Sales / User: All Documents and Events / User."
        ),
        examples=["magnetiq@example.com"],
        json_schema_extra={"env": "ODOO_USERNAME"},
    )
    api_key: SecretStr = Field(
        title=noop("API key"),
        min_length=1,
        description=noop("Log in to Odoo as that user and make one under Preferences, Account Security, New API Key."),
        json_schema_extra={"env": "ODOO_API_KEY"},
    )
    transport: Literal["auto", "xmlrpc", "json2"] = Field(
        "auto",
        title=noop("Transport"),
        description=noop("How we speak to Odoo; auto takes XML-RPC below Odoo 19 and JSON-2 from 19."),
    )
    lead_type: Literal["opportunity", "lead"] = Field(
        "opportunity",
        title=noop("Kind of lead"),
        description=noop(
            "What a lead of ours becomes. Odoo shows the kind “lead” only where the setting Leads is switched on there."
        ),
    )

    topic_category: str = Field(
        "Webinars",
        title=noop("Category of webinars"),
        min_length=1,
        description=noop("The English name of the product category in Odoo whose products are imported as topics."),
    )

    join_link: bool = Field(
        False,
        title=noop("Send the join link"),
        description=noop(
            "From 19, Odoo has a field for where a session takes place online. Whether Odoo's website shows it to "
            "every visitor is not known, so it is off at first: switch it on where nobody reads there who has no seat."
        ),
    )

    @field_validator("url")
    @classmethod
    def has_no_credentials(cls, url: HttpUrl) -> HttpUrl:
        """They would be shown with every link, and travel in place of the key."""
        if url.username or url.password:
            raise ValueError(_("Enter the address without user name and password."))
        return url

    @property
    def base_url(self) -> str:
        return str(self.url).rstrip("/")

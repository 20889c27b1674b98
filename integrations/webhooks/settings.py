"""What an operator sets for all endpoints, and for each."""

from base64 import b64decode
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import Field, HttpUrl, PositiveFloat, SecretStr, ValidationInfo, field_validator

from integrations.service import RATE, IntegrationSettings

Event = Literal["lead.captured", "lead.changed", "lead.forgotten"]
KEY_BYTES = range(24, 65)


class WebhooksSettings(IntegrationSettings):
    """An endpoint should answer at once and work later, so we wait for less time than elsewhere."""

    timeout: PositiveFloat = Field(
        15, title=noop("Timeout"), description=noop("Seconds to wait for an answer."), le=120
    )
    rate: str = Field(
        "3000/minute",
        title=noop("Rate"),
        description=noop('Messages of one kind to all endpoints together, such as "3000/minute".'),
        pattern=RATE,
    )
    alert_url: SecretStr | None = Field(
        None,
        title=noop("Address for alerts"),
        description=noop(
            "Where incidents are told, as a sentence for Slack, Mattermost and similar chats. It is a secret: whoever "
            "knows it can write there. Without one, the value of ALERT_WEBHOOK_URL counts."
        ),
        json_schema_extra={"env": "ALERT_WEBHOOK_URL"},
    )


class EndpointSettings(WebhooksSettings):
    """One address that is told of events."""

    url: HttpUrl = Field(
        title=noop("URL"),
        description=noop("Where the messages go. The other system tells it."),
        examples=["https://example.com/webhooks/leads"],
    )
    events: list[Event] = Field(
        title=noop("Events"),
        description=noop("What is told. A change counts at once, also for what waits already."),
        min_length=1,
    )
    format: Literal["standard", "slack"] = Field(
        "standard",
        title=noop("Format"),
        description=noop(
            "standard: everything about the lead as JSON, signed by Standard Webhooks. "
            "slack: a sentence without the e-mail address, for Slack, Mattermost and similar chats."
        ),
    )
    secret: SecretStr | None = Field(
        None,
        title=noop("Signing secret"),
        description=noop(
            "It begins with whsec_. Copy it from the other system, or make one and enter it on both sides: "
            "echo whsec_$(openssl rand -base64 32). To change it without a gap, enter the new and the old one with a "
            "space between them; later the new one alone. A chat needs none."
        ),
        validate_default=True,
    )

    @field_validator("url")
    @classmethod
    def is_safe_to_send_to(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password:
            raise ValueError(_("Enter the address without user name and password."))
        if url.scheme != "https" and not settings.ALLOW_PRIVATE_ADDRESSES:
            raise ValueError(_("The address must begin with https://, for the messages name people."))
        return url

    @field_validator("secret")
    @classmethod
    def has_its_form(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        texts = secret.get_secret_value().split() if secret else []
        if info.data.get("format") == "standard" and not texts:
            raise ValueError(_("This format is signed: enter a secret."))
        if not all(map(is_secret, texts)):
            raise ValueError(_("A secret is whsec_ and then 24 to 64 bytes in base64."))
        return secret

    @property
    def keys(self) -> list[bytes]:
        """Every message is signed with each."""
        return [key_of(text) for text in self.secret.get_secret_value().split()] if self.secret else []


def is_secret(text: str) -> bool:
    return text.startswith("whsec_") and len(key_of(text)) in KEY_BYTES


def key_of(text: str) -> bytes:
    """The bytes of a secret; none where it is not base64."""
    try:
        return b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return b""

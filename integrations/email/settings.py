"""What an operator sets for e-mail."""

from typing import Annotated, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_noop as noop
from pydantic import AfterValidator, Field, PositiveFloat, SecretStr

from integrations.service import RATE, IntegrationSettings


def possible_address(text: str) -> str:
    """Raises ValueError, in the words of Django's own validator, for what is no address."""
    try:
        if text:
            validate_email(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error
    return text


Address = Annotated[str, AfterValidator(possible_address)]


class EmailSettings(IntegrationSettings):
    """The server that takes our letters, and who they are from."""

    host: str = Field(
        title=noop("Server"),
        description=noop("Name of the SMTP server that takes our letters."),
        examples=["smtp.example.com"],
        pattern=r"^[A-Za-z0-9.:_-]+$",
        json_schema_extra={"env": "EMAIL_HOST"},
    )
    port: int = Field(
        587,
        title=noop("Port"),
        description=noop("587 for STARTTLS, 465 for TLS, 25 without encryption."),
        examples=[587, 465],
        ge=1,
        le=65535,
        json_schema_extra={"env": "EMAIL_PORT"},
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        title=noop("Security"),
        description=noop("How the connection is encrypted. Without encryption anybody on the way can read along."),
        examples=["starttls"],
    )
    username: str = Field(
        "",
        title=noop("User name"),
        description=noop("Empty where the server asks for none."),
        examples=["magnetiq@example.com"],
        json_schema_extra={"env": "EMAIL_USERNAME"},
    )
    password: SecretStr | None = Field(
        None,
        title=noop("Password"),
        description=noop("Of this user."),
        json_schema_extra={"env": "EMAIL_PASSWORD"},
    )
    from_email: Address = Field(
        title=noop("From"),
        description=noop("The address that letters come from."),
        examples=["office@example.com"],
        min_length=3,
        json_schema_extra={"env": "EMAIL_FROM"},
    )
    from_name: str = Field(
        "",
        title=noop("Sender's name"),
        description=noop("What people see instead of the address."),
        examples=["Example Consulting"],
        max_length=100,
        pattern=r"^[^\r\n]*$",
        json_schema_extra={"env": "EMAIL_FROM_NAME"},
    )
    reply_to: Address = Field(
        "",
        title=noop("Answers go to"),
        description=noop("Empty: to the address that letters come from."),
        examples=["hello@example.com"],
    )
    logo_url: str = Field(
        "",
        title=noop("Logo"),
        description=noop("Address of a picture above every letter, about 40 pixels high. Empty: the firm's name."),
        examples=["https://www.example.com/logo.png"],
        pattern=r"^(https://[^\s\"<>]+)?$",
    )
    timeout: PositiveFloat = Field(
        30, title=noop("Timeout"), description=noop("Seconds to wait for an answer of the server."), le=120
    )
    rate: str = Field(
        "600/minute",
        title=noop("Rate"),
        description=noop("How many letters at most, such as the server's owner allows."),
        examples=["600/minute", "10/second"],
        pattern=RATE,
    )

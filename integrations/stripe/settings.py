"""What an operator sets to take payments by Stripe."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import Field, HttpUrl, PositiveFloat, SecretStr, field_validator

from integrations.service import RATE, IntegrationSettings

API_VERSION = "2026-10-28.endive"  # of the library, of the client and of its stand-in; events come in the endpoint's
DESCRIPTOR = re.compile(r"(?=.*[A-Za-z])[^<>\\'\"*]{2,22}")


class StripeSettings(IntegrationSettings):
    """Secret keys may be restricted ones: the README names the permissions that they need."""

    timeout: PositiveFloat = Field(
        20, title=noop("Timeout"), description=noop("How many seconds to wait for an answer."), le=120
    )
    rate: str = Field(
        "20/second",
        title=noop("Rate"),
        description=noop("How often each operation may call. Stripe allows 25 calls a second in its test mode."),
        pattern=RATE,
    )
    secret_key: SecretStr = Field(
        title=noop("Secret key"),
        min_length=1,
        description=noop("In Stripe under Developers, API keys. A restricted key with few permissions is safer."),
        json_schema_extra={"env": "STRIPE_SECRET_KEY"},
    )
    publishable_key: str = Field(
        title=noop("Publishable key"),
        description=noop("From the same page in Stripe. Browsers see it: it begins with pk_."),
        examples=["pk_live_51Example"],
        pattern=r"^pk_(live|test)_\w+$",
        json_schema_extra={"env": "STRIPE_PUBLISHABLE_KEY"},
    )
    webhook_secret: SecretStr = Field(
        title=noop("Webhook secret"),
        min_length=1,
        description=noop("Stripe shows it with the endpoint, under Developers, Webhooks. It begins with whsec_."),
        json_schema_extra={"env": "STRIPE_WEBHOOK_SECRET"},
    )
    previous_webhook_secret: SecretStr | None = Field(
        None,
        title=noop("Previous webhook secret"),
        description=noop("While you roll the secret in Stripe: the old one, which holds for up to a day more."),
    )
    statement_descriptor: str = Field(
        "",
        title=noop("On the statement"),
        description=noop(
            "What card statements say behind the name of your Stripe account: up to 22 letters, digits and spaces."
        ),
        examples=["WEBINAR"],
        max_length=22,
    )
    api_url: HttpUrl = Field(
        HttpUrl("https://api.stripe.com"),
        title=noop("URL of the API"),
        description=noop("Another one only for a stand-in."),
    )
    js_url: HttpUrl = Field(
        HttpUrl("https://js.stripe.com/endive/stripe.js"),
        title=noop("URL of Stripe.js"),
        description=noop("The script of the payment page, of the API's version. It must come from Stripe's own host."),
    )

    @field_validator("statement_descriptor")
    @classmethod
    def fits_a_statement(cls, text: str) -> str:
        if text and not DESCRIPTOR.fullmatch(text):
            raise ValueError(_("At least two characters and a letter, and none of < > \\ ' \" *"))
        return text

    @field_validator("api_url", "js_url")
    @classmethod
    def has_no_credentials(cls, url: HttpUrl) -> HttpUrl:
        """They would be shown on the payment page, or travel in place of the key."""
        if url.username or url.password:
            raise ValueError(_("Enter the address without user name and password."))
        return url

    @property
    def base_url(self) -> str:
        return str(self.api_url).rstrip("/")

    @property
    def is_live(self) -> bool:
        """Whether real money is moved, as the key says."""
        return is_live_key(self.secret_key.get_secret_value())

    @property
    def signing_secrets(self) -> list[str]:
        """Those whose signatures count: the present one, and the one before while it is rolled."""
        both = (self.webhook_secret, self.previous_webhook_secret)
        return [secret.get_secret_value() for secret in both if secret]


def is_live_key(key: str) -> bool:
    return key.startswith(("sk_live_", "rk_live_", "pk_live_"))


def is_production() -> bool:
    """Where visitors are real: over https, and not while debugging."""
    return not settings.DEBUG and urlsplit(settings.SITE_URL).scheme == "https"

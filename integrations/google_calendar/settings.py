"""What an operator sets for Google Calendar, and what belongs to each consultant's own account."""

from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import Field, HttpUrl, PositiveFloat, SecretStr, field_validator

from integrations.service import RATE, IntegrationSettings


class GoogleCalendarSettings(IntegrationSettings):
    """One application at Google, and an account that all consultants without one of their own share."""

    timeout: PositiveFloat = Field(
        20, title=noop("Timeout"), description=noop("How many seconds to wait for an answer."), le=120
    )
    rate: str = Field(
        "300/minute",
        title=noop("Rate"),
        description=noop("How often each operation may call. Google allows 600 calls a minute for each user."),
        pattern=RATE,
    )
    client_id: str = Field(
        title=noop("Client ID"),
        min_length=1,
        description=noop("In Google's Cloud console under Credentials: an OAuth client of the type web application."),
        examples=["123456789012-example.apps.googleusercontent.com"],
        json_schema_extra={"env": "GOOGLE_CLIENT_ID"},
    )
    client_secret: SecretStr = Field(
        title=noop("Client secret"),
        min_length=1,
        description=noop("Google shows it with the client ID."),
        json_schema_extra={"env": "GOOGLE_CLIENT_SECRET"},
    )
    shared_account: str = Field(
        "",
        title=noop("Shared account"),
        description=noop("Whose calendars consultants without an account of their own have. Connecting fills this in."),
        examples=["office@example.com"],
    )
    shared_refresh_token: SecretStr | None = Field(
        None,
        title=noop("Permission of the shared account"),
        description=noop("A refresh token of Google's. Connecting fills this in."),
    )
    on_unknown: Literal["accept", "pending", "refuse"] = Field(
        "accept",
        title=noop("When a calendar does not answer"),
        description=noop(
            "accept: the booking is taken, and the calendar checked as soon as it answers. pending: it is taken as a "
            "request, which somebody confirms. refuse: the visitor is asked to try again later."
        ),
    )
    event_details: Literal["full", "minimal"] = Field(
        "full",
        title=noop("What entries say"),
        description=noop(
            "full: who comes, how to reach them, and their message; the client is invited. minimal: the reference and "
            "a link into the admin, for calendars that others read; the client is not invited by Google."
        ),
    )
    on_google_change: Literal["apply", "ask"] = Field(
        "apply",
        title=noop("When somebody moves or deletes an entry"),
        description=noop(
            "apply: the booking is moved or cancelled, and the client is told. ask: an operator decides. A client who "
            "declines never cancels by that; an operator is told."
        ),
    )
    api_url: HttpUrl = Field(
        HttpUrl("https://www.googleapis.com/calendar/v3/"),
        title=noop("URL of the API"),
        description=noop("Another one only for a stand-in."),
    )
    auth_uri: HttpUrl = Field(
        HttpUrl("https://accounts.google.com/o/oauth2/v2/auth"),
        title=noop("URL of the consent page"),
        description=noop("Another one only for a stand-in."),
    )
    token_uri: HttpUrl = Field(
        HttpUrl("https://oauth2.googleapis.com/token"),
        title=noop("URL for tokens"),
        description=noop("Another one only for a stand-in."),
    )
    revoke_uri: HttpUrl = Field(
        HttpUrl("https://oauth2.googleapis.com/revoke"),
        title=noop("URL for taking permissions back"),
        description=noop("Another one only for a stand-in."),
    )

    @field_validator("api_url", "auth_uri", "token_uri", "revoke_uri")
    @classmethod
    def has_no_credentials(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password:
            raise ValueError(_("Enter the address without user name and password."))
        return url

    @property
    def base_url(self) -> str:
        """With a slash at its end, as Google's own library wants it."""
        return f"{str(self.api_url).rstrip('/')}/"

    @property
    def who(self) -> str:
        """The Google account that this is."""
        return self.shared_account

    @property
    def permission(self) -> SecretStr | None:
        """Its refresh token; None where nobody has connected it."""
        return self.shared_refresh_token


class AccountSettings(GoogleCalendarSettings):
    """A consultant's own account."""

    account: str = Field(
        title=noop("Google account"),
        min_length=1,
        description=noop("Its e-mail address. Connecting fills this in."),
        examples=["anna@example.com"],
    )
    refresh_token: SecretStr | None = Field(
        None,
        title=noop("Permission"),
        description=noop("A refresh token of Google's. Connecting fills this in."),
    )

    @property
    def who(self) -> str:
        return self.account

    @property
    def permission(self) -> SecretStr | None:
        return self.refresh_token

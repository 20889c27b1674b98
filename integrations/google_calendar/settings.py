"""What an operator sets to keep consultants' calendars, and what each sign-in adds."""

from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import Field, HttpUrl, PositiveFloat, SecretStr, field_validator

from integrations.service import RATE, IntegrationSettings

ELSEWHERE = noop("Another one only for a stand-in.")


class GoogleSettings(IntegrationSettings):
    """Of the application that is registered with Google; who signs in to it is kept on each connection."""

    timeout: PositiveFloat = Field(
        10, title=noop("Timeout"), description=noop("How many seconds to wait for an answer."), le=120
    )
    rate: str = Field(
        "300/minute",
        title=noop("Rate"),
        description=noop("How often each operation may call. Google allows an account 600 calls a minute."),
        pattern=RATE,
    )
    client_id: str = Field(
        title=noop("Client ID"),
        min_length=1,
        description=noop("In the Google Cloud console, APIs & Services, Credentials: an OAuth client for the web."),
        examples=["123456789012-example.apps.googleusercontent.com"],
        json_schema_extra={"env": "GOOGLE_CLIENT_ID"},
    )
    client_secret: SecretStr = Field(
        title=noop("Client secret"),
        min_length=1,
        description=noop("From the same page in the console."),
        json_schema_extra={"env": "GOOGLE_CLIENT_SECRET"},
    )
    refresh_token: SecretStr | None = Field(
        None,
        title=noop("Refresh token"),
        description=noop(
            "Google gives it when somebody signs in by “Connect”. Enter one by hand only to move it from elsewhere."
        ),
    )
    on_unknown: Literal["accept", "pending", "refuse"] = Field(
        "accept",
        title=noop("While a calendar cannot be asked"),
        description=noop(
            "accept: bookings count, are marked, and checked as soon as the calendar answers. "
            "pending: they are requests that somebody confirms. refuse: nobody can book then."
        ),
    )
    event_details: Literal["full", "minimal"] = Field(
        "full",
        title=noop("What entries say"),
        description=noop(
            "full: the client's name, company, address, phone and message, and the client is invited. "
            "minimal: the reference and a link to this site, for calendars that others read."
        ),
    )
    on_google_change: Literal["apply", "ask"] = Field(
        "apply",
        title=noop("When somebody moves or deletes an entry in Google"),
        description=noop("apply: the booking follows, and the client is told. ask: an operator decides."),
    )
    api_url: HttpUrl = Field(
        HttpUrl("https://www.googleapis.com/calendar/v3/"), title=noop("URL of the API"), description=ELSEWHERE
    )
    auth_uri: HttpUrl = Field(
        HttpUrl("https://accounts.google.com/o/oauth2/v2/auth"),
        title=noop("URL of the sign-in"),
        description=ELSEWHERE,
    )
    token_uri: HttpUrl = Field(
        HttpUrl("https://oauth2.googleapis.com/token"), title=noop("URL of the tokens"), description=ELSEWHERE
    )
    revoke_uri: HttpUrl = Field(
        HttpUrl("https://oauth2.googleapis.com/revoke"), title=noop("URL to revoke at"), description=ELSEWHERE
    )

    @field_validator("api_url", "auth_uri", "token_uri", "revoke_uri")
    @classmethod
    def has_no_credentials(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password:
            raise ValueError(_("Enter the address without user name and password."))
        return url

    @property
    def base_url(self) -> str:
        return str(self.api_url).rstrip("/") + "/"


class GoogleAccountSettings(GoogleSettings):
    """Of one consultant, who signs in for their own calendars."""

    login: str = Field(
        "",
        title=noop("Google account"),
        description=noop("The address that the consultant signs in with. Google's page suggests it; it may be empty."),
        examples=["anna.berg@example.com"],
        max_length=254,
    )

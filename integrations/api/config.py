"""Settings of an integration: read without secrets, changed by whoever may configure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from pydantic import ConfigDict, StrictBool
from pydantic import ValidationError as Invalid
from pydantic_core import PydanticUndefined

from integrations import complaints, configuration, registry
from integrations.models import Integration

from .auth import CONFIGURE, READ, by_api
from .refusal import Refusal, integration_called

router = Router()


class Config(Schema):
    enabled: bool
    settings: dict[str, Any] = Field(examples=[{"url": "https://odoo.example.com", "database": "prod"}])
    secrets: dict[str, bool] = Field(description="Whether each is stored; none is ever shown.")
    changed_at: datetime
    changed_by: str | None


class ChangedConfig(Config):
    changed: list[str] = Field(description="The settings and secrets that are different now.", examples=[["url"]])


class NewConfig(Schema):
    """What is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")
    settings: dict[str, Any] = Field({}, examples=[{"url": "https://odoo.example.com"}])
    secrets: dict[str, str] = Field({}, description="Write-only; an empty one keeps what is stored.")
    enabled: StrictBool | None = None
    new_system: StrictBool = Field(
        False, description="The settings point at another system than before, and that is meant: start anew there."
    )


@router.get("/{name}/config", auth=READ, response={200: Config, 404: None})
def get_config(request: HttpRequest, name: str) -> dict[str, Any]:
    """The settings as they count, and which secrets are stored."""
    return told(integration_called(name))


@router.put("/{name}/config", auth=CONFIGURE, response={200: ChangedConfig, (404, 409): None})
@by_api
def put_config(request: HttpRequest, name: str, body: NewConfig) -> dict[str, Any]:
    """Change settings, secrets, or whether it is in use. All or nothing; the log names the fields, never the values.

    409: the settings point at another system, and `new_system` does not say that it is meant.
    """
    integration = integration_called(name)
    refuse_unknown(integration, body)
    changed = save(integration, body, cast(User, request.user)) if body.settings or body.secrets else []
    if body.enabled not in (None, integration.enabled):
        configuration.set_enabled(integration, bool(body.enabled))
    return {**told(integration), "changed": changed}


def refuse_unknown(integration: Integration, body: NewConfig) -> None:
    schema = registry.get(integration.slug).settings_schema
    secret = set(schema.secret_fields())
    plain = schema.model_fields.keys() - secret
    unknown = [*places("settings", body.settings.keys() - plain), *places("secrets", body.secrets.keys() - secret)]
    if unknown:
        raise ValidationError({place: [_("There is no such field.")] for place in unknown})


def places(part: str, names: Iterable[str]) -> list[str]:
    return [f"{part}.{name}" for name in sorted(names)]


def save(integration: Integration, body: NewConfig, user: User) -> list[str]:
    try:
        values = {**body.settings, **body.secrets}
        return configuration.configure(integration, values, actor=user, new_book=body.new_system)
    except Invalid as error:
        secret = registry.get(integration.slug).settings_schema.secret_fields()
        found = complaints.by_field(error)
        raise ValidationError(
            {f"{'secrets' if name in secret else 'settings'}.{name}": texts for name, texts in found.items()}
        ) from error
    except configuration.AnotherSystemError as error:
        raise Refusal(409, str(error)) from error


def told(integration: Integration) -> dict[str, Any]:
    """As Config."""
    integration = Integration.objects.select_related("updated_by").get(pk=integration.pk)
    connection = configuration.own_connection(integration)
    service = registry.get(integration.slug)
    schema, known = service.settings_schema, service.raw_settings(connection)
    secret = schema.secret_fields()
    by = integration.updated_by
    return {
        "enabled": integration.enabled,
        "settings": {
            name: known.get(name, default(info)) for name, info in schema.model_fields.items() if name not in secret
        },
        "secrets": {name: bool(known.get(name)) for name in secret},
        "changed_at": integration.updated_at,
        "changed_by": by.get_username() if by else None,
    }


def default(info: Any) -> Any:
    value = info.get_default(call_default_factory=True)
    return None if value is PydanticUndefined else value

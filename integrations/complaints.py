"""What is wrong with a setting, in words that an operator understands; never with the value, which may be secret."""

from typing import Any

from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from .service import IntegrationSettings, title_of

# Pydantic's words that an operator may meet, by its type of error; placeholders are its context.
WORDS: dict[str, object] = {
    "value_error": "%(error)s",  # said by a validator of the service itself
    "missing": gettext_lazy("This is needed."),
    "string_too_short": gettext_lazy("This is needed."),
    "string_pattern_mismatch": gettext_lazy("This does not have the form that is asked for."),
    "url_parsing": gettext_lazy("Enter a whole address, such as https://example.com"),
    "url_scheme": gettext_lazy("The address must start with https:// or http://"),
    "int_parsing": gettext_lazy("Enter a whole number."),
    "float_parsing": gettext_lazy("Enter a number."),
    "greater_than": gettext_lazy("Enter a number above %(gt)s."),
    "greater_than_equal": gettext_lazy("Enter at least %(ge)s."),
    "less_than": gettext_lazy("Enter a number below %(lt)s."),
    "less_than_equal": gettext_lazy("Enter at most %(le)s."),
    "extra_forbidden": gettext_lazy("There is no such field."),
    "literal_error": gettext_lazy("Enter one of %(expected)s."),
    "enum": gettext_lazy("Enter one of %(expected)s."),
    "too_short": gettext_lazy("Enter at least one value."),
}


def by_field(error: ValidationError) -> dict[str, list[str]]:
    """{field: what is wrong with it}; "" for what is wrong with the whole."""
    complaints: dict[str, list[str]] = {}
    for found in error.errors(include_input=False, include_url=False):
        field = str(found["loc"][0]) if found["loc"] else ""
        complaints.setdefault(field, []).append(in_words(found["type"], found["msg"], found.get("ctx", {})))
    return complaints


def sentences(error: ValidationError, schema: type[IntegrationSettings] | None = None) -> list[str]:
    """Such as "API key: This is needed."; without the schema "api_key: This is needed.", for who types names."""
    titles = {name: title_of(name, info) for name, info in schema.model_fields.items()} if schema else {}
    return [
        f"{titles.get(field, field)}: {text}" if field else text
        for field, texts in by_field(error).items()
        for text in texts
    ]


def in_words(kind: str, message: str, context: dict[str, Any]) -> str:
    return str(WORDS[kind]) % context if kind in WORDS else message

"""Which fields each model has, per Odoo version, with and without website_event.

``fields.json`` was measured on Odoo Community 16.0 and 19.0 with ``fields_get``, as administrator. It reads
model → variants ("16", "16w" with website_event, "19", "19w") → kind → field names, where a kind is written
``type>relation:choice|choice!~``: "!" is required, "~" is readonly in the forms, ":*" any time zone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

_KIND = re.compile(r"(?P<type>\w+)(>(?P<relation>[\w.]+))?(:(?P<choices>[^!~]*))?(?P<flags>[!~]*)")
_MEASURED = Path(__file__).with_name("fields.json")

# Models the measured ones point at, cut down to what a client can see of them.
_EXTRA: dict[str, dict[str, str]] = {
    "crm.stage": {"char!": "name", "boolean": "is_won fold", "integer": "sequence"},
    "crm.team": {"char!": "name", "boolean": "active"},
    "event.mail": {"many2one>event.event!": "event_id", "integer": "interval_nbr", "char": "interval_type"},
    "event.stage": {"char!": "name", "boolean": "pipe_end", "integer": "sequence"},
    "ir.module.module": {"char": "name shortdesc latest_version", "char~": "state"},
    "res.company": {"char!": "name"},
    "res.country": {"char!": "name code"},
    "res.currency": {"char!": "name"},
    "res.lang": {"char!": "name code", "boolean": "active"},
    "res.users": {
        "char!": "login name",
        "char": "email lang tz",
        "boolean": "active",
        "many2one>res.partner": "partner_id",
    },
    "res.users.apikeys": {"char!": "name", "char": "scope", "many2one>res.users!": "user_id"},
    "uom.uom": {"char!": "name"},
    "utm.stage": {"char!": "name"},
}
_COMMON = {
    "integer~": "id",
    "char~": "display_name",
    "datetime~": "create_date write_date",
    "many2one>res.users~": "create_uid write_uid",
}
_LABELS = {
    ("crm.lead", "name"): "Opportunity",
    ("event.event", "date_begin"): "Start Date",
    ("event.event", "date_end"): "End Date",
    ("event.event", "name"): "Event",
    ("utm.campaign", "name"): "Campaign Identifier",
    ("utm.campaign", "title"): "Campaign Name",
    ("utm.source", "name"): "Source Name",
    ("utm.medium", "name"): "Medium Name",
}
_TITLES = {
    "crm.lead": "Lead/Opportunity",
    "crm.tag": "CRM Tag",
    "event.event": "Event",
    "event.registration": "Event Registration",
    "event.tag": "Event Tag",
    "event.tag.category": "Event Tag Category",
    "event.type": "Event Template",
    "ir.model.data": "Model Data",
    "product.template": "Product",
    "res.partner": "Contact",
    "res.users": "User",
    "utm.campaign": "UTM Campaign",
    "utm.medium": "UTM Medium",
    "utm.source": "UTM Source",
}
_CHOICES = {
    ("event.registration", "draft"): "Unconfirmed",
    ("event.registration", "cancel"): "Cancelled",
    ("event.registration", "done"): "Attended",
    ("event.registration", "open"): "Registered",
    ("event.registration16", "open"): "Confirmed",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a model, as ``fields_get`` describes it."""

    name: str
    type: str
    relation: str = ""
    required: bool = False
    readonly: bool = False
    selection: tuple[tuple[str, str], ...] = ()
    label: str = ""

    def describe(self) -> dict[str, object]:
        """What ``fields_get`` says of it."""
        told: dict[str, object] = {
            "type": self.type,
            "string": self.label,
            "required": self.required,
            "readonly": self.readonly,
        }
        if self.relation:
            told["relation"] = self.relation
        if self.type == "selection":
            told["selection"] = [list(choice) for choice in self.selection]
        return told


Fields = Mapping[str, Field]
Schema = Mapping[str, Fields]


@cache
def load_schema(major: int, *, website_event: bool) -> Schema:
    """All models of one Odoo, by name."""
    variant = f"{major}w" if website_event else str(major)
    measured: dict[str, dict[str, dict[str, str]]] = json.loads(_MEASURED.read_text())
    schema = {
        model: {field.name: field for field in _measured_fields(model, groups, variant)}
        for model, groups in measured.items()
    }
    for model, kinds in _EXTRA.items():
        schema[model] = {f.name: f for f in _fields(model, {**_COMMON, **kinds}, variant)}
    if major >= 19:
        schema["res.users.apikeys"]["expiration_date"] = Field("expiration_date", "datetime", label="Expiration Date")
    return schema


def model_title(model: str) -> str:
    """The name Odoo's own texts use for a model."""
    return _TITLES.get(model) or model.replace(".", " ").title()


def _measured_fields(model: str, groups: dict[str, dict[str, str]], variant: str) -> Iterator[Field]:
    for variants, kinds in groups.items():
        if variant in variants.split():
            yield from _fields(model, kinds, variant)


def _fields(model: str, kinds: dict[str, str], variant: str) -> Iterator[Field]:
    for kind, names in kinds.items():
        match = _KIND.fullmatch(kind)
        assert match, kind
        for name in names.split():
            yield Field(
                name=name,
                type=match["type"],
                relation=match["relation"] or "",
                required="!" in match["flags"],
                readonly="~" in match["flags"],
                selection=_selection(model, match["choices"], variant),
                label=_LABELS.get((model, name)) or _guess_label(name),
            )


def _selection(model: str, choices: str | None, variant: str) -> tuple[tuple[str, str], ...]:
    if choices == "*":
        return tuple((zone, zone) for zone in sorted(available_timezones()))
    return tuple((value, _choice_label(model, value, variant)) for value in (choices or "").split("|") if value)


def _choice_label(model: str, value: str, variant: str) -> str:
    special = _CHOICES.get((model + variant.removesuffix("w"), value)) or _CHOICES.get((model, value))
    return special or value.replace("_", " ").capitalize()


def _guess_label(name: str) -> str:
    return re.sub(r"_ids?$", "", name).replace("_", " ").strip().title()

"""What the database itself refuses: missing required values and references to nothing."""

from typing import Any

from .env import Env
from .errors import RequiredError, ValidationError
from .schema import Field, model_title
from .store import Record


def check_required(env: Env, model: str, record: Record) -> None:
    for field in env.fields(model).values():
        stored = field.type not in ("boolean", "one2many")
        if field.required and stored and not record.get(field.name):
            raise _required(env, model, field)


def check_references(env: Env, model: str, record: Record, names: set[str]) -> None:
    """The foreign keys among `names` point at rows."""
    fields = env.fields(model)
    for field in (fields[name] for name in names if name in fields and fields[name].relation):
        value = record.get(field.name)
        for target in value if isinstance(value, list) else [value] if value else []:
            if target not in env.rows(field.relation):
                raise _dangling(model, field)


def _required(env: Env, model: str, field: Field) -> RequiredError:
    title, short = model_title(model), f"Missing required value for the field '{field.label}' ({field.name})"
    if env.modern:
        text = (
            f"The operation cannot be completed: {short}.\nModel: '{title}' ({model})\n"
            "- create/update: a mandatory field is not set\n"
            "- delete: another model requires the record being deleted, you can archive it instead\n"
        )
    else:
        text = (
            "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"
            "- Delete: another model requires the record being deleted. If possible, archive it instead.\n\n"
            f"Model: {title} ({model})\nField: {field.label} ({field.name})\n"
        )
    return RequiredError(text, field=field.name, short=short)


def _dangling(model: str, field: Field) -> ValidationError:
    return ValidationError(
        "The operation cannot be completed: another model requires the record being deleted. "
        f"If possible, archive it instead.\n\nModel: {model_title(model)} ({model})\n"
        f"Constraint: {_constraint(model, field)}"
    )


def _constraint(model: str, field: Field) -> str:
    table, target = model.replace(".", "_"), field.relation.replace(".", "_")
    if field.type == "many2one":
        return f"{table}_{field.name}_fkey"
    link = "_".join(sorted((table, target)))
    return f"{link}_rel_{target}_id_fkey"


def ids_of(value: Any) -> list[int]:
    """Ids as callers give them: one, or a list."""
    return list(value) if isinstance(value, list | tuple) else [value]

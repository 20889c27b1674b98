"""Encrypt everything anew with the first of FERNET_KEYS, so that older keys can be taken away."""

from typing import Any

from django.apps import apps
from django.db import models, transaction

from integrations.commands import JsonCommand
from integrations.fields import EncryptedJSONField, Unreadable


class Command(JsonCommand):
    help = "Re-encrypt all secrets with the first of FERNET_KEYS; can be stopped and run again at any time."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        rotated, unreadable = 0, []
        for model, field in encrypted_columns():
            for pk in model._base_manager.order_by("pk").values_list("pk", flat=True).iterator():
                if rotate(model, field, pk):
                    rotated += 1
                else:
                    unreadable.append(f"{model._meta.label} {pk}")
        return {"rotated": rotated, "unreadable": unreadable}, not unreadable


def encrypted_columns() -> list[tuple[type[models.Model], str]]:
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedJSONField)
    ]


@transaction.atomic
def rotate(model: type[models.Model], field: str, pk: Any) -> bool:
    """Read and write one row under its lock; False if no key opens it (it is left as it is)."""
    row = model._base_manager.select_for_update(of=("self",)).only(field).filter(pk=pk).first()
    if row is None:
        return True
    value = getattr(row, field)
    if isinstance(value, Unreadable):
        return False
    model._base_manager.filter(pk=pk).update(**{field: value})
    return True

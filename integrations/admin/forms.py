"""A service's settings schema as a form. The fields only carry text; pydantic has the only say in what is valid."""

from collections.abc import Collection, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import HttpUrl, ValidationError
from pydantic.fields import FieldInfo
from unfold import widgets

from integrations import complaints, configuration, registry
from integrations.models import Connection, Integration
from integrations.service import IntegrationSettings, is_secret, title_of


class SchemaForm(forms.Form):
    """Base of the forms that this module makes: one field per setting is added."""

    schema: type[IntegrationSettings]
    known: dict[str, Any]
    new_book = forms.BooleanField(
        label=gettext_lazy("Yes, it is another system: start anew there"),
        help_text=gettext_lazy(
            "What is known of the former system is kept, and counts again when you point back to it."
        ),
        required=False,
        widget=forms.HiddenInput,
    )

    def clean(self) -> dict[str, Any]:
        """Saves what is valid: only the schema and the book of records can tell, and they tell when saving."""
        if self.errors:
            self.complain()
        else:
            self.configure()
        return self.cleaned_data

    def complain(self) -> None:
        """Of the fields that have something in them, too, so that nobody mends them one by one."""
        try:
            self.schema.model_validate({**self.known, **self.values()})
        except ValidationError as error:
            self.blame(error, only=self.fields.keys() - self.errors.keys())

    def values(self) -> dict[str, Any]:
        changed = [name for name in self.changed_data if name in self.schema.model_fields]
        return {name: self.value(name) for name in changed if name in self.cleaned_data}

    def configure(self) -> None:
        try:
            self.save_values(self.values(), new_book=self.cleaned_data["new_book"])
        except ValidationError as error:
            self.blame(error)
        except configuration.AnotherSystemError as error:
            self.fields["new_book"].widget = widgets.UnfoldBooleanWidget()
            self.add_error("new_book", str(error))

    def save_values(self, values: dict[str, Any], *, new_book: bool) -> None:
        raise NotImplementedError

    def value(self, name: str) -> Any:
        """What was typed; an emptied setting falls back to its default."""
        typed = self.cleaned_data[name]
        info = self.schema.model_fields[name]
        if typed in ("", []) and not is_secret(info) and not info.is_required():
            return info.get_default(call_default_factory=True)
        return typed

    def blame(self, error: ValidationError, *, only: Collection[str] | None = None) -> None:
        for name, texts in complaints.by_field(error).items():
            if only is None or name in only:
                self.add_error(name if name in self.fields else None, cast(Any, texts))


class SettingsForm(SchemaForm, forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    """The settings of an integration, and the secrets of its own connection."""

    operator: AbstractBaseUser

    class Meta:
        model = Integration
        fields: list[str] = []

    def save_values(self, values: dict[str, Any], *, new_book: bool) -> None:
        integration = Integration.objects.get(pk=self.instance.pk)
        configuration.configure(integration, values, actor=self.operator, new_book=new_book)


class AccountForm(SchemaForm):
    """What a further account has of its own."""

    connection: Connection

    def save_values(self, values: dict[str, Any], *, new_book: bool) -> None:
        owner = self.connection.owner or self.cleaned_data["owner"]
        configuration.configure_account(self.connection.integration, owner, values, new_book=new_book)


class NewAccountForm(AccountForm):
    owner = forms.CharField(
        label=gettext_lazy("Name of the account"),
        help_text=gettext_lazy("Whose it is or what it is for. It cannot be changed later."),
        max_length=100,
        widget=widgets.UnfoldAdminTextInputWidget(),
    )

    def clean_owner(self) -> str:
        owner: str = self.cleaned_data["owner"]
        if self.connection.integration.connections.in_use().filter(owner=owner).exists():
            raise forms.ValidationError(_("There is an account of this name already."))
        return owner


class ListField(forms.CharField):
    """Values separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        return typed(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [item.strip() for item in str(value or "").split(",") if item.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool([str(item) for item in initial or []] != self.to_python(data))


def form_for(integration: Integration, operator: AbstractBaseUser) -> type[SettingsForm]:
    """Raises KeyError for an integration that is not registered."""
    connection = configuration.own_connection(integration)
    schema = registry.get(integration.slug).settings_schema
    made = made_of(SettingsForm, schema, list(schema.model_fields), connection, operator=operator)
    return cast(type[SettingsForm], made)


def account_form_for(connection: Connection) -> type[AccountForm]:
    """The fields that the account does not share with the integration; of a new one, which has no owner, the name too.

    Raises LookupError where there are no further accounts.
    """
    schema = registry.get(connection.integration.slug).account_schema
    if schema is None:
        raise LookupError(f"{connection.integration.slug} has no further accounts.")
    shared = registry.get(connection.integration.slug).settings_schema.model_fields
    names = [name for name in schema.model_fields if name not in shared]
    base = AccountForm if connection.owner else NewAccountForm
    owners = registry.get(connection.integration.slug).owners()
    given = {"owner": owner_field(owners)} if owners is not None and not connection.owner else {}
    return cast(type[AccountForm], made_of(base, schema, names, connection, connection=connection, **given))


def owner_field(owners: Mapping[str, str]) -> forms.Field:
    return forms.ChoiceField(
        label=_("Whose"),
        choices=list(owners.items()),
        help_text=_("It cannot be changed later."),
        widget=widgets.UnfoldAdminSelectWidget(),
    )


def made_of(
    base: type[SchemaForm],
    schema: type[IntegrationSettings],
    names: list[str],
    kept_on: Connection,
    **given: Any,
) -> type[SchemaForm]:
    """A form of some of the schema's fields, filled with what is known."""
    known = registry.get(kept_on.integration.slug).raw_settings(kept_on)
    fields = {name: field_for(name, schema.model_fields[name], kept_on, known) for name in names}
    return type(base.__name__, (base,), {**fields, "schema": schema, "known": known, **given})


def field_for(name: str, info: FieldInfo, connection: Connection, known: dict[str, Any]) -> forms.Field:
    return secret_field(name, info, connection, known) if is_secret(info) else plain_field(name, info, known)


def secret_field(name: str, info: FieldInfo, connection: Connection, known: dict[str, Any]) -> forms.Field:
    """Write-only: never filled, and empty means as it was."""
    attrs = {"placeholder": secret_state(name, connection, known), "autocomplete": "new-password"}
    return forms.CharField(
        label=title_of(name, info),
        help_text=help_text(info),
        required=info.is_required() and not known.get(name),
        widget=widgets.UnfoldAdminPasswordWidget(attrs),
    )


def secret_state(name: str, connection: Connection, known: dict[str, Any]) -> str:
    if connection.must_reenter_secrets:
        return _("enter again")
    return _("•••••• stored") if known.get(name) else _("not set")


def plain_field(name: str, info: FieldInfo, known: dict[str, Any]) -> forms.Field:
    kind = plain(info.annotation)
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    initial = known.get(name, default)
    common: dict[str, Any] = {
        "label": title_of(name, info),
        "help_text": help_text(info),
        "initial": f"{initial:g}" if isinstance(initial, float) else initial,
        "required": info.is_required(),
    }
    if kind is bool:
        return forms.BooleanField(**{**common, "required": False}, widget=widgets.UnfoldBooleanSwitchWidget())
    if get_origin(kind) is Literal:
        return forms.ChoiceField(**common, choices=choices(kind), widget=widgets.UnfoldAdminSelectWidget())
    if get_origin(kind) is list and get_origin(get_args(kind)[0]) is Literal:
        some = choices(get_args(kind)[0])
        return forms.MultipleChoiceField(
            **common, choices=some, widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget()
        )
    if get_origin(kind) is list:
        return ListField(**common, widget=widgets.UnfoldAdminTextInputWidget())
    return forms.CharField(**common, widget=widget_for(kind))


def choices(kind: Any) -> list[tuple[str, str]]:
    return [(value, value) for value in get_args(kind)]


def plain(annotation: Any) -> Any:
    """The type of a value, without Annotated and without the possibility of None."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return plain(next(kind for kind in get_args(annotation) if kind is not NoneType))
    return annotation


def widget_for(kind: Any) -> forms.Widget:
    found: forms.Widget
    if kind in (int, float):
        found = widgets.UnfoldAdminIntegerFieldWidget({"step": "any"} if kind is float else None)
    else:
        found = widgets.UnfoldAdminTextInputWidget({"inputmode": "url"} if kind is HttpUrl else None)
    return found


def help_text(info: FieldInfo) -> str:
    """What it is, and an example: as it would be typed."""
    examples = ", ".join(typed(example) for example in info.examples or [])
    texts = [_(info.description) if info.description else "", _("Such as %(examples)s") % {"examples": examples}]
    return " ".join(text for text in texts[: 2 if examples else 1] if text)


def typed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""Tokens for the API: made, looked at, revoked. The value is on one page, once."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations import words
from integrations.models import ApiToken

from .base import Verb, VerbsAdmin, as_action

LONGEST = timedelta(days=2 * 366)
STATES: dict[str, words.Words] = {
    "usable": (gettext_lazy("usable"), "success"),
    "expired": (gettext_lazy("expired"), "warning"),
    "revoked": (gettext_lazy("revoked"), "default"),
    "idle": (gettext_lazy("its owner may not log in"), "warning"),
}


def may_act_as(user: AbstractUser, owner: AbstractUser) -> bool:
    """Nobody gives away more than is theirs."""
    return user.is_superuser or (not owner.is_superuser and owner.get_all_permissions() <= user.get_all_permissions())


class TokenForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    maker: AbstractUser

    def clean_owner(self) -> AbstractUser:
        owner: AbstractUser = self.cleaned_data["owner"]
        if not may_act_as(self.maker, owner):
            raise forms.ValidationError(_("A token for somebody who may do more than you is not yours to make."))
        return owner

    def clean_expires_at(self) -> Any:
        expires_at, now = self.cleaned_data["expires_at"], timezone.now()
        if expires_at <= now:
            raise forms.ValidationError(_("This is over already."))
        if expires_at > now + LONGEST:
            raise forms.ValidationError(_("A token lasts two years at most."))
        return expires_at


def revoke(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for token in rows.filter(revoked_at=None):
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
        admin.site.get_model_admin(ApiToken).log_change(request, token, _("Revoked."))
        messages.success(request, _("%(name)s opens nothing any more.") % {"name": token.name})


@admin.register(ApiToken)
class ApiTokenAdmin(VerbsAdmin):
    verbs = (
        Verb(
            "revoke",
            gettext_lazy("Revoke"),
            "block",
            revoke,
            permission="revoke",
            applies=lambda row: row is not None and row.revoked_at is None,
            variant="danger",
        ),
    )
    form = TokenForm
    list_before_template = ""  # what a copy holds does not concern these
    list_display = ["name", "begins_with", "scope", "owner", "expires_at", "last_used_at", "state"]
    list_filter = ["scope"]
    actions = [as_action(verb) for verb in verbs]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.add_apitoken")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_apitoken")

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        typed = ["name", "scope", "owner", "expires_at"]
        return typed if obj is None else [*typed, "begins_with", "state", "created_at", "last_used_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return [] if obj is None else self.get_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: ApiToken | None = None, **options: Any) -> Any:
        return super().get_form(request, obj, form=type("TokenForm", (TokenForm,), {"maker": request.user}), **options)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if db_field.name == "owner":
            field.queryset = User.objects.filter(is_active=True, is_staff=True).order_by("username")
            field.initial = request.user.pk
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.value = obj.renew()  # for the page that answers this request, and nowhere else
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """No redirect: the value would have to be kept somewhere for the next page."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Copy this token now"),
            "opts": self.opts,
            "token": obj,
        }
        response = TemplateResponse(request, "admin/integrations/token.html", context)
        add_never_cache_headers(response)
        return response

    @admin.display(description=gettext_lazy("begins with"))
    def begins_with(self, token: ApiToken) -> str:
        return f"{token.start}…"

    @display(description=gettext_lazy("state"))  # type: ignore[untyped-decorator]
    def state(self, token: ApiToken) -> SafeString:
        return words.label(*STATES[token.state])

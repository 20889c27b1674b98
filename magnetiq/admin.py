"""Users and groups, in the look of all other pages. Nobody gives rights that he has not, or acts on who has more."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integrations.admin.base import Button
from magnetiq.two_factor import devices

# The devices' own pages would show their keys.
for model in (User, Group, TOTPDevice, StaticDevice):
    admin.site.unregister(model)


def rights_of(user: Any) -> QuerySet[Permission]:
    """What he may do, or could if he were active."""
    if user.is_superuser:
        return Permission.objects.all()
    return Permission.objects.filter(Q(user=user) | Q(group__user=user))


def beyond(user: Any) -> QuerySet[Permission]:
    """What he may not do, and so give to nobody."""
    return Permission.objects.exclude(pk__in=rights_of(user).values("pk"))


class WithinOwnRights(ModelAdmin):  # type: ignore[misc]
    """Changes and deletes only what gives no more rights than the one who does it has himself."""

    def exceeds(self, request: HttpRequest, obj: Any) -> bool:
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and self.exceeds(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and self.exceeds(request, obj))

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        for name in {"user_permissions", "permissions"} & set(form.base_fields):
            field = form.base_fields[name]
            field.queryset = field.queryset.filter(pk__in=rights_of(request.user).values("pk"))
        if "groups" in form.base_fields:
            form.base_fields["groups"].queryset = Group.objects.exclude(permissions__in=beyond(request.user))
        return form


@admin.register(User)
class StaffAdmin(UserAdmin, WithinOwnRights):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "two_factor")
    change_form_outer_before_template = "admin/integrations/buttons_bar.html"

    def exceeds(self, request: HttpRequest, obj: User) -> bool:
        me: Any = request.user
        if me.is_superuser:
            return False
        return obj.is_superuser or rights_of(obj).filter(pk__in=beyond(me).values("pk")).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        mine = () if request.user.is_superuser else ("is_superuser",)
        return (*super().get_readonly_fields(request, obj), *mine)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        apps = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        rows: QuerySet[User] = super().get_queryset(request).annotate(has_app=Exists(apps))
        return rows

    @admin.display(description=_("two-factor"), boolean=True)
    def two_factor(self, user: Any) -> bool:
        return bool(user.has_app)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.remove_two_factor))
        return [path("<int:pk>/remove-two-factor/", view, name="auth_user_remove_two_factor"), *super().get_urls()]

    def remove_two_factor(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For who lost his phone and his codes. One's own is removed with a code."""
        user, me = get_object_or_404(User, pk=pk), request.user
        if user == me or not self.has_change_permission(request, user):
            raise PermissionDenied
        if devices.remove(user):
            devices.note(me, user, "Two-factor authentication removed.")  # type: ignore[arg-type]
            messages.success(request, _("The password alone opens this account again."))
        return redirect("admin:auth_user_change", pk)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        user = context["original"]
        if user and user != request.user and user.has_app and self.has_change_permission(request, user):
            address = reverse("admin:auth_user_remove_two_factor", args=[user.pk])
            context["buttons"] = [Button(_("Remove two-factor authentication"), "phonelink_erase", address)]
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, WithinOwnRights):  # type: ignore[misc]
    def exceeds(self, request: HttpRequest, obj: Group) -> bool:
        return obj.permissions.filter(pk__in=beyond(request.user).values("pk")).exists()

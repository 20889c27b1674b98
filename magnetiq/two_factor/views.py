"""The pages of the second factor: asked at login, set up, recovery codes renewed, removed."""

from collections.abc import Callable
from typing import Any, cast

import segno
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from . import devices
from .forms import CodeForm, RecoveryForm, SetUpForm

View = Callable[[HttpRequest], HttpResponse]
KEY = "two_factor_key"  # in the session, from the page with the QR code to the code that proves it was scanned


def code(request: HttpRequest) -> HttpResponse:
    return ask(request, CodeForm, "code")


def recovery(request: HttpRequest) -> HttpResponse:
    return ask(request, RecoveryForm, "recovery")


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def ask(request: HttpRequest, form_class: type[CodeForm], page: str) -> HttpResponse:
    """Between the password and everything else."""
    if not request.user.is_authenticated:
        return redirect_to_login(target(request), reverse("admin:login"))
    if request.user.is_verified() or not devices.app_of(request.user):  # type: ignore[attr-defined]
        return redirect(target(request))
    device = (devices.app_of if page == "code" else devices.paper_of)(request.user)
    form = form_class(request.POST or None, device=device)
    if form.is_valid():
        devices.is_proven(request, device)
        return redirect(target(request))
    return show(request, page, _("Confirm that it is you"), form=form, next=target(request))


def staff(view: View) -> View:
    """For whoever may enter the admin; never kept by a browser."""
    return admin.site.admin_view(sensitive_post_parameters("code")(view))


@staff
def account(request: HttpRequest) -> HttpResponse:
    return show_account(request, CodeForm(device=None))


@staff
@sensitive_variables("key")
def set_up(request: HttpRequest) -> HttpResponse:
    """Scan, type the first code, write down the recovery codes."""
    user = cast(User, request.user)
    if devices.app_of(user):
        return redirect("two_factor:account")
    key = request.session.setdefault(KEY, devices.new_key())
    form = SetUpForm(request.POST or None)
    if form.is_valid():
        if app := devices.add_app(user, key, form.cleaned_data["code"]):
            del request.session[KEY]
            devices.is_proven(request, app)
            devices.note(user, user, _("Two-factor authentication switched on."))
            return show_codes(request, user)
        form.add_error("code", _("This is not the code that the app should show. Is the time of your phone right?"))
    app = devices.unsaved_app(user, key)
    image = segno.make(app.config_url, error="m").svg_data_uri(scale=5, border=3, light="#fff")
    return show(
        request,
        "set_up",
        _("Set up two-factor authentication"),
        form=form,
        image=image,
        key=devices.typed_key(app),
        next=target(request),
    )


@staff
@require_POST
def renew(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = CodeForm(request.POST, device=devices.app_of(user))
    if not form.is_valid():
        return show_account(request, form)
    devices.note(user, user, _("Recovery codes renewed."))
    return show_codes(request, user)


@staff
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = CodeForm(request.POST, device=devices.app_of(user))
    if not form.is_valid():
        return show_account(request, form)
    devices.remove(user)
    devices.note(user, user, _("Two-factor authentication switched off."))
    messages.success(request, _("Two-factor authentication is switched off."))
    return redirect("two_factor:account")


def show_account(request: HttpRequest, form: CodeForm) -> HttpResponse:
    user = cast(User, request.user)
    paper = devices.paper_of(user)
    return show(
        request,
        "account",
        _("Two-factor authentication"),
        form=form,
        app=devices.app_of(user),
        left=paper.token_set.count() if paper else 0,
    )


def show_codes(request: HttpRequest, user: User) -> HttpResponse:
    """Once: they are not shown again."""
    codes = devices.renew_recovery_codes(user)
    return show(request, "codes", _("Your recovery codes"), codes=codes, next=target(request))


def show(request: HttpRequest, page: str, title: str, **context: Any) -> HttpResponse:
    return render(request, f"two_factor/{page}.html", {**admin.site.each_context(request), "title": title, **context})


def target(request: HttpRequest) -> str:
    """Where he wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else reverse("admin:index")

"""The password alone opens nothing to who has a second factor, or must have one."""

from collections.abc import Callable
from functools import cached_property, partial

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from . import devices

CODE, SET_UP = "two_factor:code", "two_factor:set_up"


def missing_step(user: User | AnonymousUser) -> str:
    """The name of the page where this user, logged in by password, must go first; or nothing."""
    if not user.is_authenticated or user.is_verified():  # type: ignore[attr-defined]
        return ""
    if devices.app_of(user):
        return CODE
    return SET_UP if settings.REQUIRE_TWO_FACTOR and user.is_staff else ""


def whom_to_believe(user: User | AnonymousUser) -> User | AnonymousUser:
    return AnonymousUser() if missing_step(user) else user


class TwoFactorMiddleware:
    """Until the missing step is done, its page is the only one of the admin, and elsewhere the user is nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            request.user = SimpleLazyObject(partial(whom_to_believe, request.user))  # type: ignore[assignment]
        elif (step := missing_step(request.user)) and request.path not in self.open_at[step]:
            return self.lead_to(step, request)
        return self.get_response(request)

    @cached_property
    def open_at(self) -> dict[str, set[str]]:
        """The addresses that are open to who must take this step; all may log out."""
        pages = {CODE: [CODE, "two_factor:recovery"], SET_UP: [SET_UP]}
        return {step: {reverse(name) for name in [*names, "admin:logout"]} for step, names in pages.items()}

    def lead_to(self, step: str, request: HttpRequest) -> HttpResponse:
        wanted = request.get_full_path() if request.method == "GET" else reverse("admin:index")
        return redirect(f"{reverse(step)}?{urlencode({'next': wanted})}")

"""Who guesses passwords is locked out for a while: how django-axes tells visitors apart, and what they see."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leads.throttle import client_address, neighbourhood, parse

NOWHERE = "0.0.0.0"  # noqa: S104 (a name for nobody, not where we listen)


def address(request: HttpRequest) -> str:
    """Where a login comes from. Whoever comes without an address, as through a socket, counts as one visitor."""
    found = client_address(request)
    return neighbourhood(found) if parse(found) else NOWHERE


def locked_out(request: HttpRequest, original: HttpResponse | None, credentials: dict[str, str] | None) -> HttpResponse:
    """429, and for how long. The same answer whether the name exists or not."""
    wait = settings.AXES_COOLOFF_TIME
    context = {**admin.site.each_context(request), "minutes": wait.seconds // 60}
    answer = render(request, "admin/locked_out.html", context, status=429)
    answer["Retry-After"] = str(wait.seconds)
    return answer

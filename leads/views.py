"""The whitepaper pages. Nothing here talks to the outside: that happens later, from what the action wrote."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from leads import actions, throttle, utm
from leads.forms import WhitepaperForm
from leads.models import Whitepaper

POSTS, WINDOW = 10, 600


@require_safe
def whitepaper_list(request: HttpRequest) -> HttpResponse:
    response = render(request, "leads/whitepaper_list.html", {"whitepapers": Whitepaper.objects.published()})
    utm.remember(request, response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def whitepaper_detail(request: HttpRequest, slug: str) -> HttpResponse:
    whitepaper = get_object_or_404(Whitepaper.objects.published(), slug=slug)
    if request.method == "POST":
        return take(request, whitepaper)
    form = WhitepaperForm(initial={"referrer": utm.outside_referrer(request)})
    response = show(request, whitepaper, form)
    utm.remember(request, response)
    return response


@require_safe
def whitepaper_thanks(request: HttpRequest, slug: str) -> HttpResponse:
    whitepaper = get_object_or_404(Whitepaper.objects.published(), slug=slug)
    return render(request, "leads/whitepaper_thanks.html", {"whitepaper": whitepaper})


def take(request: HttpRequest, whitepaper: Whitepaper) -> HttpResponse:
    """What was typed becomes a lead, or comes back with what is wrong with it."""
    form = WhitepaperForm(request.POST)
    if wait := throttle.seconds_to_wait("whitepaper", throttle.visitor(request), limit=POSTS, window=WINDOW):
        response = show(request, whitepaper, form, status=429, minutes_to_wait=-(-wait // 60))
        response["Retry-After"] = str(wait)
        return response
    if not form.is_robot:
        if not form.is_valid():
            return show(request, whitepaper, form, status=422)
        actions.capture([form.of_page(whitepaper, utm=utm.last_touch(request), first_utm=utm.first_touch(request))])
    return redirect("leads:thanks", slug=whitepaper.slug)


def show(
    request: HttpRequest, whitepaper: Whitepaper, form: WhitepaperForm, *, status: int = 200, minutes_to_wait: int = 0
) -> HttpResponse:
    context = {"whitepaper": whitepaper, "form": form, "minutes_to_wait": minutes_to_wait}
    return render(request, "leads/whitepaper_detail.html", context, status=status)

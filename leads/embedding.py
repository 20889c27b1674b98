"""Our lists and forms in a frame on the firm's own site.

Only sites in EMBED_ORIGINS may frame these pages; no other page of ours may be framed at all. Inside a frame of
another site browsers keep our cookies away, so the form goes without Django's CSRF check; and there is nothing for it
to protect, as no cookie means anything there: whoever can post the form from elsewhere could type it in.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

from leads import utm, zones

View = Callable[..., HttpResponseBase]


def framed(view: View) -> View:
    """The same page as a part of another one: without our header and footer, and with links that stay in the frame."""

    @wraps(view)
    def page(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        ancestors = settings.EMBED_ORIGINS or [NONE]
        response = view(request, **parts, embedded=True)
        vars(response)["_csp_replace"] = {"frame-ancestors": ancestors}  # as csp_replace does, but set when asked
        response["X-Robots-Tag"] = "noindex"
        return response

    return csrf_exempt(xframe_options_exempt(page))


def show_page(
    request: HttpRequest, template: str, context: dict[str, object], *, embedded: bool, status: int = HTTPStatus.OK
) -> HttpResponse:
    """`template` extends the variable `layout`: "webinars/list" becomes a page of ours, or a part of another one."""
    app = template.partition("/")[0]
    shown = {
        **context,
        "embedded": embedded,
        "layout": f"{app}/{'embedded' if embedded else 'page'}.html",
        "visitor_zone": zones.of_visitor(request),
        "zone_query": zones.query(request),
    }
    response = render(request, f"{template}.html", shown, status=status)
    patch_vary_headers(response, ["Cookie"])  # which tells the zone
    utm.remember(request, response)
    return response

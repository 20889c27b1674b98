"""The list and the form in a frame on the firm's own site.

Only sites in EMBED_ORIGINS may frame these pages; no other page of ours may be framed at all. Inside a frame of
another site browsers keep our cookies away, so the form goes without Django's CSRF check; and there is nothing for it
to protect, as no cookie means anything there: whoever can post the form from elsewhere could type it in.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]


def framed(view: View) -> View:
    """The same page as a part of another one: without our header and footer, and with links that stay in the frame."""

    @wraps(view)
    def page(request: HttpRequest, **parts: Any) -> HttpResponse:
        ancestors = settings.EMBED_ORIGINS or [NONE]
        response = view(request, **parts, embedded=True)
        vars(response)["_csp_replace"] = {"frame-ancestors": ancestors}  # as csp_replace does, but set when asked
        response["X-Robots-Tag"] = "noindex"
        return response

    return csrf_exempt(xframe_options_exempt(page))

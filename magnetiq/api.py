"""The JSON API: `/api/v1/`, described at `/api/v1/openapi.json` and `/api/v1/docs`."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja.errors import HttpError
from ninja.openapi.docs import Swagger
from ninja.parser import Parser

import bookings.api
import integrations.api
import leads.api
import webinars.api
from magnetiq.envelope import MESSAGES, Api


class JsonParser(Parser):
    """JSON, said to be JSON, that PostgreSQL can keep: no NaN, no NUL, no half of a surrogate pair.

    That it must be said keeps other sites' plain forms out, which need no leave from CORS.
    """

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise HttpError(415, str(MESSAGES[415]))
        body = json.loads(request.body, parse_constant=refuse)
        for text in texts(body):
            if b"\0" in text.encode():  # which half a pair does not survive
                refuse(text)
        return body


def refuse(text: str) -> NoReturn:
    raise ValueError("not to be kept")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.keys()))
        yield from texts(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


class Docs(Swagger):
    """Swagger's page from our own static files; who is logged in can try things out."""

    def render_page(self, request: HttpRequest, api: Any, **kwargs: Any) -> HttpResponse:
        described = {"url": self.get_openapi_url(api, kwargs), **self.default_settings}
        return render(request, "api/docs.html", {"api": api, "described": described})


DESCRIPTION = """
Leads, webinars and consultations for everybody, and what operators do for who shows a token, `Authorization: Bearer
mgq_...`, made in the admin under API tokens. A token's scope (read, operate, configure) includes those before it; it
may never do more than its owner. A login to the admin is as good, with `X-CSRFToken` on whatever changes something.

Every answer is `{"success": true, "data": ...}` or `{"success": false, "error": {"message": ..., "fields": ...}}`.
Times are ISO 8601 with their offset.
"""

api = Api(
    title="Magnetiq API",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    parser=JsonParser(),
    docs=Docs(),
)
api.add_router("/leads", leads.api.router)
api.add_router("/webinars", webinars.api.router)
api.add_router("/consultants", bookings.api.consultants)
api.add_router("/bookings", bookings.api.router)
api.add_router("/admin", integrations.api.router)

"""What answers: the transports of the API, and the page."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from integrations.standin import wire as standin
from integrations.standin.wire import Reply, as_html

from . import json2, xmlrpc
from .faults import Faults
from .service import Service
from .wire import Request, html, version_info

_MAX_BODY_19 = 128 * 1024 * 1024
_STEERING = (b"GET / ", b"GET /sandbox/", b"POST /sandbox/", b"DELETE /sandbox/")


@dataclass(frozen=True)
class Front:
    """`render` draws the page."""

    service: Service
    render: Callable[[], str]

    @property
    def faults(self) -> Faults:
        return self.service.faults

    def may_refuse(self, start: bytes) -> bool:
        """The steering itself is never refused, or nobody could end it."""
        return not start.startswith(_STEERING)

    def answer(self, request: standin.Request) -> Reply | None:
        if request.method == "GET":
            return self._get(request.path)
        if request.method == "POST":
            return self._post(request)
        return self._not_found(request.path)

    def _get(self, path: str) -> Reply | None:
        major = self.service.db.major
        if path == "/":
            return as_html(self.render())
        if path in ("/web/version", "/json/version") and major >= 19:
            info = {"version_info": version_info(major), "version": f"{major}.0"}
            return self._serve(Request("version", lambda: Reply(json.dumps(info).encode())))
        if path.startswith("/xmlrpc/2/"):
            return html(405, "Method Not Allowed", "The method is not allowed for the requested URL.")
        return self._not_found(path)

    def _post(self, request: standin.Request) -> Reply | None:
        path, body, is_19 = request.path, request.body, self.service.db.major >= 19
        if is_19 and len(body) >= _MAX_BODY_19:
            return html(413, "REQUEST ENTITY TOO LARGE")
        if path in ("/xmlrpc/2/common", "/xmlrpc/2/object"):
            return self._serve(xmlrpc.read_request(self.service, path.rpartition("/")[2], body))
        if path.startswith("/json/2/") and is_19:
            return self._serve(json2.read_request(self.service, path, request.headers, body))
        return self._not_found(path)

    def _serve(self, request: Request) -> Reply | None:
        """Answer a call, unless a fault gets in the way."""
        faults, method = self.service.faults, request.method
        if status := faults.take("status", method):
            return html(status.value, f"{status.value} {_phrase(status.value)}")
        if faults.take("cut_before", method):
            return None
        reply = request.answer()
        if slow := faults.take("slow", method):
            time.sleep(slow.value)
        return None if faults.take("cut_after", method) else reply

    def _not_found(self, path: str) -> Reply:
        if path.startswith("/json/2") and self.service.db.major >= 19:
            return json2.not_a_call()
        return html(404, "Not Found", "The requested URL was not found on the server.")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"

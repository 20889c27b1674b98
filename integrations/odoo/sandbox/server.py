"""The HTTP side: routes, keep-alive, and the faults that happen to a connection."""

import json
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from . import json2, xmlrpc
from .service import Service
from .wire import Reply, Request, html, version_info

_MAX_BODY_19 = 128 * 1024 * 1024
_CONTROL_REQUESTS = (b"GET / ", b"GET /sandbox/", b"POST /sandbox/", b"DELETE /sandbox/")


class Server(ThreadingHTTPServer):
    """Serves one stand-in; `render` draws its page."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, service: Service, render: Callable[[], str]) -> None:
        self.service, self.render = service, render
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Without the look-up of the host's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a mistake of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Close the connections that clients keep alive."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle_one_request(self) -> None:
        """The steering itself is never refused, or nobody could end it."""
        start = self.rfile.peek(1)[:24]  # type: ignore[attr-defined]  # a BufferedReader, typed as BufferedIOBase
        if start and not start.startswith(_CONTROL_REQUESTS) and self.service.faults.take("refuse"):
            self._reset()
            return
        super().handle_one_request()

    @property
    def service(self) -> Service:
        return self.server.service

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(Reply(self.server.render().encode(), content_type="text/html; charset=utf-8"))
        elif path == "/sandbox/faults":
            self._send(_json(self.service.faults.show()))
        elif path in ("/web/version", "/json/version") and self.service.db.major >= 19:
            info = {
                "version_info": version_info(self.service.db.major),
                "version": f"{self.service.db.major}.0",
            }
            self._serve(Request("version", lambda: _json(info)))
        elif path.startswith("/xmlrpc/2/"):
            self._send(html(405, "Method Not Allowed", "The method is not allowed for the requested URL."))
        else:
            self._send(self._not_found(path))

    def do_POST(self) -> None:
        path, body = self.path.partition("?")[0], self._body()
        if path == "/sandbox/faults":
            self._send(self._set_fault(body))
        elif self.service.db.major >= 19 and len(body) >= _MAX_BODY_19:
            self._send(html(413, "REQUEST ENTITY TOO LARGE"))
        elif path in ("/xmlrpc/2/common", "/xmlrpc/2/object"):
            self._serve(xmlrpc.read_request(self.service, path.rpartition("/")[2], body))
        elif path.startswith("/json/2/") and self.service.db.major >= 19:
            headers = {name: str(self.headers.get(name, "")) for name in ("Content-Type", "Authorization")}
            if database := self.headers.get("X-Odoo-Database"):
                headers["X-Odoo-Database"] = database
            self._serve(json2.read_request(self.service, path, headers, body))
        else:
            self._send(self._not_found(path))

    def do_DELETE(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/sandbox/faults":
            self.service.faults.clear(dict(parse_qsl(query)).get("fault"))
            self._send(_json([]))
        else:
            self._send(self._not_found(path))

    def _serve(self, request: Request) -> None:
        """Answer a call, unless a fault gets in the way."""
        faults, method = self.service.faults, request.method
        if status := faults.take("status", method):
            self._send(html(status.value, f"{status.value} {self._phrase(status.value)}"))
            return
        if faults.take("cut_before", method):
            self.close_connection = True
            return
        reply = request.answer()
        if slow := faults.take("slow", method):
            time.sleep(slow.value)
        if faults.take("cut_after", method):
            self.close_connection = True
            return
        self._send(reply)

    def _set_fault(self, body: bytes) -> Reply:
        """A JSON object with the arguments of `Faults.set`, or the page's form."""
        is_form = "json" not in str(self.headers.get("Content-Type", ""))
        try:
            given = dict(parse_qsl(body.decode())) if is_form else json.loads(body)
            if given.pop("clear", None):
                self.service.faults.clear()
            else:
                self.service.faults.set(given.pop("fault"), **given)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return Reply(json.dumps({"error": str(error)}).encode(), 400)
        return Reply(b"", 303, headers={"Location": "/"}) if is_form else _json(self.service.faults.show())

    def _not_found(self, path: str) -> Reply:
        if path.startswith("/json/2") and self.service.db.major >= 19:
            return json2.not_a_call()
        return html(404, "Not Found", "The requested URL was not found on the server.")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _phrase(self, status: int) -> str:
        return self.responses[status][0] if status in self.responses else "Error"

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _reset(self) -> None:
        """RST instead of FIN, with what the client sent unread."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.close()
        self.rfile.close()
        self.connection.close()

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """Silent: the tests and the demo have their own logs."""


def _json(value: object) -> Reply:
    return Reply(json.dumps(value).encode())

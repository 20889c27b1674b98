"""The HTTP side: routes, keep-alive, and the faults that happen to a connection."""

import json
import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl

from .api import Api
from .errors import ApiError
from .wire import Reply, Request, as_json

# From any page: Stripe.js runs on the payer's.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Expose-Headers": "Request-Id",
    "Access-Control-Max-Age": "300",
}


class Desk(Protocol):
    """What serves all that is not the API; None where there is nothing."""

    def get(self, path: str, query: dict[str, str], language: str) -> Reply | None: ...

    def post(self, path: str, form: dict[str, Any]) -> Reply | None: ...


class Server(ThreadingHTTPServer):
    """Serves one stand-in."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, api: Api, desk: Desk) -> None:
        self.api, self.desk = api, desk
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
        """Faults meet the API only: the page that steers them is never refused, or nobody could end them."""
        start = self.rfile.peek(1)[:12]  # type: ignore[attr-defined]  # a BufferedReader, typed as BufferedIOBase
        if b" /v1/" in start and self.server.api.faults.take("refuse"):
            self._reset()
            return
        super().handle_one_request()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/v1/"):
            self._call("GET", path, query)
        elif path == "/sandbox/faults":
            self._send(as_json(self.server.api.faults.show()))
        else:
            language = str(self.headers.get("Accept-Language", ""))[:2]
            self._send(self.server.desk.get(path, dict(parse_qsl(query)), language) or _nothing())

    def do_POST(self) -> None:
        path, body = self.path.partition("?")[0], self._body()
        if path.startswith("/v1/"):
            self._call("POST", path, body)
            return
        is_json = "json" in str(self.headers.get("Content-Type", ""))
        try:
            given = dict(json.loads(body) if is_json else parse_qsl(body, keep_blank_values=True))
            reply = self._set_fault(given) if path == "/sandbox/faults" else self.server.desk.post(path, given)
        except ApiError as error:
            self._send(as_json({"error": str(error)}, error.status))
            return
        except (ValueError, TypeError, KeyError) as error:
            self._send(as_json({"error": str(error)}, 400))
            return
        if reply and reply.status == 303 and is_json:
            reply = as_json({})
        self._send(reply or _nothing())

    def do_DELETE(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/v1/"):
            self._call("DELETE", path, query)
        elif path == "/sandbox/faults":
            self.server.api.faults.clear(dict(parse_qsl(query)).get("fault"))
            self._send(as_json([]))
        else:
            self._send(_nothing())

    def do_OPTIONS(self) -> None:
        self._send(Reply(b"", 204, headers=CORS if self.path.startswith("/v1/") else {}))

    def _call(self, method: str, path: str, form: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.api.answer(Request(method, path, form, headers))
        if reply is None:
            self.close_connection = True
            return
        self._send(reply, CORS)

    def _set_fault(self, given: dict[str, Any]) -> Reply:
        """The arguments of `Faults.set`, or {"clear": ...}."""
        faults = self.server.api.faults
        if given.pop("clear", None):
            faults.clear()
        else:
            faults.set(given.pop("fault"), **{name: value for name, value in given.items() if value != ""})
        return Reply(b"", 303, headers={"Location": "/"})

    def _body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def _send(self, reply: Reply, more: dict[str, str] | None = None) -> None:
        self.send_response(reply.status)
        usual = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        for name, value in {**usual, **reply.headers, **(more or {})}.items():
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


def _nothing() -> Reply:
    return Reply(b"Not here.", 404, "text/plain; charset=utf-8")

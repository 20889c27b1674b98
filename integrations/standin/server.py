"""The HTTP side: keep-alive, the steering of faults, and the faults that happen to a connection."""

import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from .faults import Faults
from .wire import Reply, Request, as_json, redirect

FAULTS = "/sandbox/faults"


class App(Protocol):
    """What a stand-in answers."""

    @property
    def faults(self) -> Faults[Any]: ...

    def may_refuse(self, start: bytes) -> bool:
        """Whether a connection may be refused whose request begins like this: never the steering itself."""

    def answer(self, request: Request) -> Reply | None:
        """None: hang up without an answer."""


class Server(ThreadingHTTPServer):
    """Serves one stand-in on loopback."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, app: App) -> None:
        self.app = app
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
        start = self.rfile.peek(1)[:24]  # type: ignore[attr-defined]  # a BufferedReader, typed as BufferedIOBase
        if start and self.server.app.may_refuse(start) and self.server.app.faults.take("refuse"):
            self._reset()
            return
        super().handle_one_request()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): str(value) for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        request = Request(self.command, path, query, body, headers)
        reply = self._steer(request) if path == FAULTS else self.server.app.answer(request)
        if reply is None:
            self.close_connection = True
        else:
            self._send(reply)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _steer(self, request: Request) -> Reply:
        faults = self.server.app.faults
        if request.method == "DELETE":
            faults.clear(request.fields.get("fault"))
        if request.method != "POST":
            return as_json(faults.show())
        try:
            self._set_fault(request.given)
        except (ValueError, TypeError, KeyError) as error:
            return as_json({"error": str(error)}, 400)
        return as_json(faults.show()) if request.is_json else redirect("/")

    def _set_fault(self, given: dict[str, Any]) -> None:
        """The arguments of `Faults.set`, or {"clear": ...}."""
        faults = self.server.app.faults
        if given.pop("clear", None):
            faults.clear()
        else:
            faults.set(given.pop("fault"), **{name: value for name, value in given.items() if value != ""})

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        usual = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        for name, value in {**usual, **reply.headers}.items():
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

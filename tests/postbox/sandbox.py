"""The postbox itself: a real server on a real socket, told beforehand how to answer."""

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass
class Answer:
    """`fault`: `cut` the connection after reading the request, or `hang` until the client gives up."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    fault: Literal["", "cut", "hang"] = ""


class Postbox(ThreadingHTTPServer):
    """Remembers what it was sent. `script` holds answers to the next requests, `always` to those after them."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: deque[Answer] = deque()
        self.always: Answer | None = None
        self.owner = "Ada"
        self.refuses = ""  # letters with this text are refused by number
        self.chokes_on = ""  # a bag with this text in it is refused whole, naming nobody
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.released = threading.Event()  # ends what hangs
        self.asked = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    @property
    def bags(self) -> list[list[int]]:
        """Numbers of the letters of each call."""
        return [sorted(letter["id"] for letter in request["letters"]) for request in self.requests if request]

    @property
    def texts(self) -> list[str]:
        return [letter["text"] for request in self.requests if request for letter in request["letters"]]

    def answer(self, request: dict[str, Any]) -> Answer:
        if self.script:
            return self.script.popleft()
        if self.always:
            return self.always
        if not request:
            return Answer(body=json.dumps({"owner": self.owner}))
        letters = request["letters"]
        if self.chokes_on and any(self.chokes_on in letter["text"] for letter in letters):
            return Answer(422, "Something in this bag is wrong.")
        refused = {n["id"]: "unwanted" for n in letters if self.refuses and self.refuses in n["text"]}
        return Answer(body=json.dumps({"refused": refused}))

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, *args: Any) -> None:
        """A client that gave up is none of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Postbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(json.loads(body))

    def do_GET(self) -> None:
        self.reply({})

    def reply(self, request: dict[str, Any]) -> None:
        self.server.requests.append(request)
        self.server.headers.append(dict(self.headers))
        answer = self.server.answer(request)
        self.server.asked.set()
        if answer.fault == "hang":
            self.server.released.wait(10)
        if answer.fault:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *args: Any) -> None:
        pass

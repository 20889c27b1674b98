"""A stand-in for a receiver: checks signatures by the specification, keeps what it was sent, answers as it is told."""

import json
import socket
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import HMAC, compare_digest
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs

PORT = 8071
SECRET = "whsec_" + b64encode(b"known to everybody, as a demo is").decode()
TOLERANCE = 300  # seconds between their clock and ours
SHOWN = 100
ANSWERS = {"Accept": 204, "Gone (410)": 410, "Too fast (429)": 429, "Fail (500)": 500, "Be away (503)": 503}


@dataclass
class Answer:
    """`fault`: `cut` the connection after reading the message, or `hang` until the sender gives up."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: Literal["", "cut", "hang"] = ""


@dataclass(frozen=True)
class Received:
    """A message as it came; `genuine` says whether one of its signatures is right."""

    path: str
    headers: dict[str, str]
    body: bytes
    genuine: bool
    at: datetime = field(default_factory=datetime.now)

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def payload(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver(ThreadingHTTPServer):
    """Answers with what `script` holds, then with `always`."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, port: int = 0, secret: str = SECRET) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.secret = secret
        self.received: list[Received] = []
        self.script: deque[Answer] = deque()
        self.always = Answer()
        self.connections = 0
        self.released = threading.Event()  # ends what hangs

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def start(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def is_genuine(self, headers: dict[str, str], body: bytes) -> bool:
        """As the specification says: of several signatures one must be right, and the timestamp near."""
        message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
            return False
        key = b64decode(self.secret.partition("_")[2])
        mac = HMAC(key, b".".join([message_id.encode(), timestamp.encode(), body]), sha256)
        wanted = "v1," + b64encode(mac.digest()).decode()
        return any(compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split(" "))

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, *args: Any) -> None:
        """A sender that gave up is none of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/sandbox/answer":
            self.server.always = Answer(int(parse_qs(body.decode())["status"][0]))
            self.reply(Answer(303, {"Location": "/"}))
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.received.append(Received(self.path, headers, body, self.server.is_genuine(headers, body)))
            self.reply(self.server.script.popleft() if self.server.script else self.server.always)

    def do_GET(self) -> None:
        page = _PAGE.format(buttons=buttons(), state=self.server.always.status, rows=rows(self.server.received))
        self.reply(Answer(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()))

    def reply(self, answer: Answer) -> None:
        if answer.fault == "hang":
            self.server.released.wait(10)
        if answer.fault:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *args: Any) -> None:
        pass


# --- the page for people ----------------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Webhook receiver</title><link rel="icon" href="data:,">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }}
h1 {{ font-size: 1.4rem }} td {{ padding: .3rem .6rem; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }}
form {{ display: inline }} button {{ font: inherit; padding: .2rem .7rem }}
</style>
<h1>A receiver of webhooks</h1>
<p>{buttons}<br>It answers HTTP {state}.</p>
<table><tr><th>At<th>Signature<th>Type<th>Message<th>Id</tr>{rows}</table>
</html>
"""


def buttons() -> str:
    button = '<form method="post" action="/sandbox/answer"><button name="status" value="{}">{}</button></form>'
    return " ".join(button.format(status, label) for label, status in ANSWERS.items())


def rows(received: list[Received]) -> str:
    return "".join(row(message) for message in reversed(received[-SHOWN:]))


def row(message: Received) -> str:
    payload = message.payload
    said = payload.get("text") or ", ".join(str(v) for v in list(payload.get("data", {}).values())[1:3])
    signature = "right" if message.genuine else "wrong" if "webhook-signature" in message.headers else "none"
    cells = [f"{message.at:%H:%M:%S}", signature, str(payload.get("type", "")), said, message.id]
    return f"<tr>{''.join(f'<td>{escape(cell)}' for cell in cells)}</tr>\n"


# --- as the demo and `manage.py sandbox` use it -----------------------------------------------------------------------


def start(folder: Path, *, port: int = PORT) -> Receiver:
    """Listen until it is closed; what came is kept in memory only. Raises OSError when the port is taken."""
    return Receiver(port).start()


def settings_for(peer: Receiver) -> dict[str, Any]:
    """It is told of incidents, too."""
    return {"alert_url": f"{peer.url}alerts"}


def accounts_for(peer: Receiver) -> dict[str, dict[str, Any]]:
    """An endpoint that is told of everything."""
    events = ["lead.captured", "lead.changed", "lead.forgotten"]
    return {"demo": {"url": f"{peer.url}webhooks", "events": events, "secret": SECRET}}

"""The page over HTTP: what it shows, and what its buttons do."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from . import page
from .faults import Faults
from .letterbox import Letter, Letterbox

HTML = "text/html; charset=utf-8"
# A letter is somebody else's HTML: it runs nothing and fetches nothing; its links open in a tab of their own.
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
)
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'"


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], letterbox: Letterbox, faults: Faults) -> None:
        super().__init__(address, Handler)
        self.letterbox = letterbox
        self.faults = faults

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *args: Any) -> None:
        """A reader that went away is none of ours."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Web

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        match parts:
            case [""]:
                self.reply(page.overview(self.server.letterbox, self.server.faults))
            case ["letters.json"]:
                self.reply(json.dumps(self.as_json(), indent=1), "application/json")
            case ["letters", number, *part] if letter := self.letter(number):
                self.show(letter, part)
            case _:
                self.reply("Not here.", "text/plain", status=404)

    def letter(self, number: str) -> Letter | None:
        return self.server.letterbox.get(int(number)) if number.isdecimal() else None

    def show(self, letter: Letter, part: list[str]) -> None:
        attachments = page.attachments(letter)
        match part:
            case []:
                self.reply(page.letter(letter))
            case ["html"]:
                self.reply(page.html_of(letter), policy=LETTER_POLICY)
            case ["letter.eml"]:
                self.download(letter.raw, "letter.eml", "message/rfc822")
            case ["attachments", number] if number.isdecimal() and int(number) < len(attachments):
                name, _, content = attachments[int(number)]
                self.download(content, name, "application/octet-stream")
            case _:
                self.reply("Not here.", "text/plain", status=404)

    def as_json(self) -> dict[str, Any]:
        box, faults = self.server.letterbox, self.server.faults
        return {
            "letters": [page.summary(letter) for letter in box],
            "duplicates": box.duplicates,
            "faults": faults.show(),
            "met": dict(faults.met),
        }

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "/sandbox/faults": self.set_fault,
            "/sandbox/refuse": lambda given: self.server.faults.refuse(given["address"], given["answer"]),
            "/sandbox/clear": lambda given: self.server.faults.clear(),
            "/sandbox/forget": lambda given: self.server.letterbox.forget(),
        }
        try:
            actions[self.path](self.given(body))
        except (KeyError, TypeError, ValueError) as error:
            self.reply(str(error), "text/plain", status=400)
        else:
            self.reply("", status=303, headers={"Location": "/"})

    def given(self, body: str) -> dict[str, Any]:
        """A form or JSON."""
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return dict(json.loads(body)) if is_json else dict(parse_qsl(body))

    def set_fault(self, given: dict[str, Any]) -> None:
        """`{"fault": kind, "value": ..., "share": ..., "times": ...}`"""
        self.server.faults.set(given.pop("fault"), given.pop("value", True), **given)

    def download(self, content: bytes, name: str, kind: str) -> None:
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        self.reply(content, kind, headers={"Content-Disposition": disposition})

    def reply(
        self,
        body: str | bytes,
        kind: str = HTML,
        *,
        status: int = 200,
        policy: str = PAGE_POLICY,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = body.encode(errors="replace") if isinstance(body, str) else body
        self.send_response(status)
        usual = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in {**usual, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass

"""Plain callers of the stand-in Odoo, over real sockets and with nothing of our own client."""

import json
import urllib.error
import urllib.request
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from integrations.odoo.sandbox import OdooSandbox


class Rpc:
    """XML-RPC as one user; a call that faults returns (code, last line or text)."""

    def __init__(
        self, peer: OdooSandbox, login: str = "", key: str = "", context: dict[str, Any] | None = None
    ) -> None:
        self.peer, self.key, self.context = peer, key or peer.api_key, context or {}
        self.common = ServerProxy(f"{peer.url}/xmlrpc/2/common")
        self.object = ServerProxy(f"{peer.url}/xmlrpc/2/object", allow_none=True)
        self.uid: Any = self.common.authenticate(peer.database, login or peer.username, self.key, {})

    def __call__(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("context", self.context)
        return self.object.execute_kw(self.peer.database, self.uid, self.key, model, method, args, kwargs)

    def fault(self, model: str, method: str, *args: Any, **kwargs: Any) -> tuple[int, str]:
        """The fault a call ends with; of a traceback the last line."""
        return fault_of(self, model, method, *args, **kwargs)


def fault_of(call: Any, *args: Any, **kwargs: Any) -> tuple[int, str]:
    try:
        answer = call(*args, **kwargs)
    except Fault as fault:
        text = fault.faultString
        is_traceback = text.startswith("Traceback (most recent call last):")
        return fault.faultCode, text.strip().splitlines()[-1] if is_traceback else text
    raise AssertionError(f"no fault, but {answer!r}")


def fetch(url: str, *, data: bytes | None = None, method: str = "", **headers: str) -> tuple[int, str, str]:
    """(status, content type, text), whatever the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=data, headers=named, method=method or None)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def json2(peer: OdooSandbox, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """A JSON-2 call as the peer's own user: (status, answer)."""
    named = {"Authorization": f"bearer {peer.api_key}", "Content_Type": "application/json"} | headers
    status, _, text = fetch(
        f"{peer.url}/json/2/{path}", data=json.dumps({} if body is None else body).encode(), **named
    )
    return status, json.loads(text)

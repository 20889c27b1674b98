"""The postbox's wire: one call, which posts letters and is told which of them were refused."""

from typing import Any

import requests

from integrations import errors, http
from integrations.gate import Gate


class PostboxClient:
    def __init__(self, url: str, token: str, gate: Gate, box: str = "") -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.gate = gate
        self.box = box

    def post(self, operation: str, letters: list[dict[str, Any]]) -> dict[int, str]:
        """{id: reason} of the letters that were refused."""
        answer = self.gate.call(
            operation,
            lambda timeout: self.ask("POST", "/letters", timeout, json={"letters": letters}),
            translate=http.translate,
            size=len(letters),
        )
        return {int(number): reason for number, reason in answer["refused"].items()}

    def owner(self) -> str:
        answer = self.gate.call(
            "read_owner",
            lambda timeout: self.ask("GET", "/owner", timeout),
            translate=http.translate,
            reads_only=True,
        )
        return str(answer["owner"])

    def ask(self, method: str, path: str, timeout: float, **kwargs: Any) -> Any:
        send = http.post if method == "POST" else http.get
        headers = {"Authorization": f"Bearer {self.token}", "X-Box": self.box}
        response = send(self.url + path, timeout=timeout, headers=headers, **kwargs)
        self.raise_for_status(response)
        return response.json()

    def raise_for_status(self, response: requests.Response) -> None:
        http.raise_for_status(response)
        match response.status_code:
            case 401:
                raise errors.Misconfigured(response.text)
            case 403:
                raise errors.Misconfigured(response.text, operation="post_letters")
            case 409:
                raise errors.Conflict(response.text)
            case 410:
                raise errors.Gone(response.text)
            case 422:
                raise errors.Rejected(response.text)

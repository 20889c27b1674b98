"""The stand-in on a socket, driven by Stripe's own library, and an endpoint that is told of events."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import SECRET_KEY, WEBHOOK_SECRET, StripeSandbox

BACK = "https://payer.example/back"


@pytest.fixture
def peer() -> Iterator[StripeSandbox]:
    with StripeSandbox() as peer:
        yield peer


@pytest.fixture
def client(peer: StripeSandbox) -> StripeClient:
    return client_for(peer)


def client_for(peer: StripeSandbox, key: str = SECRET_KEY) -> StripeClient:
    return StripeClient(key, base_addresses={"api": peer.url}, max_network_retries=0)


def create(client: StripeClient, amount: int = 2000, *, key: str = "", **more: Any) -> Any:
    """An intent of so many cents."""
    params = {"amount": amount, "currency": "eur", "automatic_payment_methods": {"enabled": True}, **more}
    return client.v1.payment_intents.create(params, {"idempotency_key": key} if key else {})  # type: ignore[arg-type]


def confirm(client: StripeClient, intent: Any, method: str = "pm_card_visa") -> Any:
    return client.v1.payment_intents.confirm(intent.id, {"payment_method": method, "return_url": BACK})


class Endpoint(ThreadingHTTPServer):
    """Keeps what it is told, with whether it was signed; answers with what `script` holds, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret = WEBHOOK_SECRET
        self.script: list[int] = []
        self.received: list[tuple[bytes, str]] = []
        self._arrived = threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, body: bytes, header: str) -> int:
        self.received.append((body, header))
        status = self.script.pop(0) if self.script else 200
        self._arrived.release()
        return status

    def wait(self) -> None:
        """For one more event than at the last time."""
        assert self._arrived.acquire(timeout=10)

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook/"

    @property
    def events(self) -> list[Any]:
        """Verified by Stripe's own library, in the order of arrival. Raises when one is not genuine."""
        return [stripe.Webhook.construct_event(body, header, self.secret) for body, header in self.received]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.take(body, self.headers["Stripe-Signature"]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint(peer: StripeSandbox) -> Iterator[Endpoint]:
    endpoint = Endpoint()
    peer.add_endpoint(endpoint.url)
    yield endpoint
    endpoint.close()

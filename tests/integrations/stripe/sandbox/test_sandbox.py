"""The stand-in as a whole: its page, its memory, what it never keeps, and as a process of its own."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import (
    StripeSandbox,
    settings_for,
    start,
)

from .conftest import BACK, Endpoint, client_for, create


def page(peer: StripeSandbox, path: str = "/") -> str:
    return requests.get(f"{peer.url}{path}", timeout=5).text


def press(peer: StripeSandbox, button: str, **form: str) -> requests.Response:
    return requests.post(f"{peer.url}/sandbox/{button}", form, timeout=5)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_page_lists_the_payments_newest_first(peer: StripeSandbox, client: StripeClient) -> None:
    for amount in (1000, 2000):
        create(client, amount)

    assert re.findall(r"<td>(€.*?)<", page(peer)) == ["€20.00", "€10.00"]
    assert "2 payments" in page(peer)


def test_page_escapes_what_payments_say(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client, description="<script>alert(1)</script>", metadata={"a": "<b>"})

    for text in (page(peer), page(peer, f"/payments/{intent.id}")):
        assert "<script>" not in text
        assert "<b>" not in text


def test_page_of_a_payment_tells_what_happened(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    intent = create(client)
    peer.pay(intent.id)
    peer.refund(intent.id, 500)
    peer.dispute(intent.id)
    assert peer.webhooks.wait_idle()

    text = page(peer, f"/payments/{intent.id}")

    assert "succeeded, €5.00 refunded, disputed" in text
    assert "visa …4242" in text
    assert text.count("delivered 200") == len(peer.records("events"))


@pytest.mark.parametrize("ends", ["succeeded", "failed"])
def test_buttons_settle_a_debit(peer: StripeSandbox, client: StripeClient, ends: str) -> None:
    intent = create(client)
    peer.pay(intent.id, "pm_success_de")

    press(peer, "settle", id=intent.id, ends=ends)

    wanted = {"succeeded": "succeeded", "failed": "requires_payment_method"}
    assert client.v1.payment_intents.retrieve(intent.id).status == wanted[ends]


def test_buttons_refund_dispute_and_close(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)
    peer.pay(intent.id)

    press(peer, "refund", id=intent.id, amount="500")
    press(peer, "dispute", id=intent.id)
    (dispute,) = peer.records("disputes")
    shown = press(peer, "close_dispute", id=dispute["id"], status="won", back=f"/payments/{intent.id}").text

    assert (peer.records("refunds")[0]["amount"], peer.records("disputes")[0]["status"]) == (500, "won")
    assert "€5.00 refunded" in shown


def test_buttons_hold_release_and_resend_events(peer: StripeSandbox, client: StripeClient) -> None:
    told = Endpoint()
    press(peer, "endpoints", url=told.url)
    assert "Faults in force: fault: webhook_hold" in press(peer, "faults", fault="webhook_hold").text
    create(client)

    assert "Release 1 held events" in press(peer, "faults", clear="1").text
    press(peer, "release")
    press(peer, "resend", id=peer.records("events")[0]["id"])

    assert peer.webhooks.wait_idle()
    assert len(told.events) == 2
    told.close()


@pytest.mark.parametrize(
    ("button", "form"),
    [
        ("settle", {"id": "pi_1", "ends": "succeeded"}),
        ("settle", {}),
        ("refund", {"id": "pi_1", "amount": "x"}),
        ("close_dispute", {"id": "du_1", "status": "forgotten"}),
    ],
)
def test_nonsense_is_a_bad_request(peer: StripeSandbox, button: str, form: dict[str, str]) -> None:
    assert press(peer, button, **form).status_code == 400


@pytest.mark.parametrize(
    "path", ["/nowhere", "/payments/pi_1", "/receipts/ch_1", "/challenge/pi_1", "/elements/../peer.py"]
)
def test_what_is_not_there_is_404(peer: StripeSandbox, path: str) -> None:
    assert requests.get(f"{peer.url}{path}", timeout=5).status_code == 404


def test_receipt_tells_what_was_paid(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)
    charge = client.v1.charges.retrieve(peer.pay(intent.id)["latest_charge"])

    assert charge.receipt_url is not None
    assert "€20.00 paid" in requests.get(charge.receipt_url, timeout=5).text


# --- what it keeps ----------------------------------------------------------------------------------------------------


def test_records_outlive_the_stand_in_in_a_file(tmp_path: Path) -> None:
    with StripeSandbox(path=tmp_path / "stripe.db") as first:
        intent = create(client_for(first), key="k")
        first.pay(intent.id)

    with StripeSandbox(path=tmp_path / "stripe.db") as second:
        client = client_for(second)
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
        assert create(client, key="k").id == intent.id
        assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 2000
        kinds = [event["type"] for event in second.records("events")]

    assert kinds[:3] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_event_that_was_not_taken_is_sent_after_a_restart(tmp_path: Path) -> None:
    endpoint = Endpoint()
    endpoint.script = [500]
    with StripeSandbox(path=tmp_path / "stripe.db") as first:
        first.webhooks.waits = (60,)
        first.add_endpoint(endpoint.url)
        intent = create(client_for(first))
        endpoint.wait()

    with StripeSandbox(path=tmp_path / "stripe.db") as second:
        assert second.webhooks.wait_idle()

    assert [event.data.object["id"] for event in endpoint.events] == [intent.id] * 2
    endpoint.close()


def test_refused_call_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    wanted = {"confirm": True, "payment_method": "pm_x", "return_url": BACK}
    with StripeSandbox(path=tmp_path / "stripe.db") as first, pytest.raises(stripe.InvalidRequestError):
        create(client_for(first), **wanted)

    with StripeSandbox(path=tmp_path / "stripe.db") as second:
        assert second.records("payment_intents") == second.records("events") == []


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "ends"), [("pm_success_de", "succeeded"), ("pm_failed_de", "requires_payment_method")]
)
def test_debit_ends_by_itself(method: str, ends: str) -> None:
    endpoint = Endpoint()
    with StripeSandbox(settle_after=0.01) as peer:
        peer.add_endpoint(endpoint.url, events=["payment_intent.succeeded", "payment_intent.payment_failed"])
        intent = create(client_for(peer))
        assert peer.pay(intent.id, method)["status"] == "processing"
        endpoint.wait()

        assert peer.get("payment_intents", intent.id)["status"] == ends
    endpoint.close()


def test_debit_ends_after_a_restart(tmp_path: Path) -> None:
    endpoint = Endpoint()
    with StripeSandbox(path=tmp_path / "db") as first:
        first.add_endpoint(endpoint.url, events=["payment_intent.succeeded"])
        intent = create(client_for(first))
        first.pay(intent.id, "pm_success_de")

    with StripeSandbox(path=tmp_path / "db", settle_after=0.01) as second:
        endpoint.wait()
        assert second.get("payment_intents", intent.id)["status"] == "succeeded"
    endpoint.close()


def test_many_buyers_at_once_are_each_charged_once(peer: StripeSandbox) -> None:
    def buy(number: int) -> None:
        client = client_for(peer)
        for _ in range(2):
            intent = create(client, 1000 + number, key=f"payment-{number}")
        peer.pay(intent.id)

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    charged = sorted(charge["amount"] for charge in peer.records("charges"))
    assert charged == [1000 + number for number in range(30)]


# --- as others start it -----------------------------------------------------------------------------------------------


def test_demo_is_told_how_to_connect_and_tells_this_site(tmp_path: Path, settings: Any) -> None:
    settings.SITE_URL = "http://127.0.0.1:1"
    peer = start(tmp_path, port=0)

    values = settings_for(peer)
    client = StripeClient(values["secret_key"], base_addresses={"api": values["api_url"]})

    assert [row.url for row in client.v1.webhook_endpoints.list().data] == ["http://127.0.0.1:1/webhooks/stripe/"]
    assert "window.Stripe" in requests.get(values["js_url"], timeout=5).text
    peer.close()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_process_tells_its_address_and_stops_on_a_signal(stop: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "integrations.stripe.sandbox", "--port", "0", "--path", str(tmp_path / "db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        status = requests.get(url, timeout=5).status_code
        process.send_signal(stop)

    assert (status, process.returncode) == (200, 0)

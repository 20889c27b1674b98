"""What a payer's browser asks for: Stripe.js, the form in its frame, the bank's page for 3-D Secure, and receipts."""

from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from integrations.standin.store import Record
from integrations.standin.wire import Reply

from . import charging
from .books import Account
from .errors import ApiError
from .money import words

FOLDER = Path(__file__).parent / "elements"
SCRIPTS = {
    "/endive/stripe.js": "stripe.js",
    "/v3/": "stripe.js",
    "/v3": "stripe.js",
    "/elements/payment.js": "payment.js",
    "/elements/words.js": "words.js",
    "/elements/done.js": "done.js",
}
# Our frames stand in anybody's page, and fetch from here only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "form-action *; base-uri 'none'"
)
CHALLENGE = {
    "en": ("3D Secure 2 test page", "This is what your bank would ask of you.", "Complete", "Fail"),
    "de": ("3D-Secure-Testseite", "Das würde Ihre Bank von Ihnen wissen wollen.", "Abschließen", "Scheitern"),
}


def get(account: Account, path: str, query: dict[str, str], language: str = "en") -> Reply | None:
    if path in SCRIPTS:
        return Reply(_file(SCRIPTS[path]).encode(), content_type="text/javascript; charset=utf-8", headers=_FRESH)
    if path == "/elements/payment":
        return html(_file("payment.html"))
    kind, _, record_id = path.strip("/").partition("/")
    if kind == "challenge":
        return _challenge(account, record_id, query, language)
    return _receipt(account, record_id) if kind == "receipts" else None


def post(account: Account, path: str, form: dict[str, Any]) -> Reply | None:
    """{"client_secret", "passed", "in_frame"}: what the payer did on the bank's page."""
    kind, _, intent_id = path.strip("/").partition("/")
    if kind != "challenge":
        return None
    intent = _intent(account, intent_id, form)
    with account.books(live=intent["livemode"]) as books:
        intent = charging.answer_challenge(books, books.get("payment_intents", intent_id), passed=bool(form["passed"]))
    if form.get("in_frame") or not intent.get("_return_url"):
        return html(_file("done.html"))
    return Reply(b"", 303, headers={"Location": _back(intent["_return_url"], intent)})


def html(text: str, status: int = 200) -> Reply:
    return Reply(text.encode(), status, "text/html; charset=utf-8", {**_FRESH, "Content-Security-Policy": POLICY})


_FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text()


def _challenge(account: Account, intent_id: str, query: dict[str, str], language: str) -> Reply:
    intent = _intent(account, intent_id, query)
    title, text, complete, fail = CHALLENGE.get(language, CHALLENGE["en"])
    page = _file("challenge.html").format(
        language=language if language in CHALLENGE else "en",
        title=title,
        text=f"{text} {escape(words(intent['amount'], intent['currency']))}",
        secret=escape(intent["client_secret"]),
        in_frame=escape(query.get("in_frame", "")),
        complete=complete,
        fail=fail,
    )
    return html(page)


def _intent(account: Account, intent_id: str, given: dict[str, str]) -> Record:
    """Raises ApiError unless the asker knows its client secret."""
    intent = account.store.table("payment_intents").get(intent_id)
    if intent is None or given.get("client_secret") != intent["client_secret"]:
        raise ApiError("No such payment.", status=404)
    return intent


def _back(return_url: str, intent: Record) -> str:
    """Where the payer came from, with what became of it. A page must not believe it: anybody can type it."""
    status = {"succeeded": "succeeded", "processing": "pending"}.get(intent["status"], "failed")
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": status,
    }
    parts = urlsplit(return_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *told.items()])))


def _receipt(account: Account, charge_id: str) -> Reply | None:
    charge = account.store.table("charges").get(charge_id)
    if charge is None:
        return None
    amount, back = (words(charge[name], charge["currency"]) for name in ("amount", "amount_refunded"))
    page = f"<!doctype html>\n<html lang=en>\n<title>Receipt</title>\n<h1>Receipt</h1>\n<p>{escape(amount)} paid"
    return html(f"{page}, {escape(back)} refunded.</p>\n</html>\n")

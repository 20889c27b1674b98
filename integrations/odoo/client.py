"""Odoo's external API, the wire and nothing else: XML-RPC below 19, JSON-2 from 19, both over our own HTTP session.

`xmlrpc.client` serves for the words only: its transport would send a request twice when a connection drops.
All facts about answers and faults were measured on Odoo 16.0 and 19.0.
"""

import re
import xmlrpc.client
from functools import partial
from typing import Any
from xml.parsers.expat import ExpatError

import requests
from django.utils.translation import gettext as _

from integrations import errors, http
from integrations.gate import Gate
from integrations.memory import Memory

from .settings import OdooSettings

# Messages and display names in one language, and times as the UTC that we send.
CONTEXT = {"lang": "en_US", "tz": "UTC"}
# Makes `load` two to three times faster and adds nobody as a follower.
QUIET = {"tracking_disable": True, "mail_create_nosubscribe": True, "mail_create_nolog": True}

# What PostgreSQL says through Odoo: another transaction is at the same rows, or it is away itself.
BUSY = re.compile("could not serialize access|deadlock detected|could not obtain lock|due to lock timeout")
DOWN = re.compile(
    r"^psycopg2\.(OperationalError|InterfaceError)|^connection to server|^server closed the connection|"
    "terminating connection due to|The Connection Pool Is Full"
)
FULL = re.compile("not enough seats")
NO_RIGHT = re.compile("AccessError|[Yy]ou are not allowed to|stumbled upon some top-secret records")

Row = dict[str, Any]


class OdooClient:
    """One account of one Odoo. Every method goes through the gate and raises IntegrationError only.

    Version and user id are asked once and kept in `memory`. A missing right bars `operation`, if that is given.
    """

    def __init__(self, settings: OdooSettings, gate: Gate, memory: Memory, *, operation: str | None = None) -> None:
        self.operation = operation
        self.settings = settings
        self.gate = gate
        self.memory = memory
        self.key = settings.api_key.get_secret_value()

    # --- who and what is there --------------------------------------------------------------------------------------

    def version(self) -> str:
        """Such as "16.0" or "19.0"; needs no credentials."""
        return str(self.memory.recall("version", self._ask_version))

    def _ask_version(self) -> str:
        def send(timeout: float) -> str:
            response = http.get(f"{self.settings.base_url}/web/version", timeout=timeout)
            http.raise_for_status(response)
            if response.ok and "json" in response.headers.get("Content-Type", ""):
                answer = response.json()
                if isinstance(answer, dict) and "version" in answer:
                    return str(answer["version"])
            return str(self._xmlrpc("common", "version", [], timeout)["server_version"])

        return self.gate.call("version", send, translate=translate, reads_only=True)

    @property
    def speaks_json(self) -> bool:
        if self.settings.transport != "auto":
            return self.settings.transport == "json2"
        return int(re.match(r"(?:saas~)?(\d+)|", self.version())[1] or 0) >= 19  # type: ignore[index]

    def user_id(self) -> int:
        """Our user's id there. Raises Misconfigured when the credentials are refused."""
        return int(self.memory.recall("uid", self._ask_user_id))

    def _ask_user_id(self) -> int:
        if self.speaks_json:
            return int(self.call("res.users", "context_get", reads_only=True)["uid"])
        login = [self.settings.database, self.settings.username, self.key, {}]

        def send(timeout: float) -> int:
            # Odoo answers False, not a fault, to a wrong password.
            uid = self._xmlrpc("common", "authenticate", login, timeout)
            if not isinstance(uid, int) or not uid:
                raise errors.Misconfigured(_("Odoo refuses the user name or the API key."))
            return uid

        return self.gate.call("authenticate", send, translate=translate, reads_only=True)

    # --- what a service asks and tells --------------------------------------------------------------------------------

    def fields(self, model: str) -> list[str]:
        """Names of the fields that this Odoo has, and we may see."""
        return sorted(self.call(model, "fields_get", attributes=["type"], reads_only=True))

    def choices(self, model: str, field: str) -> list[str]:
        """The values that a field may have; none where this Odoo has no such field."""
        told = self.call(model, "fields_get", allfields=[field], attributes=["selection"], reads_only=True)
        return [value for value, _label in told.get(field, {}).get("selection", [])]

    def search_read(self, model: str, domain: list[Any], fields: list[str], **context: Any) -> list[Row]:
        answer: list[Row] = self.call(
            model, "search_read", domain=domain, fields=fields, context=context, reads_only=True
        )
        return answer

    def page(self, model: str, domain: list[Any], fields: list[str], *, size: int, **context: Any) -> list[Row]:
        """The first `size` by id, archived ones too."""
        context = {"active_test": False, **context}
        answer: list[Row] = self.call(
            model,
            "search_read",
            domain=domain,
            fields=fields,
            limit=size,
            order="id",
            context=context,
            reads_only=True,
        )
        return answer

    def read(self, model: str, ids: list[int], fields: list[str]) -> dict[int, Row]:
        """{id: row}; deleted ones are missing, archived ones are there."""
        rows: list[Row] = self.call(
            model, "read", ids=ids, fields=fields, context={"active_test": False}, reads_only=True, size=len(ids)
        )
        return {row["id"]: row for row in rows}

    def load(self, model: str, fields: list[str], rows: list[list[str]]) -> Row:
        """Create or update in one transaction: {"ids": [...] or False, "messages": [...]}. Cells are strings.

        With external ids in column "id" it is safe to repeat.
        """
        context = {**QUIET, "active_test": False}
        answer: Row = self.call(model, "load", fields=fields, data=rows, context=context, size=len(rows))
        return answer

    def may(self, model: str, operation: str) -> bool:
        """Whether our user may create, read or write records of `model`."""
        return bool(
            self.call(model, "check_access_rights", operation=operation, raise_exception=False, reads_only=True)
        )

    # --- the two transports ---------------------------------------------------------------------------------------

    def call(
        self,
        model: str,
        method: str,
        *,
        ids: list[int] | None = None,
        context: Row | None = None,
        reads_only: bool = False,
        size: int | None = None,
        **arguments: Any,
    ) -> Any:
        """Call a model's method with named arguments."""
        arguments["context"] = {**CONTEXT, **(context or {})}
        speak = self._call_json if self.speaks_json else self._call_xmlrpc
        uid = 0 if self.speaks_json else self.user_id()
        return self.gate.call(
            f"{model}.{method}",
            lambda timeout: speak(uid, model, method, ids, arguments, timeout),
            translate=partial(translate, operation=self.operation),
            reads_only=reads_only,
            size=size,
        )

    def _call_xmlrpc(
        self, uid: int, model: str, method: str, ids: list[int] | None, arguments: Row, timeout: float
    ) -> Any:
        positional = [] if ids is None else [ids]
        account = [self.settings.database, uid, self.key]
        return self._xmlrpc("object", "execute_kw", [*account, model, method, positional, arguments], timeout)

    def _xmlrpc(self, service: str, method: str, arguments: list[Any], timeout: float) -> Any:
        body = xmlrpc.client.dumps(tuple(arguments), method, encoding="utf-8").encode()
        response = http.post(
            f"{self.settings.base_url}/xmlrpc/2/{service}",
            data=body,
            headers={"Content-Type": "text/xml"},
            timeout=timeout,
        )
        http.raise_for_status(response)
        if not response.ok:
            raise _cut_off(response.status_code)
        answer, _method = xmlrpc.client.loads(response.content)
        return answer[0]

    def _call_json(
        self, _uid: int, model: str, method: str, ids: list[int] | None, arguments: Row, timeout: float
    ) -> Any:
        body = arguments if ids is None else {"ids": ids, **arguments}
        response = http.post(
            f"{self.settings.base_url}/json/2/{model}/{method}",
            json=body,
            headers={"Authorization": f"bearer {self.key}", "X-Odoo-Database": self.settings.database},
            timeout=timeout,
        )
        http.raise_for_status(response)
        if not response.ok:
            raise JsonFault(response)
        return response.json()


class NoSeats(errors.Conflict):
    """An event of theirs has no seat left: one may be free as soon as a cancellation has arrived there."""


class JsonFault(Exception):
    """An error of JSON-2: HTTP status and, unless a web page came instead, class and message."""

    def __init__(self, response: requests.Response) -> None:
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        body = body if isinstance(body, dict) else {}
        self.status = response.status_code
        self.name = str(body.get("name", "")).rsplit(".", 1)[-1]
        self.message = last_line(str(body.get("message", "")))
        super().__init__(self.message)


def translate(error: Exception, *, operation: str | None = None) -> Exception:
    """What Odoo answered, in our words; `operation` is what a missing right bars."""
    match error:
        case xmlrpc.client.Fault():
            return _fault(int(error.faultCode), last_line(error.faultString), operation)
        case JsonFault():
            return _json_fault(error, operation)
        case UnicodeEncodeError(encoding="latin-1") | requests.exceptions.InvalidHeader():
            return errors.Misconfigured(_("Odoo refuses the API key."))  # no header can carry it
        case ExpatError() | xmlrpc.client.ResponseError() | requests.exceptions.JSONDecodeError():
            return errors.Unavailable(_("The answer is not Odoo's: is the address right?"))
        case _:
            return http.translate(error)


def refusal(message: str, *, operation: str | None = None) -> errors.IntegrationError:
    """A refusal by its text: Odoo tells conflicts, missing rights and troubles of its own in words only."""
    if FULL.search(message):
        return NoSeats(message)
    if BUSY.search(message):
        return errors.Conflict(message)
    if DOWN.search(message):
        return errors.Unavailable(message)
    if NO_RIGHT.search(message):
        return errors.Misconfigured(without_class(message), operation=operation)
    return errors.Rejected(message)


def _fault(code: int, message: str, operation: str | None) -> errors.IntegrationError:
    """XML-RPC: 1 = anything, 2 = refused, 3 = unknown user or key, 4 = no right."""
    if code == 3:
        return errors.Misconfigured(_("Odoo refuses the user name or the API key."))
    if code == 4:
        return errors.Misconfigured(message, operation=operation)
    if re.search(r'FATAL: +database ".*" does not exist', message):
        return errors.Misconfigured(_("Odoo does not know this database."))
    if re.fullmatch(r"Object \S+ doesn't exist", message):
        return module_missing(message, operation)
    return refusal(message)


def _json_fault(error: JsonFault, operation: str | None) -> errors.IntegrationError:
    if error.status == 401:
        return errors.Misconfigured(_("Odoo refuses the API key."))
    if not error.name:
        return _web_page(error.status)
    if error.status == 403:
        return errors.Misconfigured(error.message, operation=operation)
    if error.name == "MissingError":
        return errors.Gone(error.message)
    if error.status == 404:
        return module_missing(error.message, operation)
    return refusal(error.message)


def module_missing(reason: str, operation: str | None) -> errors.Misconfigured:
    return errors.Misconfigured(_("A module is missing in Odoo: %(reason)s") % {"reason": reason}, operation=operation)


def _web_page(status: int) -> errors.IntegrationError:
    """A web page where JSON should be: not the database, not an Odoo, or a proxy that speaks for it."""
    if status == 404:
        return errors.Misconfigured(_("Odoo does not know this database, or has no JSON-2 API."))
    return _cut_off(status)


def _cut_off(status: int) -> errors.IntegrationError:
    """A proxy or a broken Odoo speaks. What is too much for it passes in smaller batches."""
    if status == 413:
        return errors.Rejected(_("Too much for one call (HTTP 413)."))
    return errors.Unavailable(_("Odoo answers HTTP %(status)s.") % {"status": status})


def last_line(text: str) -> str:
    """What a traceback ends with, without the paths before and the details after; sentences stay whole."""
    text = text.strip()
    if not text.startswith("Traceback"):
        return text
    ending = re.split(r'^ +File ".*\n(?: .*\n)*', text, flags=re.MULTILINE)[-1]
    return next(iter(ending.splitlines()), "Odoo failed without a reason.").strip()


def without_class(message: str) -> str:
    return re.sub(r"^Unknown error during import: <class '[\w.]+'>: ", "", message)


def first_message(messages: list[dict[str, Any]]) -> str:
    texts = [str(message.get("message", "")).strip() for message in messages]
    return next(iter(texts), "Odoo refused without a reason.")

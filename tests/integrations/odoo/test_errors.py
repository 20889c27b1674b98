"""What Odoo answers when something is wrong, as it was measured, and the class that each answer must end in."""

import json
import xmlrpc.client

import pytest
import requests

from integrations import errors
from integrations.odoo.client import JsonFault, refusal, translate

FRAMES = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/odoo/http.py", line 1579, in _serve_db
    return service_model.retrying(self._serve_ir_http, self.env)
           ^^^^^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3/dist-packages/odoo/api.py", line 464, in call_kw
    result = _call_kw_model(method, model, args, kwargs)
"""
RIGHTS = "You are not allowed to create 'Lead/Opportunity' (crm.lead) records.\n\nContact your administrator."


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (3, "Access Denied", "misconfigured"),
        (4, RIGHTS, "misconfigured"),
        (4, "Private methods (such as _compute_display_name) cannot be called remotely.", "misconfigured"),
        (2, "Object foo.bar doesn't exist", "misconfigured"),
        (2, "The closing date cannot be earlier than the beginning date.", "rejected"),
        (2, "The operation cannot be completed: Missing required value for the field 'Name' (name).", "rejected"),
        (1, "AttributeError: type object 'res.partner' has no attribute 'foo_bar'", "rejected"),
        (1, "ValueError: Wrong value for crm.lead.type: 'bogus'", "rejected"),
        (1, "xml.parsers.expat.ExpatError: not well-formed (invalid token): line 1, column 3", "rejected"),
        (1, "TypeError: cannot marshal None unless allow_none is enabled", "rejected"),
        (
            1,
            'psycopg2.OperationalError: connection to server failed: FATAL:  database "nodb" does not exist',
            "misconfigured",
        ),
        (
            1,
            'psycopg2.OperationalError: connection to server at "db" failed: Connection refused\n\tIs it running?',
            "unavailable",
        ),
        (
            1,
            "psycopg2.OperationalError: connection to server failed: FATAL:  the database system is starting up",
            "unavailable",
        ),
        (1, "psycopg2.pool.PoolError: The Connection Pool Is Full", "unavailable"),
        (
            1,
            "psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update\n\n",
            "conflict",
        ),
        (
            1,
            'psycopg2.errors.LockNotAvailable: could not obtain lock on row in relation "crm_lead"\nCONTEXT:  x',
            "conflict",
        ),
    ],
)
def test_faults_of_xmlrpc(code: int, text: str, kind: str) -> None:
    fault = xmlrpc.client.Fault(code, (FRAMES if code == 1 else "") + text)

    error = translate(fault)

    assert getattr(error, "kind", None) == kind
    assert not any(leak in str(error) for leak in ("Traceback", "File ", "/usr", "CONTEXT"))


@pytest.mark.parametrize(
    "message",
    [
        "Unknown error during import: <class 'odoo.exceptions.AccessError'>: You are not allowed to create leads.",
        "You are not allowed to modify 'Lead/Opportunity' (crm.lead) records.",
        "Due to security restrictions, you are not allowed to modify 'Lead/Opportunity' (crm.lead) records.",
    ],
)
def test_a_missing_right_told_by_load_is_for_a_human_to_mend(message: str) -> None:
    error = refusal(message, operation="push_leads")

    assert isinstance(error, errors.Misconfigured)
    assert (error.operation, error.message) == ("push_leads", message.rpartition(">: ")[2])


@pytest.mark.parametrize(
    ("status", "name", "message", "kind"),
    [
        (401, "werkzeug.exceptions.Unauthorized", "Invalid apikey", "misconfigured"),
        (403, "odoo.exceptions.AccessError", RIGHTS, "misconfigured"),
        (404, "werkzeug.exceptions.NotFound", "the model 'foo.bar' does not exist", "misconfigured"),
        (404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.", "gone"),
        (400, "werkzeug.exceptions.BadRequest", "could not parse the body as json: x", "rejected"),
        (422, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'domain'", "rejected"),
        (422, "odoo.exceptions.ValidationError", "There are not enough seats available for A", "conflict"),
        (500, "builtins.ValueError", "Invalid field 'address' in 'event.event'", "rejected"),
        (
            500,
            "psycopg2.errors.SerializationFailure",
            "could not serialize access due to concurrent update",
            "conflict",
        ),
        (500, "psycopg2.OperationalError", "connection to server failed: Connection refused", "unavailable"),
        (500, "psycopg2.pool.PoolError", "The Connection Pool Is Full", "unavailable"),
    ],
)
def test_errors_of_json2(status: int, name: str, message: str, kind: str) -> None:
    told = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": FRAMES}

    error = translate(JsonFault(answer(status, json.dumps(told))))

    assert getattr(error, "kind", None) == kind
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "misconfigured"), (413, "rejected"), (415, "unavailable"), (500, "unavailable")]
)
def test_web_pages_where_json_should_be(status: int, kind: str) -> None:
    error = translate(JsonFault(answer(status, "<html>No database is selected</html>", "text/html")))

    assert getattr(error, "kind", None) == kind


def test_json_that_is_no_error_of_odoo() -> None:
    error = translate(JsonFault(answer(500, '"broken"')))

    assert getattr(error, "kind", None) == "unavailable"


def answer(status: int, body: str, content_type: str = "application/json") -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers["Content-Type"] = content_type
    response._content = body.encode()
    return response

"""Odoo's errors: each knows its XML-RPC fault code, its JSON-2 status and its class name there."""


class OdooError(Exception):
    """Anything a call may end with; an unforeseen exception is turned into `CrashError`."""

    name = "builtins.Exception"
    code = 1
    status = 500

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""

    @property
    def debug(self) -> str:
        return _traceback(self.name, self.message)

    @property
    def fault(self) -> str:
        """The fault string: application errors leak a whole traceback, the user's errors only their text."""
        return self.debug if self.code == 1 else self.message


class UserError(OdooError):
    name, code, status = "odoo.exceptions.UserError", 2, 422


class ValidationError(UserError):
    name = "odoo.exceptions.ValidationError"


class RequiredError(ValidationError):
    """A NOT NULL constraint spoke; `load` words it differently from `create`, hence the two texts."""

    def __init__(self, message: str, *, field: str, short: str) -> None:
        super().__init__(message)
        self.field, self.short = field, short


class SeatsError(ValidationError):
    """The seats of an event do not suffice; Odoo 19 refuses the whole batch for it."""


class MissingError(UserError):
    name, status = "odoo.exceptions.MissingError", 404

    def __init__(self, model: str, record_id: int, uid: int) -> None:
        super().__init__(f"Record does not exist or has been deleted.\n(Record: {model}({record_id},), User: {uid})")


class AccessError(UserError):
    name, code, status = "odoo.exceptions.AccessError", 4, 403


class AccessDeniedError(OdooError):
    name, code, status = "odoo.exceptions.AccessDenied", 3, 401

    def __init__(self) -> None:
        super().__init__("Access Denied")


class CrashError(OdooError):
    """An exception Odoo did not foresee, under the name of its Python class."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class SerializationError(CrashError):
    """Two transactions touched the same rows; Odoo does not retry this inside `load`."""

    def __init__(self) -> None:
        super().__init__(
            "psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update\n"
        )


def wrap(error: Exception) -> OdooError:
    """The error as Odoo would report it."""
    if isinstance(error, OdooError):
        return error
    kind = type(error)
    module = "builtins" if kind.__module__ == "builtins" else kind.__module__
    return CrashError(f"{module}.{kind.__qualname__}", str(error))


def _traceback(name: str, message: str) -> str:
    frames = (
        ("http.py", 1579, "_serve_db", "return service_model.retrying(self._serve_ir_http, self.env)"),
        ("service/model.py", 134, "retrying", "result = func()"),
        ("api.py", 464, "call_kw", "result = _call_kw_model(method, model, args, kwargs)"),
    )
    lines = [
        f'  File "/usr/lib/python3/dist-packages/odoo/{file}", line {line}, in {function}\n    {code}\n'
        for file, line, function, code in frames
    ]
    return f"Traceback (most recent call last):\n{''.join(lines)}{name.removeprefix('builtins.')}: {message}"

"""Google's errors, as its Calendar API words them."""

from typing import Any


class ApiError(Exception):
    """A refusal; undoes what was done so far. `where` is the parameter or header that is to blame."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        parameter: str = "",
        header: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = code
        self.headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if code == 401 else {}
        told: dict[str, Any] = {"domain": domain, "reason": reason, "message": message}
        if parameter or header:
            told |= {"locationType": "parameter" if parameter else "header", "location": parameter or header}
        self.body = {"error": {"errors": [told], "code": code, "message": message, **more}}


def bad_parameter(name: str, message: str) -> ApiError:
    return ApiError(400, "invalidParameter", message, parameter=name)


def bad_request(message: str = "Bad Request", reason: str = "badRequest") -> ApiError:
    return ApiError(400, reason, message)


def unknown_field(path: str, name: str) -> ApiError:
    at = f" at '{path}'" if path else ""
    return bad_request(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')


def wrong_value(path: str, wanted: str, value: Any) -> ApiError:
    return bad_request(f"Invalid value at '{path}' ({wanted}), {value!r}")


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Not Found")


def unauthorized() -> ApiError:
    return ApiError(401, "authError", "Invalid Credentials", header="Authorization")


def scope_missing() -> ApiError:
    details: dict[str, Any] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    }
    message = "Request had insufficient authentication scopes."
    shown: dict[str, Any] = {"status": "PERMISSION_DENIED", "details": [details | {"domain": "googleapis.com"}]}
    return ApiError(403, "insufficientPermissions", message, **shown)


def access_missing(role: str) -> ApiError:
    message = f"You need to have {role} access to this calendar."
    return ApiError(403, "requiredAccessLevel", message, domain="calendar")


def not_organizer() -> ApiError:
    message = "Shared properties can only be changed by the organizer of the event."
    return ApiError(403, "forbiddenForNonOrganizer", message, domain="calendar")


def duplicate() -> ApiError:
    return ApiError(409, "duplicate", "The requested identifier already exists.")


def deleted() -> ApiError:
    return ApiError(410, "deleted", "Resource has been deleted")


def changed_meanwhile() -> ApiError:
    return ApiError(412, "conditionNotMet", "Precondition Failed", header="If-Match")


def empty_range() -> ApiError:
    message = "The specified time range is empty."
    return ApiError(400, "timeRangeEmpty", message, domain="calendar", parameter="timeMax")


def range_too_long() -> ApiError:
    message = "The requested time range is too long."
    return ApiError(400, "timeRangeTooLong", message, domain="calendar", parameter="timeMax")


def full_sync_required() -> ApiError:
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain="calendar", parameter="syncToken")


def updated_too_long_ago() -> ApiError:
    message = "The requested minimum modification time lies too far in the past."
    return ApiError(410, "updatedMinTooLongAgo", message, domain="calendar", parameter="updatedMin")


# What a fault may answer with 403: {reason: message}
LIMITS = {
    "quotaExceeded": "Calendar usage limits exceeded.",
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
}
_STATUS = {
    403: ("global", "forbidden", "Forbidden"),
    404: ("global", "notFound", "Not Found"),
    409: ("global", "conflict", "Conflict"),
    429: ("usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    500: ("global", "backendError", "Backend Error"),
    503: ("global", "backendError", "Service Unavailable"),
}


def limited(reason: str) -> ApiError:
    return ApiError(403, reason, LIMITS[reason], domain="usageLimits")


def of_status(status: int) -> ApiError:
    """What has nothing to do with what was asked."""
    if status == 401:
        return unauthorized()
    domain, reason, message = _STATUS.get(status, ("global", "backendError", "Backend Error"))
    return ApiError(status, reason, message, domain=domain)

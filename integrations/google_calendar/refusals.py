"""Google's refusals in our words: by status and reason, as its answers tell them."""

import json
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors

TOO_FAST = 60.0  # seconds; Google does not say how long
OVER_QUOTA = 600.0
LIMITS = {
    "rateLimitExceeded": TOO_FAST,
    "userRateLimitExceeded": TOO_FAST,
    "quotaExceeded": OVER_QUOTA,
    "dailyLimitExceeded": OVER_QUOTA,
    "RATE_LIMIT_EXCEEDED": TOO_FAST,
}
# The permission of the application, or the application itself: nothing that one calendar could mend.
NOT_ALLOWED = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "authError"})
SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
EXPIRED_SYNC = frozenset({"fullSyncRequired", "updatedMinTooLongAgo"})


class StaleToken(errors.Conflict):
    """They do not accept the access token (any more): a fresh one may do."""


class AlreadyThere(errors.Conflict):
    """There is an entry of this id. Read it."""


class SyncExpired(errors.Rejected):
    """They do not remember what we saw last: read everything."""


def refused(status: int, content: bytes, *, operation: str | None = None) -> errors.IntegrationError:
    """What an answer of this status means; a missing permission bars `operation`, or everything."""
    told = body_of(content)
    if not told and status < 500 and status != 429:
        return errors.Misconfigured(_("There is no Google at this address (HTTP %(status)s).") % {"status": status})
    said = str(told.get("message") or _("Google answers HTTP %(status)s.") % {"status": status})
    reasons = reasons_of(told)
    if status in (403, 429) and (status == 429 or reasons & LIMITS.keys()):
        return errors.RateLimited(said, retry_after=max((LIMITS[each] for each in reasons & LIMITS.keys()), default=60))
    match status:
        case 401:
            return StaleToken(said)
        case 403:
            return forbidden(said, reasons, operation)
        case 404:
            return errors.Gone(said)
        case 409:
            return AlreadyThere(said) if "duplicate" in reasons else errors.Conflict(said)
        case 410:
            return SyncExpired(said) if reasons & EXPIRED_SYNC else errors.Gone(said)
        case 412:
            return errors.Conflict(said)
        case 502 | 503:
            return errors.Unavailable(said)
        case status if status >= 500:
            return errors.Ambiguous(said)
    return errors.Rejected(said)


def forbidden(said: str, reasons: set[str], operation: str | None) -> errors.IntegrationError:
    if reasons & SWITCHED_OFF:
        return errors.Misconfigured(_("The Calendar API is switched off in the Google Cloud console: enable it there."))
    if reasons & NOT_ALLOWED:
        lacking = _("Google says that a permission is missing. Connect again, and leave all boxes ticked.")
        return errors.Misconfigured(lacking, operation=operation)
    return errors.Rejected(said)


def unfinished(name: str) -> errors.IntegrationError:
    """A 200 whose body broke off."""
    return errors.Ambiguous(_("The answer to %(call)s broke off.") % {"call": name})


def body_of(content: bytes) -> dict[str, Any]:
    """{} where it is none of Google's."""
    try:
        told = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def reasons_of(told: dict[str, Any]) -> set[str]:
    """Old answers tell them in `errors`, newer ones in `details`."""
    entries = [*(told.get("errors") or ()), *(told.get("details") or ())]
    return {str(entry["reason"]) for entry in entries if isinstance(entry, dict) and entry.get("reason")}


def refused_token(status: int, told: dict[str, Any], *, who: str) -> errors.IntegrationError:
    """What the token endpoint means. `who` signed in once; "": somebody is about to."""
    error = str(told.get("error") or "")
    if error == "invalid_grant" and not who:
        return errors.Rejected(_("It took too long, or was used before."))
    if error == "invalid_grant":
        said = _("%(who)s: Google's permission has expired or was taken back. Connect again.")
        return errors.Misconfigured(said % {"who": who})
    if error in ("invalid_client", "unauthorized_client"):
        return errors.Misconfigured(_("Google does not know this application. Copy its ID and its secret again."))
    if error == "redirect_uri_mismatch":
        return errors.Rejected(_("This site's address for the sign-in is not registered in the console."))
    if status == 429:
        return errors.RateLimited(_("Google asks us to wait."), retry_after=TOO_FAST)
    if status >= 500:
        return errors.Unavailable(_("Google answers HTTP %(status)s.") % {"status": status})
    if not error:
        return errors.Misconfigured(_("There is no Google at this address (HTTP %(status)s).") % {"status": status})
    return errors.Misconfigured(_("Google refuses the sign-in (%(error)s).") % {"error": error})

"""What this stand-in can be told to get wrong."""

from dataclasses import dataclass

from integrations.standin import faults

from .errors import LIMITS

KINDS = {
    "refuse": "reset the connection before anything is read",
    "status": "answer with this HTTP status, such as 429 or 503, and Google's error for it; nothing is executed",
    "limit": f"answer with a 403 for this reason: {', '.join(LIMITS)}; nothing is executed",
    "slow": "execute, then wait this many seconds before answering",
    "cut_before": "close the connection without an answer; nothing is executed",
    "cut_after": "execute and commit, then close the connection without an answer",
    "truncate": "execute and commit, then answer with the first half of the body",
    "calendar_error": "let freebusy tell this reason for calendars whose id `call` names, such as internalError",
    "meet_pending": "let a conference be pending for this many reads",
    "meet_failure": "let a conference fail",
}


@dataclass
class Fault(faults.Fault):
    """For calendar_error `call` is a calendar: its id, or a pattern of ids."""

    kinds = KINDS
    numbers = {"status": int, "slow": float, "meet_pending": int}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fault == "limit" and self.value not in LIMITS:
            raise ValueError(f"{self.value!r} is none of {', '.join(LIMITS)}")
        if self.fault == "calendar_error" and self.value is True:
            self.value = "internalError"

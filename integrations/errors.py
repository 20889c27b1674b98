"""What can go wrong with the outside, named by what to do next.

Two questions decide everything: whose fault is it (the connection's, then rows wait and nothing counts against them;
or the row's), and should the breaker count it. Clients raise these, the gate counts them, the outbox settles by them.
"""

from datetime import datetime
from typing import ClassVar


class IntegrationError(Exception):
    """Base of the family; `kind` is what is stored and shown."""

    kind: ClassVar[str] = ""
    blames_connection: ClassVar[bool] = False
    trips_breaker: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class Unavailable(IntegrationError):
    """Down, unreachable, or it timed out before anything was sent: rows wait."""

    kind = "unavailable"
    blames_connection = True
    trips_breaker = True


class NotConnected(Unavailable):
    """No connection was made, so nothing was sent: the one failure that the gate may repeat at once."""


class Ambiguous(IntegrationError):
    """Sent, and no answer came: it may have happened. Repeat only through the idempotent path."""

    kind = "ambiguous"
    trips_breaker = True


class RateLimited(IntegrationError):
    """They say "too fast": pause until `retry_after` seconds have passed; no failure of anybody."""

    kind = "rate_limited"
    blames_connection = True

    def __init__(self, message: str = "", *, retry_after: float = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Paused(IntegrationError):
    """We decided not to call before `until` (aware); None means until somebody resumes."""

    kind = "paused"
    blames_connection = True

    def __init__(self, message: str = "", *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Conflict(IntegrationError):
    """They are busy with the same record: the same call may pass soon."""

    kind = "conflict"


class Rejected(IntegrationError):
    """Understood and refused: our data is at fault, repeating does not help. The message is theirs."""

    kind = "rejected"


class Misconfigured(IntegrationError):
    """Credentials, rights or a missing module: a human must act. Names an operation if only that one is barred."""

    kind = "misconfigured"
    blames_connection = True

    def __init__(self, message: str = "", *, operation: str | None = None) -> None:
        super().__init__(message)
        self.operation = operation


class Gone(IntegrationError):
    """Their record was deleted: shown, and never silently made again."""

    kind = "gone"


class Obsolete(IntegrationError):
    """Found out just before speaking: nobody wants it any more. Nothing is said, and the delivery is cancelled."""

    kind = "obsolete"


def kind_of(error: BaseException) -> str:
    """The stored name of any error; what is none of the above is a bug of ours."""
    return error.kind if isinstance(error, IntegrationError) else "bug"


CONNECTION_KINDS = ("unavailable", "rate_limited", "paused", "misconfigured")

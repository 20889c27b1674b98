"""What this stand-in can be told to get wrong."""

from dataclasses import dataclass

from integrations.standin import faults

KINDS = {
    "refuse": "reset the connection before anything is read",
    "status": "answer with this HTTP status, such as 429 or 503, and Stripe's error for it; nothing is executed",
    "crash": "answer with a 500 that is kept under the idempotency key, as Stripe does; nothing is executed",
    "forbid": "answer as if a restricted key lacked the right (403)",
    "slow": "execute, then wait this many seconds before answering",
    "cut_before": "close the connection without an answer; nothing is executed",
    "cut_after": "execute and commit, then close the connection without an answer",
    "webhook_drop": "never send the event",
    "webhook_hold": "keep the event back until it is released",
    "webhook_delay": "send the event up to this many seconds late, each its own time, so that they overtake each other",
    "webhook_double": "send the event twice",
    "webhook_forge": "sign the event with a wrong secret",
}


@dataclass
class Fault(faults.Fault):
    """`call` is a call such as "refunds.create" or a kind of event; `retry_after` seconds go with a status."""

    kinds = KINDS
    numbers = {"status": int, "slow": float, "webhook_delay": float}

    retry_after: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.retry_after = None if self.retry_after is None else int(self.retry_after)


Faults = faults.Faults[Fault]

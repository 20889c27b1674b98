"""What a provider tells about a payment, in our words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from webinars.models import Refund


class State(StrEnum):
    """Of the money coming in. What went back since is told by the refunds."""

    PENDING = "pending"
    PROCESSING = "processing"
    FAILED = "failed"  # this try was declined; the payer may try again
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"  # nothing can come of it any more


@dataclass(frozen=True, slots=True)
class ReportedRefund:
    """`refund`: the uuid of ours that asked for it; None where it was made at the provider."""

    provider_id: str
    refund: UUID | None
    amount: Decimal
    status: Refund.Status
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """All that one read of the provider says. `payment`: the uuid of ours that the provider was given."""

    provider_id: str
    payment: UUID | None
    state: State
    amount: Decimal  # asked for
    received: Decimal
    currency: str
    live: bool
    expected_live: bool
    disputed: bool
    failure: str = ""
    refunds: tuple[ReportedRefund, ...] = ()

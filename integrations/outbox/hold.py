"""Why promises must wait until a human has acted, if they must."""

from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from integrations.models import Connection
from integrations.service import IntegrationService, Operation


class Hold(StrEnum):
    DISABLED = "disabled"
    PAUSED = "paused"
    BLOCKED = "blocked"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    MOVED = "moved"


def service_or_hold(operation: Operation[Any, Any], connection: Connection) -> IntegrationService | Hold:
    """What can keep them, or what keeps it from that. Looks only."""
    integration = connection.integration
    if not integration.enabled:
        return Hold.DISABLED
    if integration.paused_at:
        return Hold.PAUSED
    if connection.is_blocked(operation.name):
        return Hold.BLOCKED
    if connection.must_reenter_secrets:
        return Hold.UNREADABLE
    try:
        service: IntegrationService = operation.service(connection)
    except ValidationError:
        return Hold.INCOMPLETE
    return Hold.MOVED if service.has_moved else service

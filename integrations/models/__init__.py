from .delivery import Attempt, Delivery
from .inbox import WebhookEvent
from .incident import Incident
from .installation import Heartbeat, Installation
from .integration import Connection, Integration
from .log import HourlyStat, IntegrationLog
from .record import ExternalRecord

__all__ = [
    "Attempt",
    "Connection",
    "Delivery",
    "ExternalRecord",
    "Heartbeat",
    "HourlyStat",
    "Incident",
    "Installation",
    "Integration",
    "IntegrationLog",
    "WebhookEvent",
]

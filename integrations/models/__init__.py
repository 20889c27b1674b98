from .delivery import Attempt, Delivery
from .inbox import WebhookEvent
from .incident import Incident
from .installation import Heartbeat, Installation
from .integration import Connection, Integration
from .log import HourlyStat, IntegrationLog
from .record import ExternalRecord
from .run import Run
from .token import ApiToken
from .upload import Upload

__all__ = [
    "ApiToken",
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
    "Run",
    "Upload",
    "WebhookEvent",
]

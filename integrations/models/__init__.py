from .delivery import Attempt, Delivery
from .drift import Drift
from .erasure import Erasure, ErasureItem
from .inbox import WebhookEvent
from .incident import Incident
from .installation import Heartbeat, Installation
from .integration import Connection, Integration
from .letter import LetterOverride, StoredMail, Suppression
from .log import HourlyLoad, HourlyStat, IntegrationLog
from .record import ExternalRecord
from .replay import Replayed
from .run import Run
from .subscription import AlertSubscription
from .token import ApiToken
from .upload import Upload

__all__ = [
    "AlertSubscription",
    "ApiToken",
    "Attempt",
    "Connection",
    "Delivery",
    "Drift",
    "Erasure",
    "ErasureItem",
    "ExternalRecord",
    "Heartbeat",
    "HourlyLoad",
    "HourlyStat",
    "Incident",
    "Installation",
    "Integration",
    "IntegrationLog",
    "LetterOverride",
    "Replayed",
    "Run",
    "StoredMail",
    "Suppression",
    "Upload",
    "WebhookEvent",
]

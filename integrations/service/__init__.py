"""The one base class of all integrations, and what a service declares: settings, operations, jobs, what it receives."""

from .base import IntegrationService
from .declared import Job, Operation, Outcome, job, operation
from .reports import ConnectionReport, Finding, Incoming, JobReport, Mode, Part, Promised, Requirement
from .settings import RATE, IntegrationSettings, env_name, is_secret, is_this_machine, title_of
from .signing import Grant, SignIn
from .thresholds import Thresholds

__all__ = [
    "RATE",
    "ConnectionReport",
    "Finding",
    "Grant",
    "Incoming",
    "IntegrationService",
    "IntegrationSettings",
    "Job",
    "JobReport",
    "Mode",
    "Operation",
    "Outcome",
    "Part",
    "Promised",
    "Requirement",
    "SignIn",
    "Thresholds",
    "env_name",
    "is_secret",
    "is_this_machine",
    "job",
    "operation",
    "title_of",
]

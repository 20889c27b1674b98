"""A strict stand-in for Google's sign-in and Calendar API over real sockets; fails on request.

It knows nothing of our client. Requests are held against the description that ships with Google's own library.
"""

from .demo import PORT, accounts_for, settings_for, start
from .errors import ApiError
from .faults import KINDS
from .grants import CLIENT_ID, CLIENT_SECRET
from .peer import PERSON, SCOPES, GoogleSandbox

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "KINDS",
    "PERSON",
    "PORT",
    "SCOPES",
    "ApiError",
    "GoogleSandbox",
    "accounts_for",
    "settings_for",
    "start",
]

"""A stand-in for a mail server: takes letters over real sockets, shows them on a page, fails on request.

It knows nothing of our client.
"""

from .faults import KINDS, Faults
from .letterbox import Letter, Letterbox
from .peer import PORT, MailSandbox, settings_for, start
from .smtp import HOST, PASSWORD, USERNAME

__all__ = [
    "HOST",
    "KINDS",
    "PASSWORD",
    "PORT",
    "USERNAME",
    "Faults",
    "Letter",
    "Letterbox",
    "MailSandbox",
    "settings_for",
    "start",
]

"""What an operator decides about deliveries: one, a selection, or all that died of an incident or in a range of time.

`retry`, `replay`, `again` and `cancel` do it to rows at once. `start` has a worker do it to a `Choice`, at a rate:
`outlook` tells beforehand what that would do, `outcome` how far it is and how it ended, and `stop` ends it early.
"""

from .choice import Choice
from .outlook import Outlook, outlook
from .runs import Outcome, close_ended, outcome, start, stop
from .verbs import AGAIN, again, cancel, replay, retry

__all__ = [
    "AGAIN",
    "Choice",
    "Outcome",
    "Outlook",
    "again",
    "cancel",
    "close_ended",
    "outcome",
    "outlook",
    "replay",
    "retry",
    "start",
    "stop",
]

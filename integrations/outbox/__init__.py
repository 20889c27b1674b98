"""The outbox: promises to the outside, written in the business transaction and kept by a worker.

`keep_in_sync` and `once` promise; `drain` keeps, `reap` takes back what a dead worker held. The truth is in the
database: a broker only makes it quicker.
"""

from .deliver import Tally, drain, drain_operations
from .lease import reap
from .promise import hurry, keep_in_sync, key_of, once

__all__ = ["Tally", "drain", "drain_operations", "hurry", "keep_in_sync", "key_of", "once", "reap"]

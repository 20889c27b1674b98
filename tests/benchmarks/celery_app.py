"""Plain Celery as its tutorial shows it, to compare with."""

import os

from celery import Celery

app = Celery("plain", broker=os.environ.get("PLAIN_BROKER", "memory://"))
app.conf.task_ignore_result = True


@app.task
def nothing(number: int) -> None:
    """The task that costs nothing but its way."""

"""The Celery application: worker and beat. The truth is in the database; losing the broker costs one sweep."""

import os
from typing import Any

from celery import Celery
from celery.signals import import_modules

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magnetiq.settings")

app = Celery("magnetiq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect
def refuse_bad_environment(**kwargs: Any) -> None:
    """Missing or weak settings stop worker and beat, as they stop the web server: before anything asks the database."""
    from magnetiq.checks import refuse_to_start

    refuse_to_start()

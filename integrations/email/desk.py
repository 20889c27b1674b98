"""Where letters are written: one after the other, and one ahead of the one that is on the wire."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Model
from django.utils.translation import gettext as _

from integrations.errors import IntegrationError, Rejected

from .client import Mail

logger = structlog.get_logger(__name__)
Write = Callable[[Any], Mail]


class Paper(NamedTuple):
    """A letter that lies ready, or the reason why there is none."""

    subject: Model
    mail: Mail | IntegrationError


class Desk:
    """Letters about `subjects`, each written when its turn comes near."""

    def __init__(self, subjects: Iterable[Model], write: Write) -> None:
        self.waiting = iter(subjects)
        self.write = write
        self.ready: deque[Paper] = deque()

    @property
    def top(self) -> Paper | None:
        """The letter whose turn it is."""
        self.prepare(1)
        return self.ready[0] if self.ready else None

    def prepare(self, number: int = 2) -> None:
        """See to it that so many letters lie ready, as far as there are any."""
        while len(self.ready) < number and (subject := next(self.waiting, None)):
            self.ready.append(Paper(subject, self.written(subject)))

    def take(self) -> Model:
        """The top letter is dealt with; its subject."""
        return self.ready.popleft().subject

    def written(self, subject: Model) -> Mail | IntegrationError:
        try:
            return self.write(subject)
        except IntegrationError as error:
            return error
        except (InterfaceError, OperationalError):  # our database failed, not the letter
            raise
        except Exception as error:
            logger.exception(
                "a letter cannot be written", subject_type=subject._meta.label_lower, subject_id=subject.pk
            )
            reason = f"{type(error).__name__}: {error}"
            return Rejected(_("This letter cannot be written: %(reason)s") % {"reason": reason})

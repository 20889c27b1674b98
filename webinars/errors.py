"""What people are told when something cannot be done. `str(error)` is the message, in the reader's language."""

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class WebinarError(Exception):
    """Nothing was changed; the message says why, in words for whoever tried."""

    message: str | Promise = ""

    def __str__(self) -> str:
        return str(self.message)


class RegistrationClosed(WebinarError):
    """The session takes no registrations: not yet, not any more, or it does not take place."""

    message = _("Registration for this session is not open.")


class SessionFull(WebinarError):
    """All seats are taken, and there is no waiting list."""

    message = _("All seats of this session are taken.")


class OfferOver(WebinarError):
    """The seat went to the next in line, or is about to."""

    message = _("The time for taking this seat is over.")


class PaymentsUnavailable(WebinarError):
    message = _("This session cannot be paid here yet.")


class ImpossibleMove(WebinarError):
    """What was asked for does not lead on from the present state."""

    def __init__(self, status: str | Promise) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return _("This is not possible: the state is “%(status)s”.") % {"status": self.status}


class SessionInThePast(WebinarError):
    message = _("The session would start in the past.")


class SessionNotStarted(WebinarError):
    message = _("The session has not started yet.")


class SessionOver(WebinarError):
    message = _("The session is over.")


class CapacityBelowTaken(WebinarError):
    """Fewer seats than people who have one; `change_session(..., confirmed=True)` does it nevertheless."""

    def __init__(self, taken: int) -> None:
        super().__init__(taken)
        self.taken = taken

    def __str__(self) -> str:
        text = ngettext("%(taken)d seat is taken already.", "%(taken)d seats are taken already.", self.taken)
        return text % {"taken": self.taken}


class PaymentInDoubt(PaymentsUnavailable):
    """What was paid is not what was asked for; an operator decides before more is taken."""

    message = _("Something about your payment needs a look by us. We will write to you.")


class LessGoesBack(WebinarError):
    """Than whoever wants to cancel was told: a deadline has passed since, or a part went back already."""

    message = _("You would get back less than this page told you before. Please look at it again before you cancel.")


class NotRefundable(WebinarError):
    message = _("Nothing of this payment can be refunded.")


class RefundTooHigh(WebinarError):
    """More than what is left of a payment."""

    def __init__(self, left: Decimal, currency: str) -> None:
        super().__init__(left, currency)
        self.left, self.currency = left, currency

    def __str__(self) -> str:
        return _("Of this payment, %(left)s %(currency)s can be refunded.") % vars(self)

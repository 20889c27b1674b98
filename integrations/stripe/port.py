"""What the domain asks of Stripe while a visitor waits. Named by the setting `WEBINARS_PAYMENTS`."""

import time
from contextlib import suppress

from pydantic import ValidationError

from integrations import configuration, errors, trigger
from integrations.models import Installation
from leads import throttle
from webinars import links
from webinars.actions import begin_payment
from webinars.errors import PaymentsUnavailable
from webinars.models import Payment, Registration
from webinars.ports import Checkout, PaymentForm

from .client import Answer
from .service import StripeService

# What Stripe's own script needs besides itself: https://docs.stripe.com/security/guide#content-security-policy
STRIPE_JS = "https://js.stripe.com"
SCRIPTS = (STRIPE_JS, "https://*.js.stripe.com")
FRAMES = (*SCRIPTS, "https://hooks.stripe.com")
PAYABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
RESTS = (0.2, 0.4)  # seconds
REFRESHED_EVERY = 3  # seconds: a page that is loaded again and again asks Stripe no more often


class StripePayments:
    """Each method looks at the settings anew."""

    def check(self) -> None:
        """Whether somebody could pay: never in a copy of the database, nor while a human must mend the connection."""
        service()

    def form(self) -> PaymentForm:
        settings = service().settings
        script = origin(str(settings.js_url))
        return PaymentForm(
            script_url=str(settings.js_url),
            publishable_key=settings.publishable_key,
            script_origins=SCRIPTS if script == STRIPE_JS else (script,),
            frame_origins=FRAMES if script == STRIPE_JS else (script,),
            connect_origins=(origin(settings.base_url),),
        )

    def start(self, registration: Registration) -> Checkout:
        """One intent per try however often it is asked for; another one where the price is another by now.

        While Stripe does not answer there is no secret; the page tries again. Raises PaymentsUnavailable, and what
        `begin_payment` raises.
        """
        found = service()
        payment = begin_payment(registration)
        secret = None
        with trigger.triggered("visitor"), suppress(errors.IntegrationError):
            payment = at_todays_price(found, payment)
            intent = opened(found, payment)
            payable = intent["status"] in PAYABLE and not payment.problem
            secret = str(intent["client_secret"]) if payable else None
        return Checkout(payment.amount, payment.currency, secret, links.pay(registration))

    def refresh(self, registration: Registration) -> None:
        """The payer is back from the bank, and the event may not be here yet: ask once. Whatever fails, may."""
        payment = registration.payments.exclude(provider_id="").order_by("-number").first()
        if payment is None or not payment.is_open:
            return
        if throttle.seconds_to_wait("payment", str(payment.pk), limit=1, window=REFRESHED_EVERY):
            return
        with suppress(PaymentsUnavailable, errors.IntegrationError), trigger.triggered("visitor"):
            service().till.read(payment)


def service() -> StripeService:
    """Raises PaymentsUnavailable where nobody can pay."""
    try:
        found = configuration.service_of(StripeService.slug)
    except ValidationError as error:
        raise PaymentsUnavailable from error
    connection = found.connection
    barred = connection.must_reenter_secrets or connection.is_blocked("create_payment_intent")
    if not connection.integration.enabled or barred or found.has_moved or Installation.is_copy():
        raise PaymentsUnavailable
    assert isinstance(found, StripeService)
    return found


def at_todays_price(found: StripeService, payment: Payment) -> Payment:
    """A payment of another price is cancelled at Stripe, before there is a new one: nobody pays twice."""
    session = payment.registration.session
    agreed = (payment.amount, payment.currency, payment.vat_rate)
    if agreed == (session.price, session.currency, session.vat_rate):
        return payment
    found.till.cancel(payment)
    return payment if payment.status != Payment.Status.CANCELLED else begin_payment(payment.registration)


def opened(found: StripeService, payment: Payment) -> Answer:
    """Where the other tab is asking for the same just now, its answer is waited for, but not for long."""
    for rest in RESTS:
        with suppress(errors.Conflict):
            return found.till.open(payment)
        time.sleep(rest)
        payment.refresh_from_db(fields=["provider_id"])  # who was first may know it by now
    return found.till.open(payment)


def origin(url: str) -> str:
    return "/".join(url.split("/")[:3])

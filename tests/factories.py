"""Rows for tests, each as small as its constraints allow."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from bookings.actions import Client
from bookings.models import Consultant, WorkingHours
from leads.actions import Capture
from leads.consents import MARKETING_VERSION
from leads.models import Consent, Lead, Touchpoint, Whitepaper
from webinars.actions import Registrant
from webinars.models import Payment, Registration, Session, Topic

A_MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class WhitepaperFactory(DjangoModelFactory[Whitepaper]):
    class Meta:
        model = Whitepaper

    slug = factory.Sequence(lambda n: f"whitepaper-{n}")
    title_en = factory.Sequence(lambda n: f"Whitepaper {n}")
    title_de = factory.Sequence(lambda n: f"Fachbeitrag {n}")
    file = "whitepapers/some.pdf"
    published = True


class LeadFactory(DjangoModelFactory[Lead]):
    class Meta:
        model = Lead

    email = factory.Sequence(lambda n: f"person-{n}@client.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    first_seen_at = A_MOMENT
    last_seen_at = A_MOMENT


class TouchpointFactory(DjangoModelFactory[Touchpoint]):
    class Meta:
        model = Touchpoint

    lead = factory.SubFactory(LeadFactory)
    key = factory.Sequence(lambda n: f"touchpoint-{n}")
    kind = Touchpoint.Kind.WHITEPAPER
    captured_at = A_MOMENT


class ConsentFactory(DjangoModelFactory[Consent]):
    """Waits for its confirmation."""

    class Meta:
        model = Consent

    lead = factory.SubFactory(LeadFactory)
    given_at = A_MOMENT
    text_version = MARKETING_VERSION


def a_capture(email: str = "ada@client.example", **fields: Any) -> Capture:
    """A whitepaper download; what the test does not care about is the same every time."""
    usual: dict[str, Any] = {"kind": Touchpoint.Kind.WHITEPAPER, "key": "first", "captured_at": A_MOMENT}
    return Capture(email=email, **{**usual, **fields})


class TopicFactory(DjangoModelFactory[Topic]):
    class Meta:
        model = Topic

    title_en = factory.Sequence(lambda n: f"Topic {n}")
    title_de = factory.Sequence(lambda n: f"Thema {n}")


class SessionFactory(DjangoModelFactory[Session]):
    """Published, free of charge, without limit, in thirty days."""

    class Meta:
        model = Session

    slug = factory.Sequence(lambda n: f"session-{n}")
    topic = factory.SubFactory(TopicFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))
    status = Session.Status.PUBLISHED


class RegistrationFactory(DjangoModelFactory[Registration]):
    """Confirmed; a held one for ten more minutes."""

    class Meta:
        model = Registration

    session = factory.SubFactory(SessionFactory)
    lead = factory.SubFactory(LeadFactory)
    number = factory.Sequence(lambda n: n + 1)
    first_name = "Ada"
    last_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.SelfAttribute("lead.email")
    status = Registration.Status.CONFIRMED
    registered_at = factory.LazyFunction(timezone.now)

    @factory.lazy_attribute
    def held_until(self) -> datetime | None:
        held = self.status in (Registration.Status.PENDING_PAYMENT, Registration.Status.OFFERED)
        return timezone.now() + timedelta(minutes=10) if held else None


class PaymentFactory(DjangoModelFactory[Payment]):
    """Begun, of a seat that is held."""

    class Meta:
        model = Payment

    registration = factory.SubFactory(RegistrationFactory, status=Registration.Status.PENDING_PAYMENT)
    amount = Decimal("119.00")
    currency = "EUR"
    vat_rate = Decimal(19)


def a_registrant(email: str = "ada@client.example", **fields: Any) -> Registrant:
    """Somebody who wants to come; what the test does not care about is the same every time."""
    return Registrant(email=email, **{"first_name": "Ada", "last_name": "Lovelace", **fields})


class ConsultantFactory(DjangoModelFactory[Consultant]):
    """Works from nine to five on every day of the week, in Berlin."""

    class Meta:
        model = Consultant
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Consultant {n}")
    slug = factory.Sequence(lambda n: f"consultant-{n}")
    email = factory.Sequence(lambda n: f"consultant-{n}@firm.example")

    @factory.post_generation
    def hours(self: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        for weekday in range(7):
            WorkingHours.objects.create(consultant=self, weekday=weekday, start=time(9), end=time(17))


def a_client(email: str = "ada@client.example", **details: Any) -> Client:
    return Client(**{"name": "Ada Lovelace", "email": email, **details})

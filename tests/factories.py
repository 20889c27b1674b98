"""Rows for tests, each as small as its constraints allow."""

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from leads.actions import Capture
from leads.consents import MARKETING_VERSION
from leads.models import Consent, Lead, Touchpoint, Whitepaper

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

"""A consent counts from its confirmation to its withdrawal."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from leads.actions import capture, confirm_consent, forget, update_details, withdraw_consent
from leads.consents import MARKETING_VERSION
from leads.models import Consent, Lead
from leads.signals import leads_changed
from tests.factories import ConsentFactory, LeadFactory, a_capture
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db


def flags() -> list[tuple[bool, bool]]:
    """Of each lead: may we send news, and is the address confirmed?"""
    return [(lead.marketing_consent, lead.email_confirmed_at is not None) for lead in Lead.objects.order_by("pk")]


def test_tick_alone_permits_nothing() -> None:
    capture([a_capture(marketing_consent=True, expects_answer=True)])

    assert flags() == [(False, False)]
    assert not Consent.objects.get().holds


def test_confirming_sets_the_lead_and_tells() -> None:
    consent = ConsentFactory()
    before = timezone.now()

    with listen(leads_changed) as told:
        assert confirm_consent(consent)

    consent.refresh_from_db()
    assert consent.confirmed_at is not None
    assert before <= consent.confirmed_at <= timezone.now()
    assert flags() == [(True, True)]
    assert told == [[consent.lead]]


def test_confirming_again_changes_nothing() -> None:
    consent = ConsentFactory()
    confirm_consent(consent)
    first = Consent.objects.values_list("confirmed_at").get()

    with listen(leads_changed) as told:
        assert confirm_consent(consent)

    assert (told, Consent.objects.values_list("confirmed_at").get()) == ([], first)


def test_confirming_keeps_when_the_address_was_first_confirmed() -> None:
    long_ago = timezone.now().replace(year=2020)
    consent = ConsentFactory(lead__email_confirmed_at=long_ago)

    confirm_consent(consent)

    assert Lead.objects.get().email_confirmed_at == long_ago


@pytest.mark.parametrize(("given", "kept"), [("", MARKETING_VERSION), ("older", "older")])
def test_confirming_keeps_the_version_of_the_words_that_were_shown(given: str, kept: str) -> None:
    confirm_consent(ConsentFactory(text_version=given))

    assert Consent.objects.get().text_version == kept


def test_language_stays() -> None:
    consent = ConsentFactory(lead__language="de")

    confirm_consent(consent)
    withdraw_consent(consent.lead)

    assert Lead.objects.get().language == "de"


def test_withdrawing_ends_all_consents_and_tells() -> None:
    consent = ConsentFactory()
    ConsentFactory(lead=consent.lead)
    confirm_consent(consent)

    with listen(leads_changed) as told:
        assert withdraw_consent(consent.lead)

    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert (flags(), told) == ([(False, True)], [[consent.lead]])


def test_withdrawing_again_changes_nothing() -> None:
    consent = ConsentFactory()
    confirm_consent(consent)
    withdraw_consent(consent.lead)
    first = Consent.objects.values_list("withdrawn_at").get()

    with listen(leads_changed) as told:
        assert not withdraw_consent(consent.lead)

    assert (told, Consent.objects.values_list("withdrawn_at").get()) == ([], first)


def test_withdrawing_what_was_never_confirmed_tells_nobody() -> None:
    with listen(leads_changed) as told:
        assert withdraw_consent(ConsentFactory().lead)

    assert told == []


def test_withdrawing_leaves_others_alone() -> None:
    confirm_consent(ConsentFactory())

    withdraw_consent(LeadFactory())

    assert flags()[0] == (True, True)


def test_withdrawn_consent_is_not_confirmed() -> None:
    consent = ConsentFactory()
    withdraw_consent(consent.lead)

    assert not confirm_consent(consent)
    assert flags() == [(False, False)]


def test_forgotten_lead_neither_confirms_nor_withdraws() -> None:
    consent = ConsentFactory()
    forget([consent.lead])

    assert (confirm_consent(consent), withdraw_consent(consent.lead)) == (False, False)
    assert flags() == [(False, False)]


def test_forgetting_takes_the_consent_back() -> None:
    consent = ConsentFactory()
    confirm_consent(consent)

    forget([consent.lead])

    assert flags() == [(False, False)]


def test_receiver_that_fails_takes_the_confirmation_back() -> None:
    consent = ConsentFactory()

    with pytest.raises(RuntimeError), listen(leads_changed, failing=True):
        confirm_consent(consent)

    assert (flags(), Consent.objects.get().confirmed_at) == ([(False, False)], None)


def test_another_address_has_to_confirm_anew() -> None:
    consent = ConsentFactory(source="form", text_version="7")
    confirm_consent(consent)

    update_details(consent.lead, details={"email": "new@client.example"})

    old, new = Consent.objects.order_by("pk")
    assert flags() == [(False, False)]
    assert not consent.lead.marketing_consent
    assert (old.confirmed_at is None, old.withdrawn_at is None) == (False, False)
    assert (new.confirmed_at, new.withdrawn_at) == (None, None)
    assert (new.given_at, new.source, new.text_version) == (old.given_at, "form", "7")


@pytest.mark.parametrize("details", [{"name": "Ada L."}, {"email": " PERSON@client.example "}])
def test_any_other_correction_leaves_the_consent_alone(details: dict[str, str]) -> None:
    consent = ConsentFactory(lead__email="person@client.example")
    confirm_consent(consent)

    update_details(Lead.objects.get(), details=details)

    assert flags() == [(True, True)]
    assert Consent.objects.get().holds


def test_consents_of_before_wait_for_their_confirmation() -> None:
    consent = ConsentFactory(lead__marketing_consent=True)
    migration = import_module("leads.migrations.0003_confirmation")

    migration.wait_for_confirmation(apps, None)

    assert flags() == [(False, False)]
    assert list(Consent.objects.waiting()) == [consent]

"""People who turn to us become leads: nobody twice, nothing lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leads.actions import Capture, Utm, capture
from leads.models import Consent, Lead, Touchpoint
from leads.signals import leads_captured
from tests.factories import A_MOMENT, LeadFactory, WhitepaperFactory, a_capture
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db
LATER = A_MOMENT + timedelta(days=1)
EARLIER = A_MOMENT - timedelta(days=1)


def test_first_capture_creates_lead_touchpoint_and_consent() -> None:
    whitepaper = WhitepaperFactory()

    result = capture(
        [
            a_capture(
                name="Ada",
                whitepaper=whitepaper,
                utm=Utm(source="linkedin"),
                first_utm=Utm(source="google", medium="cpc"),
                marketing_consent=True,
                consent_text_version="7",
                source="form",
            )
        ]
    )

    lead = Lead.objects.get()
    touchpoint = lead.touchpoints.get()
    consent = lead.consents.get()
    assert (result.leads, result.created, result.merged, result.known) == ([lead], 1, 0, 0)
    assert (lead.name, lead.status, lead.marketing_consent) == ("Ada", Lead.Status.NEW, False)
    assert (lead.first_seen_at, lead.last_seen_at) == (A_MOMENT, A_MOMENT)
    assert (touchpoint.whitepaper, touchpoint.utm_source) == (whitepaper, "linkedin")
    assert (touchpoint.first_utm_source, touchpoint.first_utm_medium) == ("google", "cpc")
    assert (consent.given_at, consent.text_version, consent.source) == (A_MOMENT, "7", "form")
    assert (consent.confirmed_at, consent.withdrawn_at) == (None, None)


def test_other_case_and_blanks_round_the_address_are_the_same_person() -> None:
    capture([a_capture("ada@client.example")])

    result = capture([a_capture(" ADA@Client.Example\u200b ", key="second")])

    assert Lead.objects.get().email == "ada@client.example"
    assert (result.created, result.merged, Touchpoint.objects.count()) == (0, 1, 2)


@pytest.mark.parametrize("address", ["İPEK@client.example", "JÖRG@MÜNCHEN.example", "ΑΣ@client.example"])
def test_letters_beyond_ascii_are_lower_cased_as_well(address: str) -> None:
    capture([a_capture(address)])

    result = capture([a_capture(address.lower(), key="second")])

    assert (result.created, result.merged) == (0, 1)


def test_later_blank_erases_nothing() -> None:
    capture([a_capture(name="Ada", phone="1", marketing_consent=True)])
    Lead.objects.update(marketing_consent=True)

    capture([a_capture(key="second", captured_at=LATER, company="Analytical")])

    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.company) == ("Ada", "1", "Analytical")
    assert lead.marketing_consent
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(("when", "name"), [(LATER, "Countess"), (A_MOMENT, "Countess"), (EARLIER, "Ada")])
def test_only_what_is_at_least_as_new_overwrites(when: object, name: str) -> None:
    capture([a_capture(name="Ada")])

    capture([a_capture(key="second", captured_at=when, name="Countess", phone="1")])

    lead = Lead.objects.get()
    assert (lead.name, lead.phone) == (name, "1")


@pytest.mark.parametrize("names", [("guess", "told", "guess"), ("guess", "told"), ("told", "guess")])
def test_guessed_name_gives_way_to_a_told_one_whichever_comes_first(names: tuple[str, ...]) -> None:
    for days, name in enumerate(names):
        when = A_MOMENT - timedelta(days=days)
        capture([a_capture(key=str(days), captured_at=when, name=name, name_is_guess=name == "guess")])

    assert list(Lead.objects.values_list("name", "name_is_guess")) == [("told", False)]


def test_seen_times_span_all_captures() -> None:
    capture([a_capture(key=when.isoformat(), captured_at=when) for when in (A_MOMENT, LATER, EARLIER)])

    lead = Lead.objects.get()
    assert (lead.first_seen_at, lead.last_seen_at) == (EARLIER, LATER)


def test_same_touchpoint_again_changes_nothing_not_even_what_was_corrected_since() -> None:
    capture([a_capture(name="Adda", marketing_consent=True)])
    Lead.objects.update(name="Ada", marketing_consent=False)

    result = capture([a_capture(name="Adda", marketing_consent=True)])

    assert (result.created, result.merged, result.known) == (0, 1, 1)
    assert list(Lead.objects.values_list("name", "marketing_consent")) == [("Ada", False)]
    assert (Touchpoint.objects.count(), Consent.objects.count()) == (1, 1)


def test_same_touchpoint_twice_in_one_call_counts_once_and_first_wins() -> None:
    result = capture([a_capture(name="Ada"), a_capture(name="Bob")])

    assert [lead.name for lead in result.leads] == ["Ada", "Ada"]
    assert (result.created, result.merged, result.known) == (1, 1, 1)


def test_leads_come_back_in_the_order_of_the_captures() -> None:
    known = capture([a_capture("z@client.example")]).leads[0]

    result = capture([a_capture(f"{name}@client.example") for name in "mzam"])

    assert [lead.email[0] for lead in result.leads] == ["m", "z", "a", "m"]
    assert result.leads[1] == known


def test_one_signal_for_all_leads_with_something_new() -> None:
    capture([a_capture("known@client.example")])

    with listen(leads_captured) as told:
        capture([a_capture("known@client.example"), a_capture("b@client.example"), a_capture("a@client.example")])

    assert [sorted(lead.email for lead in leads) for leads in told] == [["a@client.example", "b@client.example"]]


def test_nothing_new_sends_no_signal() -> None:
    capture([a_capture()])

    with listen(leads_captured) as told:
        capture([a_capture()])
        capture([])

    assert told == []


def test_receiver_that_fails_takes_the_capture_back() -> None:
    with pytest.raises(RuntimeError), listen(leads_captured, failing=True):
        capture([a_capture()])

    assert not Lead.objects.exists()


@pytest.mark.usefixtures("nobody_listens")
@pytest.mark.parametrize("count", [1, 500])
def test_capture_takes_the_same_few_statements_for_any_number(count: int, django_assert_num_queries: object) -> None:
    captures = [a_capture(f"{n}@client.example", marketing_consent=True) for n in range(count)]

    with django_assert_num_queries(5):  # type: ignore[operator] # savepoint, known?, leads, touchpoints, release
        capture(captures)

    assert Consent.objects.count() == count


def test_forgotten_person_who_comes_again_is_a_new_lead() -> None:
    LeadFactory(email="forgotten-1@forgotten.invalid", status=Lead.Status.FORGOTTEN)

    result = capture([a_capture(), replace(a_capture(), key="second")])

    assert (result.created, Lead.objects.count()) == (1, 2)


def test_captures_are_values() -> None:
    assert a_capture() == a_capture()
    assert isinstance(a_capture(), Capture)


def test_a_guessed_name_fills_a_gap() -> None:
    capture([a_capture(name="")])

    capture([a_capture(key="second", name="Ada", name_is_guess=True)])

    assert Lead.objects.get().name == "Ada"

"""Who waits for an answer is announced; who does not, is not."""

import pytest
from django.forms.models import model_to_dict

from leads.actions import Utm, ask_for_confirmation, capture, confirm_consent, forget, withdraw_consent
from leads.models import Consent, Lead, Touchpoint
from leads.signals import consents_requested, whitepapers_requested
from tests.factories import ConsentFactory, WhitepaperFactory, a_capture
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db


def test_request_for_a_whitepaper_is_told_as_it_was_stored() -> None:
    whitepaper = WhitepaperFactory()
    asked = a_capture(whitepaper=whitepaper, message="Hi", utm=Utm(source="fair"), expects_answer=True)

    with listen(whitepapers_requested) as told:
        capture([asked])

    stored = Touchpoint.objects.get()
    [[touchpoint]] = told
    assert model_to_dict(touchpoint) == model_to_dict(stored)
    assert (touchpoint, touchpoint.lead, touchpoint.whitepaper) == (stored, stored.lead, whitepaper)


def test_tick_is_told_as_it_was_stored() -> None:
    ticked = a_capture(marketing_consent=True, consent_text_version="7", source="form", expects_answer=True)

    with listen(consents_requested) as told:
        capture([ticked])

    [[consent]] = told
    assert model_to_dict(consent) == model_to_dict(Consent.objects.get())


def test_each_tick_of_a_person_keeps_its_own_words() -> None:
    ticks = [
        a_capture(key=version, marketing_consent=True, consent_text_version=version, expects_answer=True)
        for version in ("1", "2", "3")
    ]

    with listen(consents_requested) as told:
        capture(ticks)

    [consents] = told
    assert {consent.pk: consent.text_version for consent in consents} == dict(
        Consent.objects.values_list("pk", "text_version")
    )


@pytest.mark.parametrize("signal", [whitepapers_requested, consents_requested])
def test_import_waits_for_no_answer(signal: object) -> None:
    with listen(signal) as told:  # type: ignore[arg-type]
        capture([a_capture(whitepaper=WhitepaperFactory(), marketing_consent=True)])

    assert told == []


@pytest.mark.parametrize("signal", [whitepapers_requested, consents_requested])
def test_same_request_again_is_not_answered_again(signal: object) -> None:
    asked = a_capture(whitepaper=WhitepaperFactory(), marketing_consent=True, expects_answer=True)
    capture([asked])

    with listen(signal) as told:  # type: ignore[arg-type]
        capture([asked])

    assert told == []


def test_message_without_whitepaper_and_tick_asks_for_nothing() -> None:
    with listen(whitepapers_requested) as papers, listen(consents_requested) as consents:
        capture([a_capture(kind=Touchpoint.Kind.CONTACT, expects_answer=True)])

    assert (papers, consents) == ([], [])


def test_who_has_confirmed_is_not_asked_again() -> None:
    confirm_consent(ConsentFactory(lead__email="ada@client.example"))

    with listen(consents_requested) as told:
        capture([a_capture(marketing_consent=True, expects_answer=True)])

    assert told == []
    assert (Consent.objects.count(), Lead.objects.get().marketing_consent) == (2, True)


def test_who_withdrew_and_ticks_again_is_asked_again() -> None:
    consent = ConsentFactory(lead__email="ada@client.example")
    confirm_consent(consent)
    withdraw_consent(consent.lead)

    with listen(consents_requested) as told:
        capture([a_capture(marketing_consent=True, expects_answer=True)])

    assert len(told) == 1


def test_failing_receiver_takes_the_request_back() -> None:
    with pytest.raises(RuntimeError), listen(whitepapers_requested, failing=True):
        capture([a_capture(whitepaper=WhitepaperFactory(), expects_answer=True)])

    assert not Lead.objects.exists()


@pytest.mark.usefixtures("nobody_listens")
def test_answers_take_no_statement_of_their_own(django_assert_num_queries: object) -> None:
    whitepaper = WhitepaperFactory()
    asked = [
        a_capture(f"{n}@client.example", whitepaper=whitepaper, marketing_consent=True, expects_answer=True)
        for n in range(50)
    ]

    with django_assert_num_queries(5):  # type: ignore[operator]
        capture(asked)


def test_asking_later_asks_for_the_latest_waiting_tick_of_each_lead() -> None:
    older = ConsentFactory()
    newer = ConsentFactory(lead=older.lead, source="import")
    ConsentFactory(lead=older.lead, withdrawn_at=newer.given_at)
    other = ConsentFactory()

    with listen(consents_requested) as told:
        asked = ask_for_confirmation(Lead.objects.all())

    assert (asked, [set(consents) for consents in told]) == (2, [{newer, other}])


def test_asking_later_leaves_out_who_confirmed_withdrew_or_was_forgotten() -> None:
    confirmed, withdrawn, forgotten = (ConsentFactory() for _ in range(3))
    confirm_consent(confirmed)
    ConsentFactory(lead=confirmed.lead)
    withdraw_consent(withdrawn.lead)
    forget([forgotten.lead])

    with listen(consents_requested) as told:
        asked = ask_for_confirmation(Lead.objects.all())

    assert (asked, told) == (0, [])

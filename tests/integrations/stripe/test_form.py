"""What the payment page is told of Stripe's form, and when nobody is shown one."""

from typing import Any

import pytest

from integrations import configuration, outbox
from integrations.models import Connection, Integration
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import PUBLISHABLE_KEY, StripeSandbox
from webinars.errors import PaymentsUnavailable

from .conftest import connect

pytestmark = pytest.mark.django_db(transaction=True)


def test_form_names_what_the_page_may_talk_to(stripe: Integration, peer: StripeSandbox) -> None:
    form = StripePayments().form()

    assert (form.script_url, form.publishable_key) == (peer.js_url, PUBLISHABLE_KEY)
    assert {*form.script_origins, *form.frame_origins, *form.connect_origins} == {peer.url}


def test_stripes_own_script_needs_stripes_own_hosts(db: None, peer: StripeSandbox) -> None:
    connect(peer, js_url="https://js.stripe.com/endive/stripe.js", api_url="https://api.stripe.com")

    form = StripePayments().form()

    assert form.script_origins == ("https://js.stripe.com", "https://*.js.stripe.com")
    assert form.frame_origins == (*form.script_origins, "https://hooks.stripe.com")
    assert form.connect_origins == ("https://api.stripe.com",)


@pytest.mark.parametrize("state", ["disabled", "incomplete", "barred", "copy"])
def test_nobody_pays_while_that_cannot_work(stripe: Integration, settings: Any, state: str) -> None:
    StripePayments().check()
    if state == "disabled":
        configuration.set_enabled(stripe, False)
    elif state == "incomplete":
        Connection.objects.update(secrets={})
    elif state == "barred":
        Connection.objects.update(blocked=["*"])
    else:
        outbox.drain()
        settings.SITE_URL = "https://elsewhere.example"

    with pytest.raises(PaymentsUnavailable):
        StripePayments().check()

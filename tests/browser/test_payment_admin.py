"""An operator looks at payments, sends a part back, and sees that money and seats agree."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.factories import RegistrationFactory, SessionFactory
from tests.webinars.paying import hear, pay, went_back
from webinars.models import Payment, Refund

pytestmark = pytest.mark.django_db(transaction=True)


def a_paid_seat(name: str) -> Payment:
    session = SessionFactory(price=119, topic__title_en="Storage")
    return pay(RegistrationFactory(session=session, status="pending_payment", first_name=name))


def test_operator_answers_the_dashboard_and_sends_a_part_back(admin: Page) -> None:
    disputed, payment = a_paid_seat("Grace"), a_paid_seat("Ada")
    hear(disputed, disputed=True)
    hear(payment, refunds=(went_back("9.00"),))

    admin.goto("/admin/")
    admin.get_by_text("A payment is disputed.").wait_for()
    admin.get_by_role("link", name="Look at it").first.click()
    expect(admin.locator("#result_list tbody tr")).to_have_count(1)
    admin.locator("#result_list tbody th a, #result_list tbody td a").first.click()
    admin.get_by_role("button", name="Seen").click()
    admin.get_by_text("noted as seen").wait_for()

    admin.goto(f"/admin/webinars/payment/{payment.pk}/change/")
    admin.get_by_role("link", name="Refund").click()
    expect(admin.get_by_label("Amount")).to_have_value("110.00")
    admin.get_by_label("Amount").fill("10")
    admin.get_by_label("Reason").fill("Goodwill")
    admin.get_by_role("button", name="Refund").click()
    admin.get_by_text("10.00 EUR goes back").wait_for()
    expect(admin.get_by_text("Goodwill", exact=True)).to_be_visible()

    admin.goto("/admin/webinars/payment/")
    admin.get_by_role("link", name="Do money and seats agree?").click()
    admin.get_by_text("0 differences").wait_for()

    assert list(Refund.objects.order_by("pk").values_list("amount", flat=True)) == [Decimal(9), Decimal(10)]

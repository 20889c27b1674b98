"""The demo's consultants."""

import pytest
from django.test import Client

from bookings import demo
from bookings.models import Consultant


@pytest.mark.django_db
def test_demo_consultants_exist_once_and_can_be_booked_in_both_languages(client: Client) -> None:
    demo.create()
    demo.create()

    assert Consultant.objects.count() == 3
    for each in Consultant.objects.all():
        each.full_clean(exclude=["photo"])
        assert each.title_en
        assert each.title_de
        assert 'name="start"' in client.get(f"/de/book/{each.slug}/").content.decode()

"""The demo's webinars."""

import pytest

from webinars import demo
from webinars.models import Session, Topic


@pytest.mark.django_db
def test_demo_webinars_exist_once_and_are_open_in_both_languages() -> None:
    demo.create()
    demo.create()

    assert Topic.objects.count() == 2
    assert Session.objects.exclude(price=0).count() == 1
    assert all(topic.title_en and topic.title_de and topic.description_de for topic in Topic.objects.all())
    assert list(Session.objects.values_list("status", flat=True)) == ["published"] * 4

"""The sidebar shows what somebody may see, nothing that would answer 403, and how much needs him."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from integrations.models import Heartbeat
from magnetiq import navigation

pytestmark = pytest.mark.django_db


def items(client: Client) -> list[dict[str, Any]]:
    page = client.get("/admin/")
    return [item for group in page.context["sidebar_navigation"] for item in group["items"]]


def links(client: Client) -> list[str]:
    return [item["link"] for item in items(client)]


def test_an_administrator_sees_the_dashboard_first_and_all_that_has_a_page(admin_client: Client) -> None:
    models = [model for _title, pages in navigation.GROUPS for _title, _icon, model in pages]

    assert links(admin_client)[0] == "/admin/"
    assert len(links(admin_client)) == 1 + len([model for model in models if navigation.has_pages(model)])
    assert navigation.has_pages("integrations.delivery")


def test_somebody_who_may_see_leads_sees_only_them(client: Client) -> None:
    user = User.objects.create_user("ann", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_lead"))
    client.force_login(user)

    assert links(client) == ["/admin/", "/admin/leads/lead/", "/admin/leads/lead/outcomes/"]


@pytest.mark.parametrize("path", ["/admin/leads/lead/", "/admin/leads/lead/outcomes/", "/admin/leads/whitepaper/add/"])
def test_one_link_is_marked_as_where_somebody_is(admin_client: Client, path: str) -> None:
    page = admin_client.get(path)

    groups = page.context["sidebar_navigation"]
    marked = [item["link"] for group in groups for item in group["items"] if item["active"]]
    assert marked == [path.removesuffix("add/")]


def test_number_of_what_needs_somebody_stands_beside_the_dashboard(admin_client: Client) -> None:
    without_a_worker = items(admin_client)[0]["badge"]
    Heartbeat.beat(*Heartbeat.QUEUES)
    Heartbeat.beat("beat")

    assert (without_a_worker, items(admin_client)[0]["badge"]) == (2, 0)

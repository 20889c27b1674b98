"""The sidebar shows what somebody may see, and nothing that would answer 403."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

pytestmark = pytest.mark.django_db


def links(client: Client) -> list[str]:
    page = client.get("/admin/")
    return [item["link"] for group in page.context["sidebar_navigation"] for item in group["items"]]


def test_an_administrator_sees_all(admin_client: Client) -> None:
    assert len(links(admin_client)) == 10


def test_somebody_who_may_see_leads_sees_only_them(client: Client) -> None:
    user = User.objects.create_user("ann", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_lead"))
    client.force_login(user)

    assert links(client) == ["/admin/leads/lead/"]

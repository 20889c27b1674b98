"""Forgetting people from their own pages, and the certificates of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from integrations import erasure
from integrations.models import Connection, Delivery, Erasure
from leads.models import Lead
from tests.factories import LeadFactory, RegistrationFactory
from tests.integrations.admin.conftest import act, logged_in, queries, text
from tests.postbox.service import PostboxService

LIST = "admin:integrations_erasure_changelist"


def dialog(lead: Lead) -> str:
    return reverse("admin:leads_lead_forget", args=[lead.pk])


def lead_page(lead: Lead) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


def certificate_page(done: Erasure) -> str:
    return reverse("admin:integrations_erasure_change", args=[done.pk])


def found(client: Client, words: str) -> list[Erasure]:
    answer: Any = client.get(reverse(LIST), {"q": words})
    return list(answer.context["cl"].result_list)


def forgotten() -> list[bool]:
    return [lead.is_forgotten for lead in Lead.objects.order_by("pk")]


@pytest.fixture
def ada(db: None) -> Lead:
    return LeadFactory(name="Ada", email="ada@client.example")


class TestLeadPage:
    def test_offers_to_forget(self, operator: Client, ada: Lead) -> None:
        assert dialog(ada) in text(operator.get(lead_page(ada)))

    def test_offers_nothing_of_the_kind_for_who_is_forgotten(self, operator: Client, ada: Lead) -> None:
        operator.post(dialog(ada))

        assert dialog(ada) not in text(operator.get(lead_page(ada)))
        assert operator.get(dialog(ada)).status_code == 404

    def test_dialog_asks_first(self, operator: Client, ada: Lead) -> None:
        assert "“Ada” will be forgotten." in text(operator.get(dialog(ada)))
        assert forgotten() == [False]

    def test_dialog_ends_on_the_certificate(self, operator: Client, ada: Lead) -> None:
        page = operator.post(dialog(ada), follow=True)

        done = Erasure.objects.get()
        assert page.redirect_chain == [(certificate_page(done), 302)]
        assert f"Tell the person this reference: {done.reference}." in text(page)
        assert (done.via, done.actor.username if done.actor else "") == ("admin", "ada")
        assert forgotten() == [True]

    @pytest.mark.parametrize(("role", "may"), [("Auditor", False), ("Operator", True)])
    def test_is_for_operators(self, ada: Lead, role: str, may: bool) -> None:
        user = User.objects.create_user("bob", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = logged_in(user)

        assert (dialog(ada) in text(client.get(lead_page(ada)))) is may
        assert client.get(dialog(ada)).status_code == (200 if may else 403)
        client.post(dialog(ada))
        assert forgotten() == [may]

    def test_who_may_not_see_certificates_is_led_to_the_list(self, ada: Lead) -> None:
        user = User.objects.create_user("bob", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=["view_lead", "forget_lead"]))

        page = logged_in(user).post(dialog(ada), follow=True)

        assert page.redirect_chain == [(reverse("admin:leads_lead_changelist"), 302)]
        assert str(Erasure.objects.get().reference) in text(page)


class TestLeadList:
    def test_action_asks_first(self, operator: Client, ada: Lead) -> None:
        page = text(act(operator, "leads_lead", "forget", [ada]))

        assert "1 person will be forgotten." in page
        assert f'name="_selected_action" value="{ada.pk}"' in page
        assert forgotten() == [False]

    def test_action_forgets_those_that_are_ticked(self, operator: Client, ada: Lead) -> None:
        eve, bob = LeadFactory(), LeadFactory()
        ticked = {"action": "forget", "_selected_action": [ada.pk, bob.pk], "confirmed": "yes"}

        page = operator.post(reverse("admin:leads_lead_changelist"), ticked, follow=True)

        assert text(page).count("Tell the person this reference") == 2
        assert [lead.is_forgotten for lead in Lead.objects.filter(pk__in=[eve.pk])] == [False]
        assert Erasure.objects.count() == 2

    def test_action_takes_no_crowds(self, operator: Client) -> None:
        crowd = LeadFactory.create_batch(51)

        assert "At most 50 leads at once, please." in text(act(operator, "leads_lead", "forget", crowd))
        assert not any(forgotten())

    def test_action_is_missing_without_the_right(self, ada: Lead) -> None:
        user = User.objects.create_user("bob", is_staff=True)
        user.groups.add(Group.objects.get(name="Auditor"))
        client = logged_in(user)

        act(client, "leads_lead", "forget", [ada])

        assert 'value="forget"' not in text(client.get(reverse("admin:leads_lead_changelist")))
        assert forgotten() == [False]


class TestCertificates:
    def test_are_found_by_the_address_that_somebody_names(self, operator: Client, ada: Lead) -> None:
        done = erasure.forget(ada.email, via="command")
        erasure.forget("other@client.example", via="command")

        assert found(operator, " ADA@client.example ") == [done]
        assert found(operator, "nobody@client.example") == []

    def test_are_found_by_the_address_that_the_person_had_besides(self, operator: Client, ada: Lead) -> None:
        RegistrationFactory(lead=ada, email="ada@old.example")
        done = erasure.forget(ada.email, via="command")

        assert found(operator, "ada@old.example") == [done]

    def test_are_found_by_reference(self, operator: Client, ada: Lead) -> None:
        done = erasure.forget(ada.email, via="command")
        erasure.forget("other@client.example", via="command")

        assert found(operator, str(done.reference)) == [done]

    def test_tell_what_is_done_and_what_is_open(self, operator: Client, ada: Lead, connection: Connection) -> None:
        done = erasure.forget(ada.email, via="command")
        promise = Delivery.objects.create(
            key="letter", integration=connection.integration, connection=connection,
            operation=PostboxService.post_letters.name, subject_type="leads.lead", subject_id=ada.pk,
        )  # fmt: skip
        done.items.create(system="postbox", what="post_letters", delivery=promise)

        page = text(operator.get(certificate_page(done)))

        assert "name, address and details" in page
        assert "Postbox" in page
        assert "Post letters" in page
        assert "promised" in page
        assert reverse("admin:integrations_delivery_change", args=[promise.pk]) in page

    def test_cannot_be_changed_or_deleted(self, operator: Client, ada: Lead) -> None:
        done = erasure.forget(ada.email, via="command")

        for action in ("add", "delete"):
            arguments = [] if action == "add" else [done.pk]
            assert operator.get(reverse(f"admin:integrations_erasure_{action}", args=arguments)).status_code == 403

    def test_page_asks_as_often_for_many_items_as_for_one(
        self, operator: Client, ada: Lead, connection: Connection
    ) -> None:
        done = erasure.forget(ada.email, via="command")

        def add(number: int) -> None:
            promise = Delivery.objects.create(
                key=str(number), integration=connection.integration, connection=connection, operation="post_letters",
                subject_type="leads.lead", subject_id=ada.pk,
            )  # fmt: skip
            done.items.create(system="postbox", what="post_letters", delivery=promise)

        add(1)
        before = queries(operator, certificate_page(done))
        for number in range(2, 6):
            add(number)

        assert queries(operator, certificate_page(done)) == before

    def test_are_in_the_sidebar_of_who_may_see_them(self, staff: Callable[..., Client], ada: Lead) -> None:
        assert reverse(LIST) in text(staff("view_erasure").get(reverse("admin:index")))

    def test_list_leads_from_what_needs_somebody(self, operator: Client, ada: Lead) -> None:
        done = erasure.forget(ada.email, via="command")
        Erasure.objects.filter(pk=done.pk).update(completed_at=None)
        erasure.forget("other@client.example", via="command")

        answer: Any = operator.get(reverse(LIST), {"completed_at__isempty": "1"})

        assert [row.pk for row in answer.context["cl"].result_list] == [done.pk]

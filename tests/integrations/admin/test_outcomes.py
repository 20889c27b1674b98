"""The page that counts what became of leads: by stage, whitepaper, webinar and campaign, in both languages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection
from leads.models import Lead, Whitepaper
from tests.factories import LeadFactory, RegistrationFactory, TouchpointFactory, WhitepaperFactory
from tests.integrations.admin.conftest import a_record, queries, text

PAGE = reverse("admin:leads_lead_outcomes")


def a_told_lead(connection: Connection, outcome: str, stage: str, **touch: object) -> Lead:
    lead: Lead = LeadFactory()
    TouchpointFactory(lead=lead, **touch)
    a_record(lead, connection.book, told={"outcome": outcome, "stage": stage, "salesperson": ""})
    return lead


@pytest.fixture
def paper(db: None) -> Whitepaper:
    found: Whitepaper = WhitepaperFactory(title_en="What it pays", title_de="Was es bringt")
    return found


@pytest.fixture
def told(connection: Connection, paper: Whitepaper) -> None:
    """One was won, one is open, one is not heard of; the first came to a webinar, too."""
    won = a_told_lead(connection, "won", "Won", whitepaper=paper, utm_campaign="autumn")
    a_told_lead(connection, "open", "New", whitepaper=paper)
    TouchpointFactory(lead=LeadFactory(), whitepaper=paper)
    RegistrationFactory(lead=won, session__topic__title_en="Data strategy", session__topic__title_de="Datenstrategie")


def lines(client: Client) -> dict[str, list[tuple[str, ...]]]:
    return {str(table["what"]): table["lines"] for table in client.get(PAGE).context["tables"]}


def test_counts_are_those_of_the_report(told: None, operator: Client) -> None:
    page = operator.get(PAGE)

    assert page.context["total"] == {"leads": "3", "open": "1", "won": "1", "lost": "0"}
    assert page.context["untold"] == "1"
    assert page.context["stages"] == [("New", "1"), ("Won", "1")]
    assert lines(operator) == {
        "Whitepaper": [("What it pays", "3", "1", "1", "0")],
        "Webinar": [("Data strategy", "1", "0", "1", "0")],
        "Campaign": [("autumn", "1", "0", "1", "0")],
    }


def test_page_speaks_german(told: None, operator: Client) -> None:
    operator.cookies["django_language"] = "de"

    shown = text(operator.get(PAGE))

    for words in ("Was aus Leads wurde", "Gewonnen", "Nach Whitepaper", "Was es bringt", "Datenstrategie"):
        assert words in shown


def test_nothing_told_is_said_in_words(connection: Connection, operator: Client) -> None:
    shown = text(operator.get(PAGE))

    assert "Odoo has not told of any lead yet." in shown
    assert "By stage" not in shown


def test_titles_are_no_markup(connection: Connection, operator: Client) -> None:
    a_told_lead(connection, "won", "<b>Won</b>", utm_campaign="<script>alert(1)</script>")

    shown = operator.get(PAGE).content.decode()

    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert(1)" not in shown


def test_long_tables_are_cut_and_say_so(connection: Connection, operator: Client) -> None:
    for number in range(52):
        a_told_lead(connection, "open", "New", utm_campaign=f"campaign {number}")

    assert len(lines(operator)["Campaign"]) == 50
    assert "2 more with fewer leads are not shown" in text(operator.get(PAGE))


def test_any_number_takes_the_same_queries(told: None, connection: Connection, operator: Client) -> None:
    for_few = queries(operator, PAGE)
    for number in range(30):
        a_told_lead(connection, "lost", "Won", whitepaper=WhitepaperFactory(), utm_campaign=f"campaign {number}")

    assert queries(operator, PAGE) == for_few


@pytest.mark.parametrize(("right", "answer"), [("view_lead", 200), ("view_whitepaper", 403)])
def test_is_for_who_may_see_leads(staff: Callable[..., Client], right: str, answer: int) -> None:
    assert staff(right).get(PAGE).status_code == answer

"""What became of the people who came to us, where another system tells: for whom our work pays."""

from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf

from leads.models import Lead, Touchpoint
from webinars.models import Registration

from .models import Connection, ExternalRecord

OUTCOMES = ("open", "won", "lost")
Line = dict[str, Any]


def report(*, language: str = "en") -> dict[str, Any]:
    """{"leads": line, "stages": {stage: leads}, "whitepapers" | "webinars" | "campaigns": [line]}.

    A line is {"name", "leads", "open", "won", "lost"}, most leads first; leads of which nobody has told are in "leads"
    only. Somebody who came twice, for one whitepaper, is one lead. Titles are in `language`, where they have one.
    """
    touched = Touchpoint.objects.exclude(lead__status=Lead.Status.FORGOTTEN)
    campaign = Coalesce(NullIf(F("first_utm_campaign"), Value("")), NullIf(F("utm_campaign"), Value("")))
    people = Registration.objects.exclude(lead__status=Lead.Status.FORGOTTEN)
    return {
        "leads": total(),
        "stages": stages(),
        "whitepapers": lines(touched.exclude(whitepaper=None), title("whitepaper", language)),
        "webinars": lines(people, title("session__topic", language)),
        "campaigns": lines(touched, campaign),
    }


def title(of: str, language: str) -> Coalesce:
    said = NullIf(F(f"{of}__title_{language}"), Value(""))
    return Coalesce(said, F(f"{of}__title_en"), output_field=CharField())


def total() -> Line:
    known = Lead.objects.exclude(status=Lead.Status.FORGOTTEN)
    return known.aggregate(leads=Count("pk"), **counted("pk", "pk"))


def lines(rows: QuerySet[Any], name: Any) -> list[Line]:
    named = rows.annotate(named=name).exclude(named=None).order_by().values("named")
    told = named.annotate(leads=Count("lead", distinct=True), **counted("lead", "lead_id"))
    return [{"name": line.pop("named"), **line} for line in told.order_by("-leads", "named")]


def counted(what: str, of: str) -> dict[str, Count]:
    return {
        outcome: Count(
            what, distinct=True, filter=Q(**{f"{of}__in": records().filter(told__outcome=outcome).values("subject_id")})
        )
        for outcome in OUTCOMES
    }


def stages() -> dict[str, int]:
    found = records().annotate(stage=KT("told__stage")).values("stage").order_by()
    return {row["stage"]: row["leads"] for row in found.annotate(leads=Count("pk")).order_by("-leads", "stage")}


def records() -> QuerySet[ExternalRecord]:
    """Of leads, in the systems that we are connected to today."""
    books = Connection.objects.in_use().values("book")
    return ExternalRecord.objects.filter(
        subject_type=Lead._meta.label_lower, remote_system__in=books, told__has_key="outcome"
    )

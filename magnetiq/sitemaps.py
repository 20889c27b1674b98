"""What search engines should know, in every language."""

from collections.abc import Callable, Sequence

from django.contrib.sitemaps import Sitemap
from django.urls import reverse
from django.utils import timezone

from bookings.models import Consultant
from leads.models import Whitepaper
from webinars.models import Session

Page = tuple[str, ...]  # the name of its address, and a slug where it has one


class Pages(Sitemap):  # type: ignore[type-arg]  # generic for the type checker only
    i18n = alternates = True

    def __init__(self, find: Callable[[], Sequence[Page]]) -> None:
        self.find = find

    def items(self) -> Sequence[Page]:
        return self.find()

    def location(self, item: Page) -> str:
        name, *slug = item
        return reverse(name, args=slug)


def lists() -> list[Page]:
    return [("leads:list",), ("webinars:list",), ("bookings:list",)]


def whitepapers() -> list[Page]:
    return [("leads:whitepaper", each.slug) for each in Whitepaper.objects.published()]


def webinars() -> list[Page]:
    return [("webinars:session", each.slug) for each in Session.objects.upcoming(timezone.now())]


def consultants() -> list[Page]:
    return [("bookings:times", each.slug) for each in Consultant.objects.active()]


SITEMAPS = {
    "lists": Pages(lists),
    "whitepapers": Pages(whitepapers),
    "webinars": Pages(webinars),
    "consultants": Pages(consultants),
}

"""Pages that read and show all times by the clock of one zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from leads.clocks import default_zone
from leads.zones import of_visitor


@contextmanager
def clock(zone: str) -> Iterator[None]:
    """Times are typed and shown as in this zone."""
    with timezone.override(ZoneInfo(zone)):
        yield


def rendered(response: HttpResponse) -> HttpResponse:
    """Now, and not when the clock is another one again."""
    return response.render() if isinstance(response, TemplateResponse) else response


def zone_of_reader(request: HttpRequest) -> str:
    """Where the browser's clock stands; this site's own zone where it does not say."""
    return of_visitor(request) or default_zone()

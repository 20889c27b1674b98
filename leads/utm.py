"""Which campaign brought the visitor: two cookies of our own that end with the browser's session."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse

from leads.captures import Utm
from leads.models import UTM_FIELDS, Touchpoint
from leads.text import single_line

FIRST, LAST = "first_utm", "last_utm"
LONGEST_COOKIE = 1500
LONGEST = Touchpoint.utm_source.field.max_length


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Keep the campaign of this link, if it has one; the first of the session stays the first."""
    utm = from_query(request.GET)
    value = urlencode(dict(zip(UTM_FIELDS, parts(utm), strict=True)))
    if not utm or len(value) > LONGEST_COOKIE:
        return
    for name in (FIRST, LAST):
        if name == LAST or not from_cookie(request, FIRST):
            response.set_cookie(name, value, httponly=True, samesite="Lax", secure=request.is_secure())


def last_touch(request: HttpRequest) -> Utm:
    return from_query(request.GET) or from_cookie(request, LAST)


def first_touch(request: HttpRequest) -> Utm:
    return from_cookie(request, FIRST) or last_touch(request)


def outside_referrer(request: HttpRequest) -> str:
    """The page that linked to us; without its query, which may be personal."""
    try:
        page = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if page.scheme not in ("http", "https") or page.netloc == request.get_host():
        return ""
    return f"{page.scheme}://{page.netloc}{page.path}"


def from_query(query: Mapping[str, str]) -> Utm:
    return Utm(*[single_line(query.get(field) or "")[:LONGEST] for field in UTM_FIELDS])


def from_cookie(request: HttpRequest, name: str) -> Utm:
    return from_query(dict(parse_qsl(request.COOKIES.get(name, "")[:LONGEST_COOKIE])))


def parts(utm: Utm) -> tuple[str, ...]:
    return utm.source, utm.medium, utm.campaign, utm.term, utm.content

"""Addresses of the booking pages, on our site and in a frame of another one."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from leads.zones import zone_or_nothing


def of(request: HttpRequest, name: str, *args: str, embedded: bool, **query: str) -> str:
    """With the zone that the visitor chose, which every frame has in its address, and the `query` that is not ""."""
    told = {"zone": chosen_zone(request), **query}
    carried = urlencode({key: value for key, value in told.items() if value}, safe="/")
    path = reverse(f"bookings:{'embed_' if embedded else ''}{name}", args=args)
    return f"{path}?{carried}" if carried else path


def chosen_zone(request: HttpRequest) -> str:
    """In the address: what a cookie says may be another one tomorrow."""
    return zone_or_nothing(request.GET.get("zone", ""))

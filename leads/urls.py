"""Addresses of the whitepaper pages."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from leads import letter_views, views


class TokenConverter(StringConverter):
    """A signed token has dots, which neither slugs nor the words beside them have: no whitepaper can be in the way."""

    regex = r"[\w-]+(?:\.[\w-]+)+"


register_converter(TokenConverter, "token")

app_name = "leads"
urlpatterns = [
    path("", views.whitepaper_list, name="list"),
    path("download/<token:token>/", letter_views.download, name="download"),
    path("consent/<token:token>/", letter_views.confirm, name="confirm"),
    path("unsubscribe/<token:token>/", letter_views.unsubscribe, name="unsubscribe"),
    path("<slug:slug>/", views.whitepaper_detail, name="whitepaper"),
    path("<slug:slug>/thanks/", views.whitepaper_thanks, name="thanks"),
]

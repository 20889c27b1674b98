"""Addresses of the whitepaper pages."""

from django.urls.resolvers import URLPattern

app_name = "leads"
urlpatterns: list[URLPattern] = []

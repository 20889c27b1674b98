"""Addresses of the whitepaper pages."""

from django.urls import path

from leads import views

app_name = "leads"
urlpatterns = [
    path("", views.whitepaper_list, name="list"),
    path("<slug:slug>/", views.whitepaper_detail, name="whitepaper"),
    path("<slug:slug>/thanks/", views.whitepaper_thanks, name="thanks"),
]

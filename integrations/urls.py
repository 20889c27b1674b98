"""Addresses for other systems, and of each person's own page; the names are part of what we promised them."""

from django.urls import path

from . import views
from .own_page import views as own_page

app_name = "integrations"
urlpatterns = [
    path("webhooks/<slug:integration>/", views.webhook, name="webhook"),
    path("my/<str:token>/", own_page.show, name="own_page"),
    path("my/<str:token>/export/", own_page.export, name="own_page_export"),
    path("my/<str:token>/withdraw/", own_page.withdraw, name="own_page_withdraw"),
    path("my/<str:token>/send-again/<int:touchpoint>/", own_page.send_again, name="own_page_send_again"),
    path("my/<str:token>/forget/", own_page.forget, name="own_page_forget"),
]

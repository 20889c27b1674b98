"""Addresses for other systems; the names are part of what we promised them."""

from django.urls import path

from . import views

app_name = "integrations"
urlpatterns = [path("webhooks/<slug:integration>/", views.webhook, name="webhook")]

"""The project's addresses, and those that webhooks come in by."""

from django.urls import include, path

from magnetiq.urls import urlpatterns as project

urlpatterns = [path("", include("integrations.urls")), *project]

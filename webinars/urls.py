"""Addresses of the webinar pages. <token> is of `leads.urls`: it has a dot, which no slug has."""

from django.urls import path

from webinars import views

app_name = "webinars"
urlpatterns = [
    path("", views.session_list, name="list"),
    path("<slug:slug>/", views.session_detail, name="session"),
    path("<slug:slug>/thanks/<slug:status>/", views.thanks, name="thanks"),
]

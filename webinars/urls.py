"""Addresses of the webinar pages. <token> is of `leads.urls`: it has a dot, which no slug has."""

from django.urls import path

from leads.embedding import framed
from webinars import feeds, payment_views, registration_views, views

app_name = "webinars"
urlpatterns = [
    path("", views.session_list, name="list"),
    path("feed.ics", feeds.feed, name="feed"),
    path("registration/<token:token>/", registration_views.registration, name="registration"),
    path("registration/<token:token>/calendar.ics", registration_views.as_calendar, name="calendar"),
    path("pay/<token:token>/", payment_views.pay, name="pay"),
    path("pay/<token:token>/state/", payment_views.state, name="pay_state"),
    path("pay/<token:token>/start/", payment_views.start, name="pay_start"),
    path("embed/", framed(views.session_list), name="embed"),
    path("<slug:slug>/embed/", framed(views.session_detail), name="embed_session"),
    path("<slug:slug>/embed/thanks/<slug:status>/", framed(views.thanks), name="embed_thanks"),
    path("<slug:slug>/", views.session_detail, name="session"),
    path("<slug:slug>/thanks/<slug:status>/", views.thanks, name="thanks"),
]

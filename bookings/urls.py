"""Addresses of the booking pages. <token> is of `leads.urls`: it has a dot, which no slug has."""

from django.urls import path

from bookings import form_views, meeting_views, views
from leads.embedding import framed

app_name = "bookings"
urlpatterns = [
    path("", views.consultant_list, name="list"),
    path("embed/", framed(views.consultant_list), name="embed_list"),
    path("form/<token:token>/", form_views.form, name="form"),
    path("form/<token:token>/embed/", framed(form_views.form), name="embed_form"),
    path("booked/<token:token>/", form_views.booked, name="booked"),
    path("booked/<token:token>/embed/", framed(form_views.booked), name="embed_booked"),
    path("meeting/<token:token>/", meeting_views.meeting, name="meeting"),
    path("meeting/<token:token>/move/", meeting_views.move, name="move"),
    path("meeting/<token:token>/calendar.ics", meeting_views.as_calendar, name="calendar"),
    path("<slug:slug>/", views.times, name="times"),
    path("<slug:slug>/embed/", framed(views.times), name="embed_times"),
    path("<slug:slug>/photo/", views.photo, name="photo"),
]

from django.urls import path

from . import views

app_name = "two_factor"
urlpatterns = [
    path("", views.account, name="account"),
    path("code/", views.code, name="code"),
    path("recovery/", views.recovery, name="recovery"),
    path("set-up/", views.set_up, name="set_up"),
    path("renew/", views.renew, name="renew"),
    path("remove/", views.remove, name="remove"),
]

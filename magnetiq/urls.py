"""All addresses. Only what visitors read carries a language in its path; links for machines never change."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.generic import RedirectView

from magnetiq import views
from magnetiq.api import api
from magnetiq.sitemaps import SITEMAPS

urlpatterns = [
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics, name="metrics"),
    path("admin/two-factor/", include("magnetiq.two_factor.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("", include("integrations.urls")),
    path("", RedirectView.as_view(pattern_name="leads:list")),
]
urlpatterns += i18n_patterns(
    path("whitepapers/", include("leads.urls")),
    path("webinars/", include("webinars.urls")),
    path("book/", include("bookings.urls")),
)

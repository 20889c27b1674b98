"""What every answer tells the browser that it may not do, and the pages for when something fails."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings

from magnetiq import urls

STRICT = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
ADMIN = STRICT - {"script-src 'self'", "style-src 'self'"} | {
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
}


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


urlpatterns = [path("broken/", broken), path("suspicious/", suspicious), *urls.urlpatterns]
PAGES = [
    ("/", 302),
    ("/healthz", 200),
    ("/readyz", 200),
    ("/en/whitepapers/", 200),
    ("/nothing/here/", 404),
    ("/static/leads/site.css", 200),
    ("/static/no.css", 404),
    ("/webhooks/nobody/", 405),
    ("/broken/", 500),
    ("/suspicious/", 400),
    ("/api/v1/docs", 200),
    ("/api/v1/nothing", 404),
    ("/api/v1/admin/integrations/status", 401),
]
ADMIN_PAGES = [
    ("/admin/", 302),
    ("/admin/login/", 200),
    ("/admin/nothing/", 302),
    ("/admin/two-factor/code/", 302),
]


@pytest.fixture(autouse=True)
def _addresses(settings: Settings, db: None) -> None:
    settings.ROOT_URLCONF = __name__
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True  # static files without `collectstatic`


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def policy(answer: HttpResponse) -> set[str]:
    return set(answer["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize(("url", "status"), PAGES)
def test_public_answer_has_the_strict_policy(visitor: Client, url: str, status: int) -> None:
    answer = visitor.get(url)

    assert (answer.status_code, policy(answer)) == (status, STRICT)


@pytest.mark.parametrize(("url", "status"), ADMIN_PAGES)
def test_admin_has_what_its_scripts_need_and_no_more(visitor: Client, url: str, status: int) -> None:
    answer = visitor.get(url)

    assert (answer.status_code, policy(answer)) == (status, ADMIN)


@pytest.mark.parametrize("url", [page for page, _ in PAGES + ADMIN_PAGES])
def test_every_answer_has_all_other_headers(visitor: Client, url: str) -> None:
    headers = visitor.get(url).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "camera=(), geolocation=(), microphone=(), usb=()"


def test_host_that_is_not_ours_gets_a_page_and_the_policy(visitor: Client) -> None:
    answer = visitor.get("/", headers={"host": "evil.example"})

    assert (answer.status_code, policy(answer)) == (400, STRICT)
    assert "cannot be understood" in answer.content.decode()


def test_form_without_its_token_gets_a_page_and_the_policy(visitor: Client) -> None:
    answer = visitor.post("/admin/login/", {"username": "ada"})

    assert (answer.status_code, policy(answer)) == (403, ADMIN)
    assert "This form is too old" in answer.content.decode()


def test_who_may_not_is_told_so_and_led_back(visitor: Client) -> None:
    visitor.force_login(User.objects.create_user("bob", is_staff=True))

    answer = visitor.get("/admin/leads/lead/")

    assert (answer.status_code, policy(answer)) == (403, ADMIN)
    assert 'href="/admin/"' in answer.content.decode()


@pytest.mark.parametrize("url", ["/broken/", "/suspicious/", "/nothing/here/"])
def test_failure_speaks_the_language_of_the_visitor_and_styles_nothing_inline(visitor: Client, url: str) -> None:
    page = visitor.get(url, headers={"accept-language": "de"}).content.decode()

    assert '<html lang="de">' in page
    assert "<style" not in page
    assert "<script" not in page
    assert "style=" not in page

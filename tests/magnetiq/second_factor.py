"""What the tests of the second factor share: somebody with a phone."""

import time

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from magnetiq.two_factor import devices

PASSWORD = "correct horse battery staple"
CODE, RECOVERY, SET_UP, ACCOUNT = (reverse(f"two_factor:{name}") for name in ("code", "recovery", "set_up", "account"))
INDEX = reverse("admin:index")


def with_app(user: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, name="app", key=devices.new_key())


def shown_by(app: TOTPDevice, *, ahead: int = 0) -> str:
    """What the app shows now, or `ahead` steps of half a minute later: each code works once."""
    totp = TOTP(app.bin_key)
    totp.time = time.time() + 30 * ahead
    return f"{totp.token():06}"


def logged_in(user: User) -> Client:
    """By password only."""
    client = Client()
    client.force_login(user)
    return client


def proven(user: User, app: TOTPDevice) -> Client:
    client = logged_in(user)
    assert client.post(CODE, {"code": shown_by(app)}).status_code == 302
    return client

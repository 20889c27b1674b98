"""What proves that it is really him: an app that shows codes, and codes on paper. One of each for a user."""

from base64 import b32encode
from typing import TYPE_CHECKING, Any

import django_otp
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

RECOVERY_CODES = 10
KEY_BYTES = 20


def app_of(user: User | AnonymousUser) -> TOTPDevice | None:
    """The app that he must show a code of, if he set one up."""
    return TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first()


def paper_of(user: User) -> StaticDevice | None:
    return StaticDevice.objects.filter(user=user, confirmed=True).first()


def new_key() -> str:
    return str(random_hex(KEY_BYTES))


def unsaved_app(user: User, key: str) -> TOTPDevice:
    return TOTPDevice(user=user, name="app", key=key)


def typed_key(app: TOTPDevice) -> str:
    """The key for those who cannot scan, in groups of four."""
    key = b32encode(app.bin_key).decode()
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def prove(device: TOTPDevice | StaticDevice | None, code: str) -> bool:
    """Whether `code` is right; a wrong one makes the next try wait, and a right one is used up."""
    if device is None:
        return False
    return django_otp.verify_token(device.user, device.persistent_id, code) is not None


@transaction.atomic
def add_app(user: User, key: str, code: str) -> TOTPDevice | None:
    """The app with this key belongs to `user` from now on, if it shows the right code and he has none yet."""
    User.objects.select_for_update().get(pk=user.pk)
    app = unsaved_app(user, key)
    if app_of(user) is None and app.verify_token(code):
        return app
    transaction.set_rollback(True)  # a wrong code would have been counted in a row of its own
    return None


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """New ones; the old ones open nothing any more."""
    StaticDevice.objects.filter(user=user).delete()
    paper = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=paper, token=code) for code in codes)
    return codes


@transaction.atomic
def remove(user: User) -> bool:
    """Forget the app and the recovery codes of `user`; whether there were any."""
    gone = [model.objects.filter(user=user).delete()[0] for model in (TOTPDevice, StaticDevice)]
    return any(gone)


def is_proven(request: HttpRequest, device: Any) -> None:
    """This session may go on. It gets a new key: whoever knew the old one knows nothing."""
    django_otp.login(request, device)
    request.session.cycle_key()


def note(actor: User, user: User, what: "StrPromise | str") -> None:
    """Write into the history of `user` what `actor` did."""
    LogEntry.objects.log_actions(actor.pk, [user], CHANGE, str(what), single_object=True)

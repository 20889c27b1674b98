"""Who calls: another system by its bearer token, or a colleague's browser by its session.

A token may do what its scope allows and its owner may; a session what its user may. Either way `request.user` is the
user who acts.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.errors import HttpError, Throttled
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from integrations import trigger
from integrations.models import ApiToken
from integrations.models.token import digest
from leads import throttle

Scope = ApiToken.Scope
P = ParamSpec("P")
T = TypeVar("T")

A_MINUTE = timedelta(minutes=1)
CALLS, FAILURES = 120, 20  # a minute: of one token or user, and from one address


def may(scope: Scope, permission: str) -> list[Callable[[HttpRequest], Any]]:
    """The two roads in, for endpoints that need this scope of a token and this permission of its owner or the user.

    The bearer comes first, and the session is not even tried when there is an Authorization header: its CSRF check
    would refuse the valid bearer.
    """
    return [Bearer(scope, permission), Session(permission)]


class Bearer(HttpBearer):
    """A token made under "API tokens" in the admin, as `Authorization: Bearer mgq_...`."""

    def __init__(self, scope: Scope, permission: str) -> None:
        super().__init__()
        self.scope = scope
        self.permission = permission

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = ApiToken.objects.usable().select_related("owner").filter(digest=digest(token)).first()
        if found is None:
            _refuse_often_wrong(request)
            return None
        _refuse_too_many(f"token:{found.pk}")
        if not found.covers(self.scope):
            raise HttpError(403, _("This needs a token of scope “%(scope)s”.") % {"scope": self.scope.value})
        request.user = found.owner
        _refuse_without(self.permission, request)
        _note_use(found)
        return found


class Session(AuthBase):
    """A colleague's login to the admin; whatever changes something needs the CSRF token in X-CSRFToken."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __init__(self, permission: str) -> None:
        super().__init__()
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Any:
        if "Authorization" in request.headers or not (request.user.is_active and request.user.is_staff):
            return None
        if check_csrf(request):
            raise HttpError(403, _("The CSRF token is missing or wrong: send it as X-CSRFToken."))
        _refuse_too_many(f"user:{request.user.pk}")
        _refuse_without(self.permission, request)
        return request.user


def by_api(endpoint: Callable[P, T]) -> Callable[P, T]:
    """Everything inside is logged as set off over the API by the user who acts."""

    @wraps(endpoint)
    def logged(*args: P.args, **kwargs: P.kwargs) -> T:
        request: Any = args[0]
        with trigger.triggered("api", request.user.pk):
            return endpoint(*args, **kwargs)

    return logged


def _refuse_too_many(who: str) -> None:
    if wait := throttle.seconds_to_wait("api", who, limit=CALLS, window=A_MINUTE.seconds):
        raise Throttled(wait)


def _refuse_often_wrong(request: HttpRequest) -> None:
    """Nobody guesses a token; this tells a script with an old one to stop asking."""
    if wait := throttle.seconds_to_wait("api-401", throttle.visitor(request), limit=FAILURES, window=A_MINUTE.seconds):
        raise Throttled(wait)


def _refuse_without(permission: str, request: HttpRequest) -> None:
    if not request.user.has_perm(permission):
        needed = {"user": request.user.get_username(), "permission": permission}
        raise HttpError(403, _("%(user)s lacks the permission %(permission)s.") % needed)


def _note_use(token: ApiToken) -> None:
    """Once a minute is often enough for people, and spares a write with each call."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > A_MINUTE:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


READ = may(Scope.READ, "integrations.view_integration")
OPERATE = may(Scope.OPERATE, "integrations.operate_integration")
CONFIGURE = may(Scope.CONFIGURE, "integrations.configure_integration")

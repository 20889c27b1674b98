"""Answers for whoever watches this process: is it alive, and can it work?"""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja.errors import HttpError
from prometheus_client import CONTENT_TYPE_LATEST

import integrations.metrics
from integrations.api.auth import READ


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a database outage restarts no container."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers and knows every migration of this code; says which part fails, never why."""
    parts = {"database": "failed", "migrations": "failed"}
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        return JsonResponse(parts, status=503)
    parts["database"] = "ok"
    if any(migration not in applied for migration in newest_migrations()):
        return JsonResponse(parts, status=503)
    return JsonResponse(parts | {"migrations": "ok"})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with the token of an operator, or for a colleague's browser."""
    try:
        known = any(road(request) for road in READ)
    except HttpError as refusal:
        return HttpResponse(str(refusal), status=refusal.status_code, content_type="text/plain")
    if not known:
        return HttpResponse("a token is needed", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(integrations.metrics.text(), content_type=CONTENT_TYPE_LATEST)


@cache
def newest_migrations() -> tuple[tuple[str, str], ...]:
    """Each app's last migration; they change only with the code, so the files are read once."""
    return tuple(MigrationLoader(None).graph.leaf_nodes())

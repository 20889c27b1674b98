"""Ready-made roles, each with all that the one before may.

What an administrator changes in them stays changed: a role is given what is new since it was last looked at, once.
"""

from django.contrib.auth.models import Group, Permission
from django.db.models import Max, Q

from .models import Installation

# {name: (app, pattern of codenames) that it adds}. An auditor sees everything but people's accounts.
GROUPS: dict[str, list[tuple[str, str]]] = {
    "Auditor": [
        ("leads", "view_.*"),
        ("webinars", "view_.*"),
        ("bookings", "view_.*"),
        ("integrations", "view_(?!apitoken).*"),
        ("django_celery_beat", "view_.*"),
    ],
    "Operator": [
        ("integrations", "operate_integration"),
        ("integrations", "(change_letteroverride|delete_suppression)"),
        ("leads", "(add|change|export|forget)_lead"),
        ("leads", "(add|change)_whitepaper"),
        ("webinars", "(add|change)_(topic|session|reminderrule)"),
        ("webinars", "change_registration"),
        ("webinars", "(refund|export)_payment"),
        ("bookings", "(add|change)_(consultant|booking|reminderrule)"),
        ("bookings", "(add|change|delete)_(workinghours|timeoff)"),
    ],
    "Administrator": [
        ("integrations", "configure_integration"),
        ("integrations", "(view|add|change)_apitoken"),
        ("leads", "delete_whitepaper"),
        ("webinars", "delete_(topic|session|reminderrule)"),
        ("bookings", "delete_(consultant|reminderrule)"),
        ("django_celery_beat", "(add|change|delete)_.*"),
        ("auth", "(view|add|change|delete)_(user|group)"),
    ],
}


def create() -> None:
    """After every migration: the roles that are missing, and for those that are there what came with an upgrade."""
    installation = Installation.objects.get()
    allowed: dict[str, Permission] = {}
    newest = newest_held()
    for name, patterns in GROUPS.items():
        allowed |= matching(patterns)
        group, created = Group.objects.get_or_create(name=name)
        given = installation.given.get(name)
        if created:
            known: set[str] = set()
        elif given is None:  # made by a version that did not write down what it gave
            known = {code for code, permission in allowed.items() if permission.pk <= newest}
        else:
            known = set(given)
        group.permissions.add(*[permission for code, permission in allowed.items() if code not in known])
        installation.given[name] = sorted(known | allowed.keys())
    installation.save(update_fields=["given"])


def matching(patterns: list[tuple[str, str]]) -> dict[str, Permission]:
    """{"app.codename": permission}"""
    wanted = Q()
    for app, codename in patterns:
        wanted |= Q(content_type__app_label=app, codename__regex=rf"^{codename}$")
    found = Permission.objects.filter(wanted).select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}": row for row in found}


def newest_held() -> int:
    """The youngest permission that any of our roles has: younger ones came after the roles were made."""
    held = Permission.objects.filter(group__name__in=GROUPS)
    return held.aggregate(newest=Max("pk"))["newest"] or 0

"""Webinars' pages, with what only this app knows: verbs, and where everything about a session and its people stands."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import runs
from integrations.models import Integration
from webinars import actions
from webinars.actions.messages import TOLD
from webinars.actions.registrations import is_door_open
from webinars.admin.catalogue import TopicAdmin
from webinars.admin.registrations import RegistrationAdmin
from webinars.admin.sessions import SessionAdmin
from webinars.errors import WebinarError
from webinars.models import Registration, Session, Topic
from webinars.models.registration import OPEN, SEATED, Status

from . import attendees
from .base import Button, Run, Verb, WithVerbs, note
from .operating import say_started
from .timeline import TimelineMixin

ODOO = "odoo"
Act = Callable[[Any], object]


def doing(act: Act, done: Promise) -> Run:
    """The action about each row, each by itself; back to where the button was."""

    def run(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        for row in rows:
            try:
                act(row)
            except WebinarError as error:
                messages.error(request, f"{row}: {error}")
            else:
                note(request, [row])
                messages.success(request, done % {"name": row})
        return back_to_session(request, rows)

    return run


def back_to_session(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    """For buttons about people that stand on their session's page."""
    if "session" not in request.POST:
        return None
    return redirect("admin:webinars_session_change", rows.values_list("session", flat=True)[0])


def sync(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for session in rows:
        for odoo in Integration.objects.filter(slug=ODOO):
            say_started(request, runs.start("job", integration=odoo, job="sync_webinars", session=session.slug))


def began(session: Session) -> bool:
    return session.starts_at <= timezone.now()


def can_be_completed(session: Session) -> bool:
    return session.status == Session.Status.PUBLISHED and began(session)


def is_over(session: Session) -> bool:
    return session.ends_at <= timezone.now()


def can_be_cancelled(session: Session) -> bool:
    """What took place is completed."""
    is_ahead = session.status == Session.Status.PUBLISHED and not is_over(session)
    return is_ahead or session.status == Session.Status.DRAFT


SESSION_VERBS = (
    Verb(
        "publish",
        gettext_lazy("Publish"),
        "campaign",
        doing(actions.publish_session, gettext_lazy("“%(name)s” is public: people can register.")),
        permission="change",
        applies=lambda session: session.status == Session.Status.DRAFT,
        variant="primary",
        question=gettext_lazy("Everybody sees it from now on. Publish this session?"),
    ),
    Verb(
        "complete",
        gettext_lazy("Complete"),
        "task_alt",
        doing(actions.complete_session, gettext_lazy("“%(name)s” took place.")),
        permission="change",
        applies=can_be_completed,
        question=gettext_lazy("Nothing can be changed in it afterwards. Is this session over?"),
    ),
    Verb(
        "cancel",
        gettext_lazy("Cancel session"),
        "event_busy",
        doing(actions.cancel_session, gettext_lazy("“%(name)s” is cancelled.")),
        permission="change",
        applies=can_be_cancelled,
        variant="danger",
        question=gettext_lazy(
            "Everybody who registered gets a letter and, who paid, all of the money back. This cannot be undone."
            " Cancel this session?"
        ),
    ),
    Verb(
        "sync",
        gettext_lazy("Sync to Odoo"),
        "sync",
        sync,
        applies=lambda session: session.status != Session.Status.DRAFT,
    ),
)
REGISTRATION_VERBS = (
    Verb(
        "attended",
        gettext_lazy("Came"),
        "check",
        doing(lambda person: actions.mark_attendance([person], True), gettext_lazy("%(name)s came.")),
        permission="session",
        applies=lambda person: person.status in SEATED - {Status.ATTENDED} and is_door_open(person.session),
    ),
    Verb(
        "no_show",
        gettext_lazy("Did not come"),
        "close",
        doing(lambda person: actions.mark_attendance([person], False), gettext_lazy("%(name)s did not come.")),
        permission="session",
        applies=lambda person: person.status in SEATED - {Status.NO_SHOW} and is_door_open(person.session),
    ),
    Verb(
        "cancel",
        gettext_lazy("Cancel registration"),
        "person_cancel",
        doing(actions.cancel, gettext_lazy("The registration of %(name)s is cancelled.")),
        permission="session",
        applies=lambda person: person.status in OPEN and not is_over(person.session),
        question=gettext_lazy(
            "The person gets a letter and, of what was paid, what the session's rules give back; the seat goes to the"
            " next in line. Cancel it?"
        ),
    ),
)


def job_button(request: HttpRequest, name: str, label: str, icon: str) -> list[Button]:
    """A job of Odoo's, for all there is; its page tells how far it is."""
    odoo = Integration.objects.filter(slug=ODOO).first()
    if odoo is None or not request.user.has_perm("integrations.operate_integration"):
        return []
    url = reverse("admin:integrations_integration_sync", args=[odoo.pk])
    return [Button(label, icon, url, name="job", value=name)]


for model in (Topic, Session, Registration):
    admin.site.unregister(model)


@admin.register(Topic)
class TopicInStepAdmin(TimelineMixin, TopicAdmin):
    list_before_template = "admin/integrations/buttons_bar.html"
    change_form_outer_after_template = "admin/integrations/webinars/topic.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        buttons = job_button(request, "import_topics", _("Import topics from Odoo"), "download")
        response: HttpResponse = super().changelist_view(request, {"buttons": buttons, **(extra_context or {})})
        return response


@admin.register(Session)
class SessionInStepAdmin(TimelineMixin, WithVerbs, SessionAdmin):
    verbs = SESSION_VERBS
    list_before_template = "admin/integrations/buttons_bar.html"
    change_form_outer_before_template = "admin/integrations/webinars/room.html"
    change_form_outer_after_template = "admin/integrations/webinars/people.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        buttons = job_button(request, "sync_webinars", _("Sync all to Odoo"), "sync")
        response: HttpResponse = super().changelist_view(request, {"buttons": buttons, **(extra_context or {})})
        return response

    def buttons(self, request: HttpRequest, row: Session | None) -> list[Button]:
        return [*super().buttons(request, row), *self.ways(request, row)] if row else []

    def ways(self, request: HttpRequest, session: Session) -> list[Button]:
        """To the pages about this session, and its list of people as a file."""
        buttons = []
        if self.may_see_people(request):
            door = reverse("admin:webinars_session_check_in", args=[session.pk])
            buttons.append(Button(_("Check-in list"), "how_to_reg", door, is_link=True))
        if self.has_change_permission(request) and session.status in TOLD:
            message = reverse("admin:webinars_session_message", args=[session.pk])
            buttons.append(Button(_("Message all"), "mail", message, is_link=True))
        if self.has_add_permission(request):
            clone = reverse("admin:webinars_session_clone", args=[session.pk])
            buttons.append(Button(_("Clone"), "content_copy", clone, is_link=True))
        if self.may_see_people(request) and request.user.has_perm("leads.export_lead"):
            export = reverse("admin:webinars_session_export", args=[session.pk])
            buttons += [Button(f"{_('Export')} {kind.upper()}", "download", export, name="format", value=kind)
                        for kind in ("csv", "xlsx")]  # fmt: skip
        return buttons

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if session := context["original"]:
            context["may_see_people"] = self.may_see_people(request)
            context.update(attendees.of(session, request, lambda person: self.person_buttons(request, person)))
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def person_buttons(self, request: HttpRequest, person: Registration) -> list[Button]:
        of_person = self.admin_site.get_model_admin(Registration).buttons(request, person)
        return [replace(button, name="session", value="1") for button in of_person]


@admin.register(Registration)
class RegistrationInStepAdmin(TimelineMixin, WithVerbs, RegistrationAdmin):
    verbs = REGISTRATION_VERBS
    change_form_outer_after_template = "admin/integrations/lead.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def has_session_permission(self, request: HttpRequest) -> bool:
        """Who comes is a matter of the session."""
        return request.user.has_perm("webinars.change_session")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        people: QuerySet[Registration] = super().get_queryset(request)
        return people.select_related("session__topic")

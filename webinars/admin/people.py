"""Who comes to a session: the list at the door, and the list to take along."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from leads.addresses import FORGOTTEN_DOMAIN
from leads.exchange import journal
from leads.exchange.formats import CSV, XLSX
from webinars import actions
from webinars.errors import WebinarError
from webinars.models import Registration, Session
from webinars.models.registration import SEATED, Status

COLUMNS = ("number", "first_name", "last_name", "email", "company", "phone", "language", "status")
MOMENTS = ("registered_at", "confirmed_at")
AT_ONCE = 200  # shown at the door: who is not among them is found by name
NUMBER_LENGTH = 18


class AttendeesXLSX(XLSX):
    sheet = "attendees"


FORMATS: dict[str, type[CSV] | type[XLSX]] = {"csv": CSV, "xlsx": AttendeesXLSX}


class PeopleMixin:
    """For the session's admin."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [
            path("<int:pk>/check-in/", guarded(self.check_in), name="webinars_session_check_in"),
            path("<int:pk>/export/", guarded(require_POST(self.export)), name="webinars_session_export"),
            *urls,
        ]

    def may_see_people(self, request: HttpRequest) -> bool:
        """Who plans a session need not know who comes."""
        people = self.admin_site.get_model_admin(Registration)
        return bool(self.has_view_permission(request) and people.has_view_permission(request))  # type: ignore[attr-defined]

    # --- the list at the door ---------------------------------------------------------------------------------------

    def check_in(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET shows who has a seat, POST notes who came; of one person, or of all that are ticked."""
        if not self.may_see_people(request):
            raise PermissionDenied
        session = get_object_or_404(Session.objects.select_related("topic"), pk=pk)
        if request.method != "POST":
            return self.show_check_in(request, session)
        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        note(request, session)
        return redirect(request.get_full_path())

    def show_check_in(self, request: HttpRequest, session: Session) -> HttpResponse:
        seated = session.registrations.filter(status__in=SEATED)
        sought = request.GET.get("q", "").strip()[:100]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Check-in list"),
            "subtitle": str(session),
            "opts": self.opts,
            "session": session,
            "people": named_like(seated, sought).order_by("last_name", "first_name", "number")[:AT_ONCE],
            "sought": sought,
            "came": seated.filter(status=Status.ATTENDED).count(),
            "all": seated.count(),
            "may_note": self.has_change_permission(request),  # type: ignore[attr-defined]
        }
        return render(request, "admin/webinars/session/check_in.html", context)

    # --- the list to take along -------------------------------------------------------------------------------------

    def export(self, request: HttpRequest, pk: int) -> FileResponse:
        """All who registered, whatever became of it. Carrying addresses away takes its own right, and is noted."""
        if not (self.may_see_people(request) and request.user.has_perm("leads.export_lead")):
            raise PermissionDenied
        session = get_object_or_404(Session.objects.select_related("topic"), pk=pk)
        chosen = request.POST.get("format", "csv")
        file_format, name = FORMATS.get(chosen, CSV)(), f"{session.slug}.{chosen if chosen in FORMATS else 'csv'}"
        people = remembered(session)
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        file_format.write(rows(people), file)
        file.seek(0)
        number = people.count()
        exported = ngettext("Exported %(n)s attendee.", "Exported %(n)s attendees.", number)
        journal.note(request, file=name, what=exported % {"n": number})
        return FileResponse(file, as_attachment=True, filename=name, content_type=file_format.get_content_type())


def named_like(people: QuerySet[Registration], sought: str) -> QuerySet[Registration]:
    """Each word in a name or the company."""
    for word in sought.split():
        people = people.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(company__icontains=word)
        )
    return people


def note(request: HttpRequest, session: Session) -> None:
    """The button tells what is noted, and of whom: `attended` or `no_show`; an id, or `ticked`."""
    attended = "attended" in request.POST
    of_whom = request.POST.get("attended" if attended else "no_show", "")
    ids = request.POST.getlist("ticked") if of_whom == "ticked" else [of_whom]
    known = [number for number in ids if number.isdecimal() and len(number) <= NUMBER_LENGTH]
    people = list(session.registrations.filter(pk__in=known))
    try:
        news = actions.mark_attendance(people, attended)
    except WebinarError as error:
        messages.error(request, str(error))
        return
    if attended:
        said = ngettext("Noted: %(n)s person came.", "Noted: %(n)s people came.", news)
    else:
        said = ngettext("Noted: %(n)s person did not come.", "Noted: %(n)s people did not come.", news)
    messages.success(request, said % {"n": news})


def remembered(session: Session) -> QuerySet[Registration]:
    """Without those who were forgotten."""
    return session.registrations.exclude(email__endswith=FORGOTTEN_DOMAIN).order_by("number")


def rows(people: QuerySet[Registration]) -> Iterator[list[str]]:
    """The header, then a row for each person."""
    yield [*COLUMNS, *MOMENTS]
    for person in people.iterator(1000):
        moments = [getattr(person, name) for name in MOMENTS]
        told = [moment.isoformat(timespec="seconds") if moment else "" for moment in moments]
        yield [*(str(getattr(person, name)) for name in COLUMNS), *told]

"""Letters in the admin: their words, how they look, and addresses that take none."""

from collections.abc import Container, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from integrations import gate, trigger
from integrations.admin.base import Button, ReadOnlyAdmin, Verb, VerbsAdmin, as_action
from integrations.models import Delivery, LetterOverride, Suppression

from . import editing, looking
from .editing import ChangedMeanwhile
from .forms import WordsForm
from .letters import LETTERS, Letter


def find(name: str) -> type[Letter[Any]]:
    try:
        return LETTERS[name]
    except KeyError:
        raise Http404 from None


def promise_of(delivery: int) -> tuple[Delivery, type[Letter[Any]]]:
    promise = get_object_or_404(Delivery.objects.filter(integration__slug="email"), pk=delivery)
    return promise, find(promise.operation)


@admin.register(LetterOverride)
class LetterAdmin(ReadOnlyAdmin):
    """All letters, whoever's words they are in. Looking is for who may view them, writing for who may change them."""

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(require_safe(self.list)), name="integrations_letteroverride_changelist"),
            path("read/<int:delivery>/", guarded(require_safe(self.read)), name="integrations_letteroverride_read"),
            path(
                "read/<int:delivery>/letter/",
                guarded(require_safe(self.promised)),
                name="integrations_letteroverride_promised",
            ),
            path("<slug:letter>/", guarded(self.edit), name="integrations_letteroverride_edit"),
            path("<slug:letter>/preview/", guarded(self.preview), name="integrations_letteroverride_preview"),
            path(
                "<slug:letter>/shipped/<slug:language>/",
                guarded(require_POST(self.restore)),
                name="integrations_letteroverride_restore",
            ),
        ]

    # --- who may ----------------------------------------------------------------------------------------------------

    def may_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def may_write(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_letteroverride")

    def page(self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        every = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return render(request, f"admin/integrations/letters/{template}", {**every, **context}, status=status)

    # --- pages ------------------------------------------------------------------------------------------------------

    def list(self, request: HttpRequest) -> HttpResponse:
        self.may_view(request)
        own = {(row.letter, row.language): row for row in LetterOverride.objects.select_related("updated_by")}
        rows = [
            {
                "letter": letter,
                "states": [(said, own.get((name, language))) for language, said in editing.NAMES.items()],
            }
            for name, letter in LETTERS.items()
        ]
        return self.page(request, "list.html", {"title": _("Letters"), "rows": rows})

    def edit(self, request: HttpRequest, letter: str) -> HttpResponse:
        self.may_view(request)
        found = find(letter)
        if request.method == "POST":
            if not self.may_write(request):
                raise PermissionDenied
            return self.save(request, found)
        form = WordsForm(found)
        for field in form.fields.values():
            field.disabled = not self.may_write(request)
        return self.show(request, found, form)

    def save(self, request: HttpRequest, letter: type[Letter[Any]]) -> HttpResponse:
        form = WordsForm(letter, request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing is saved yet: see the fields below."))
            return self.show(request, letter, form)
        try:
            with trigger.triggered("admin", request.user.pk):
                changed = editing.save(letter, form.words(), actor_id=request.user.pk, seen=form.cleaned_data["seen"])
        except ChangedMeanwhile:
            messages.error(
                request,
                _("Somebody else has changed this letter meanwhile. Yours is below; open the page anew for theirs."),
            )
            return self.show(request, letter, form, status=409)
        if changed:
            messages.success(request, _("Saved: letters are written in these words from now on."))
        else:
            messages.info(request, _("These are the words that are in use already."))
        return redirect("admin:integrations_letteroverride_edit", letter.name)

    def show(self, request: HttpRequest, letter: type[Letter[Any]], form: WordsForm, status: int = 200) -> HttpResponse:
        own = {row.language: row for row in editing.overrides(letter).select_related("updated_by")}
        context = {
            "title": letter.label,
            "letter": letter,
            "form": form,
            "languages": [(code, name, form.fields_of(code), own.get(code)) for code, name in editing.NAMES.items()],
            "placeholders": letter.context_class.placeholders().values(),
            "may_write": self.may_write(request),
            "buttons": list(self.back_buttons(letter, own)) if self.may_write(request) else [],
            "choices": looking.choices(letter, request.user),
            "parts": looking.PARTS,
        }
        return looking.framing(self.page(request, "edit.html", context, status=status))

    def back_buttons(self, letter: type[Letter[Any]], own: Container[str]) -> Iterable[Button]:
        """Of each language that is in own words: back to the shipped ones."""
        for language in filter(own.__contains__, editing.LANGUAGES):
            names = {"language": editing.NAMES[language]}
            label = _("%(language)s: back to the shipped words") % names
            question = _("Your own words in %(language)s will be gone. Go back to the shipped ones?") % names
            url = reverse("admin:integrations_letteroverride_restore", args=[letter.name, language])
            yield Button(label, "undo", url, question=question)

    def restore(self, request: HttpRequest, letter: str, language: str) -> HttpResponseBase:
        found = find(letter)
        if not self.may_write(request):
            raise PermissionDenied
        if language not in editing.LANGUAGES:
            raise Http404
        with trigger.triggered("admin", request.user.pk):
            editing.restore(found, language)
        messages.success(
            request, _("%(language)s: the shipped words are in use again.") % {"language": editing.NAMES[language]}
        )
        return redirect("admin:integrations_letteroverride_edit", letter)

    def preview(self, request: HttpRequest, letter: str) -> HttpResponse:
        """One part of the letter, as it would be sent; by POST in words that are not saved. Changes nothing."""
        self.may_view(request)
        if request.method == "POST" and not self.may_write(request):
            raise PermissionDenied
        return looking.framed(looking.preview(request, find(letter)))

    def read(self, request: HttpRequest, delivery: int) -> HttpResponse:
        """The letter of one promise, as it would be written now."""
        self.may_view(request)
        promise, letter = promise_of(delivery)
        part = looking.part_of(request)
        context = {"title": letter.label, "delivery": promise, "parts": looking.PARTS, "part": part}
        return looking.framing(self.page(request, "read.html", context))

    def promised(self, request: HttpRequest, delivery: int) -> HttpResponse:
        """One part of it, for the frame on that page."""
        self.may_view(request)
        return looking.framed(looking.promised(request, *promise_of(delivery)))


@transaction.atomic
def lift(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
    lifted, _rows = rows.delete()
    if lifted:
        gate.log(editing.own_connection(), "suppression_lifted", size=lifted)
    messages.success(request, _("Letters go there again. Replay those that are dead."))
    return redirect("admin:integrations_suppression_changelist")


@admin.register(Suppression)
class SuppressionAdmin(VerbsAdmin):
    verbs = (
        Verb(
            "lift",
            gettext_lazy("Lift"),
            "mark_email_read",
            lift,
            permission="lift",
            question=gettext_lazy("Its server said for good that it takes no letters. Send letters there again?"),
        ),
    )
    actions = [as_action(verb) for verb in verbs]
    list_before_template = ""
    list_display = ["email", "reason", "created_at"]
    search_fields = ["email"]
    fields = ["email", "reason", "created_at"]

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.delete_suppression")

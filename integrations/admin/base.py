"""What the pages share: verbs, which are buttons that post and actions on a selection, and rows nobody edits."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import slugify
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from integrations import trigger
from integrations.models import Installation

from .paginator import LongPaginator

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

Run = Callable[[HttpRequest, QuerySet[Any]], HttpResponse | None]


@dataclass(frozen=True)
class Verb:
    """Something an operator does to rows. `run` tells the outcome by `messages`, or answers with a page of its own.

    `question` is asked before the button does it.
    """

    name: str
    label: "StrPromise"
    icon: str
    run: Run
    permission: str = "operate"  # or "configure"
    applies: Callable[[Any], bool] = lambda row: True
    variant: str = "default"
    question: "StrPromise | str" = ""


@dataclass(frozen=True)
class Button:
    label: "StrPromise | str"
    icon: str
    url: str
    variant: str = "default"
    name: str = ""
    value: str = ""
    question: "StrPromise | str" = ""  # asked before it is done
    is_link: bool = False  # shows something, where the others do something

    @property
    def dialog(self) -> str:
        """The id of the element that asks."""
        return slugify(f"ask {self.url} {self.value}")

    @property
    def opens(self) -> dict[str, str]:
        """Attributes of the button that opens it: the browser does the rest, without a script."""
        return {"popovertarget": self.dialog}


PRESSED: ContextVar[Verb | None] = ContextVar("pressed", default=None)


def note(request: HttpRequest, rows: Iterable[Model]) -> None:
    """Have Django's own log of the admin tell that these were done what the verb says that is under way.

    In the words of the code, so that each reader's language can be found for them.
    """
    verb = PRESSED.get()
    if verb is None:
        return
    with translation.override(None):
        said = str(verb.label)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=request.user.pk,  # type: ignore[misc] # nobody comes here without having logged in
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row)[:200],
            action_flag=CHANGE,
            change_message=said,
        )
        for row in rows
    )


def way_back(request: HttpRequest) -> str:
    """To the page of ours that the button stood on, where it says so."""
    url = request.POST.get("back", "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""


def as_action(verb: Verb) -> Callable[..., HttpResponse | None]:
    """The verb in the list's menu, for all that is ticked."""

    @admin.action(description=verb.label, permissions=[verb.permission])
    def act(model_admin: "WithVerbs", request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return model_admin.perform(verb, request, queryset)

    act.__name__ = verb.name
    return act


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that the machinery writes: to look at, not to edit."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count beside each filter would read the whole table for each
    paginator = LongPaginator
    list_per_page = 50

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Where nothing was left out, no "show all" is offered."""
        changelist = super().get_changelist_instance(request)
        if not changelist.has_active_filters and not changelist.query:
            changelist.full_result_count = changelist.result_count
        return changelist

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WithVerbs(ModelAdmin):  # type: ignore[misc]
    """A page with verbs: one POST-only address each, and buttons for those that the user may press."""

    verbs: ClassVar[tuple[Verb, ...]] = ()
    change_form_outer_before_template = "admin/integrations/buttons_bar.html"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{verb.name.replace('_', '-')}/",
                self.admin_site.admin_view(self.view_of(verb)),
                name=self.url_name(verb.name),
            )
            for verb in self.verbs
        ]
        return [*own, *super().get_urls()]

    def url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def view_of(self, verb: Verb) -> Callable[..., HttpResponseBase]:
        @require_POST
        def view(request: HttpRequest, pk: int) -> HttpResponseBase:
            if not self.may(request, verb):
                raise PermissionDenied
            row = get_object_or_404(self.model, pk=pk)
            answer = self.perform(verb, request, self.model._default_manager.filter(pk=row.pk))
            return answer or redirect(way_back(request) or reverse(f"admin:{self.url_name('change')}", args=[pk]))

        return view

    def perform(self, verb: Verb, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        """Every log row that this leaves names the user."""
        token = PRESSED.set(verb)
        try:
            with trigger.triggered("admin", request.user.pk):
                return verb.run(request, rows)
        finally:
            PRESSED.reset(token)

    def may(self, request: HttpRequest, verb: Verb) -> bool:
        return bool(getattr(self, f"has_{verb.permission}_permission")(request))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.operate_integration")

    def has_configure_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.configure_integration")

    def buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        return [
            button
            for verb in self.verbs
            if self.may(request, verb) and verb.applies(row)
            for button in self.buttons_of(verb, row)
        ]

    def buttons_of(self, verb: Verb, row: Any) -> list[Button]:
        return [Button(verb.label, verb.icon, self.url_of(verb, row), verb.variant, question=verb.question)]

    def url_of(self, verb: Verb, row: Any) -> str:
        return reverse(f"admin:{self.url_name(verb.name)}", args=[row.pk])

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["buttons"] = self.buttons(request, context["original"])
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


class VerbsAdmin(WithVerbs, ReadOnlyAdmin):
    """Rows of the machinery, with verbs."""

    list_before_template = "admin/integrations/copy_guard.html"

    def guard(self, request: HttpRequest) -> dict[str, Any]:
        """Whether everything is held because this database is a copy, and whether this user may end that."""
        held = Installation.objects.first() if Installation.is_copy() else None
        return {"held": held, "may_settle": self.has_configure_permission(request)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {**self.guard(request), **(extra_context or {})})
        return response

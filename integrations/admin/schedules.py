"""What beat starts and when: the library's own pages, in the look and the words of all others."""

import json
from datetime import datetime, timedelta
from typing import Any

import django_celery_beat.admin as beat
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integrations import words
from integrations.outbox.wake import send

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


UNITS = [  # the first that fits tells how often
    (86400, ngettext_lazy("every day", "every %(n)s days", "n")),
    (3600, ngettext_lazy("every hour", "every %(n)s hours", "n")),
    (60, ngettext_lazy("every minute", "every %(n)s minutes", "n")),
    (1, ngettext_lazy("every second", "every %(n)s seconds", "n")),
]


# What an operator changes, in his words; the library's own are for programmers.
WHEN: list[tuple[str, Any, Any]] = [
    ("enabled", gettext_lazy("Start by schedule"), ""),
    ("interval", gettext_lazy("How often"), gettext_lazy("Or choose times of the day below. Not both.")),
    ("crontab", gettext_lazy("At which times"), ""),
]
TECHNICAL = (
    "name", "task", "description", "args", "kwargs", "queue", "expire_seconds", "expires", "start_time", "one_off",
)  # fmt: skip


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):  # type: ignore[misc]
    pass


class PeriodicTaskForm(beat.PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()
        for name, label, help_text in WHEN:
            if field := self.fields.get(name):  # who may only look gets a form without
                field.label, field.help_text = label, help_text
        if interval := self.fields.get("interval"):
            interval.label_from_instance = every


def how_often(task: PeriodicTask) -> str:
    return every(task.interval) if task.interval else str(task.scheduler or "")


def every(interval: IntervalSchedule) -> str:
    seconds = int(timedelta(**{interval.period: interval.every}).total_seconds())
    length, text = next((length, text) for length, text in UNITS if seconds % length == 0)
    return str(text % {"n": seconds // length})


def due_at(task: PeriodicTask) -> datetime | None:
    """When beat starts it next; None where that depends on when beat itself is started."""
    if not task.enabled or not task.scheduler or not task.last_run_at:
        return None
    left: timedelta = task.schedule.remaining_estimate(timezone.localtime(task.last_run_at))
    return timezone.now() + left


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]
    form = PeriodicTaskForm
    list_display = ["what", "often", "last_run", "next_run", "enabled"]
    list_filter = ["enabled"]
    list_select_related = ["interval", "crontab", "solar", "clocked"]
    ordering = ["name"]
    sortable_by = ()
    actions = ["run_now", "enable", "disable"]
    date_hierarchy = None
    change_form_template = "admin/change_form.html"  # the library's own has a script inline, which our policy forbids

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        """Of what there is already, first what people change."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        return [
            (None, {"fields": [name for name, _label, _help in WHEN]}),
            (_("Technical"), {"fields": TECHNICAL, "classes": ["collapse"]}),
        ]

    @admin.display(description=gettext_lazy("what"))
    def what(self, task: PeriodicTask) -> str:
        return words.schedule(task)

    @admin.display(description=gettext_lazy("how often"))
    def often(self, task: PeriodicTask) -> str:
        return how_often(task)

    @admin.display(description=gettext_lazy("last run"))
    def last_run(self, task: PeriodicTask) -> str:
        return words.moment(task.last_run_at)

    @admin.display(description=gettext_lazy("next run"))
    def next_run(self, task: PeriodicTask) -> str:
        return words.moment(due_at(task))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.operate_integration")

    @admin.action(description=gettext_lazy("Run now"), permissions=["operate"])
    def run_now(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        """As beat would: a message to a worker."""
        for task in tasks:
            try:
                send(task.task, *json.loads(task.args), keywords=json.loads(task.kwargs), queue=task.queue or "bulk")
            except Exception:
                messages.error(request, _("The broker is down: nothing can be started now."))
                return
            self.log_change(request, task, "Run now")
            messages.success(request, _("A worker was told: %(what)s.") % {"what": words.schedule(task)})

    @admin.action(description=gettext_lazy("Start by schedule"), permissions=["change"])
    def enable(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        self.switch(request, tasks, enabled=True)

    @admin.action(description=gettext_lazy("Do not start by schedule"), permissions=["change"])
    def disable(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        self.switch(request, tasks, enabled=False, last_run_at=None)

    def switch(self, request: HttpRequest, tasks: QuerySet[PeriodicTask], **columns: Any) -> None:
        for task in tasks:
            self.log_change(request, task, "Enabled" if columns["enabled"] else "Disabled")
        tasks.update(**columns)
        PeriodicTasks.update_changed()  # or beat would not notice
        messages.success(request, _("Saved: beat follows within a few seconds."))


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["every", "period"]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    pass

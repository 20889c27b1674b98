"""How operators enter how long before a start people are reminded of it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from leads.reminding import Rule

MOST = 999  # days, hours, minutes
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class SpanWidget(forms.MultiWidget):
    """Three numbers, each with its name."""

    def __init__(self) -> None:
        names = {"days": _("days"), "hours": _("hours"), "minutes": _("minutes")}
        super().__init__({unit: number(name) for unit, name in names.items()})

    def decompress(self, value: timedelta | None) -> list[int | None]:
        return list(parts(value)) if value else [None, None, None]


def number(name: Any) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget({"suffix": name, "aria-label": name, "inputmode": "numeric"})


class SpanField(forms.MultiValueField):
    """A span of time as people say it."""

    widget = SpanWidget

    def __init__(self, **options: Any) -> None:
        numbers = [forms.IntegerField(min_value=0, max_value=MOST, required=False) for _unit in range(3)]
        super().__init__(numbers, require_all_fields=False, **options)

    def compress(self, data_list: list[int | None]) -> timedelta:
        days, hours, minutes = [number or 0 for number in data_list] or (0, 0, 0)
        span = timedelta(days=days, hours=hours, minutes=minutes)
        if not span:
            raise forms.ValidationError(_("Please enter how long before the start."), code="required")
        return span


def parts(span: timedelta) -> tuple[int, int, int]:
    """Days, hours, minutes."""
    rest = span - timedelta(days=span.days)
    return span.days, rest // HOUR, rest % HOUR // MINUTE


def in_words(span: timedelta) -> str:
    days, hours, minutes = parts(span)
    words = [
        (days, ngettext("%(n)s day", "%(n)s days", days)),
        (hours, ngettext("%(n)s hour", "%(n)s hours", hours)),
        (minutes, ngettext("%(n)s minute", "%(n)s minutes", minutes)),
    ]
    return ", ".join(text % {"n": n} for n, text in words if n)


class RuleForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    before = SpanField(label=_("How long before"))

    def save(self, commit: bool = True) -> Rule:
        if self.is_another():
            self.instance.counts_from = timezone.now()
        rule: Rule = super().save(commit)
        return rule

    def is_another(self) -> bool:
        """Not what is merely saved again, or put to rest: that still reminds of what no sweep has seen to."""
        is_activated = "active" in self.changed_data and self.instance.active
        return bool(is_activated) or self.initial.get("before") != self.instance.before

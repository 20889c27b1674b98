"""Where a row stands in other systems, for the pages of other apps."""

from typing import Any

from django import template
from django.db.models import Model
from django.template import Context
from django.utils.translation import gettext_lazy

from integrations import words
from integrations.models import ExternalRecord

register = template.Library()


@register.inclusion_tag("admin/integrations/records_of.html", takes_context=True)
def records_of(context: Context, subject: Model) -> dict[str, Any]:
    """Each record of `subject` elsewhere, with what was changed there and kept."""
    about = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk}
    records = ExternalRecord.objects.filter(**about).order_by("-synced_at")
    return {
        "request": context["request"],
        "records": [{"row": record, "url": words.safe_url(record.url)} for record in records],
    }


KEEP, WRITE = ("keep_theirs", gettext_lazy("Keep theirs")), ("write_ours", gettext_lazy("Write ours"))
CHOICES = {"": [KEEP, WRITE], ExternalRecord.Answer.THEIRS: [WRITE], ExternalRecord.Answer.OURS: [KEEP]}


@register.inclusion_tag("admin/integrations/kept.html", takes_context=True)
def kept(context: Context, record: ExternalRecord) -> dict[str, Any]:
    """What was changed there and kept, field by field, with buttons for who may answer."""
    request = context["request"]
    lines = [
        {
            "field": name,
            "label": words.field(record.remote_model, name),
            "choices": CHOICES[values.get("answer", "")],
            **values,
        }
        for name, values in record.kept.items()
    ]
    may_answer = request.user.has_perm("integrations.operate_integration") and record.gone_at is None
    return {"request": request, "record": record, "lines": lines, "may_answer": may_answer}


register.filter("state_label", words.state_label)
register.filter("reason", words.reason)
register.filter("promised", words.promised)
register.filter("title_of", words.title)
register.filter("kind", words.kind)
register.filter("moment", words.moment)
register.filter("duration", words.duration)
register.filter("by", words.by)
register.simple_tag(words.label, name="label")

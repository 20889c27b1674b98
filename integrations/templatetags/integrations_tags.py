"""Where the deliveries of a row stand, for the pages of other apps."""

from typing import Any

from django import template
from django.db.models import Model, Prefetch
from django.template import Context
from django.utils.translation import gettext_lazy

from integrations import person, words
from integrations.models import Attempt, Delivery, ExternalRecord
from leads.models import Lead

register = template.Library()


@register.inclusion_tag("admin/integrations/deliveries_of.html", takes_context=True)
def deliveries_of(context: Context, subject: Model) -> dict[str, Any]:
    """Each promise about `subject` with its state, each record elsewhere with what was changed there and kept.

    Of a lead also what was promised about all that belongs to the person: letters, for one.
    """
    about = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk}
    tries = Prefetch("tries", queryset=Attempt.objects.order_by("-number"))
    promised = person.deliveries(subject) if isinstance(subject, Lead) else Delivery.objects.filter(**about)
    deliveries = promised.select_related("integration").prefetch_related(tries)
    records = ExternalRecord.objects.filter(**about).order_by("-synced_at")
    return {
        "request": context["request"],
        "deliveries": deliveries.order_by("-created_at"),
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

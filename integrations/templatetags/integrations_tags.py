"""Where the deliveries of a row stand, for the pages of other apps."""

from typing import Any

from django import template
from django.db.models import Model, Prefetch

from integrations import words
from integrations.models import Attempt, Delivery, ExternalRecord

register = template.Library()


@register.inclusion_tag("admin/integrations/deliveries_of.html")
def deliveries_of(subject: Model) -> dict[str, Any]:
    """Each promise about `subject` with its state, each record elsewhere with what was changed there and kept."""
    about = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk}
    tries = Prefetch("tries", queryset=Attempt.objects.order_by("-number"))
    deliveries = Delivery.objects.filter(**about).select_related("integration").prefetch_related(tries)
    records = ExternalRecord.objects.filter(**about).order_by("-synced_at")
    return {
        "deliveries": deliveries.order_by("-created_at"),
        "records": [{"row": record, "url": words.safe_url(record.url)} for record in records],
    }


register.filter("state_label", words.state_label)
register.filter("reason", words.reason)
register.filter("kind", words.kind)
register.filter("moment", words.moment)
register.filter("duration", words.duration)
register.filter("by", words.by)
register.simple_tag(words.label, name="label")

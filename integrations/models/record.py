"""The book: which of their records is which of ours, and what we last wrote there."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

UNANSWERED = "$.* ? (!exists(@.answer))"  # the jsonpath of a field in `kept` that nobody has decided about


class ExternalRecordQuerySet(models.QuerySet["ExternalRecord"]):
    def unanswered(self) -> Self:
        """Those where something was changed there and kept, and nobody has said what shall be."""
        return self.filter(unanswered=True, gone_at=None)


class ExternalRecord(models.Model):
    """Our subject in one remote system.

    `remote_system` names url and database (or account, or calendar): pointing an integration at another one leaves
    these rows alone and starts a new book. `sent` is {field: what we last sent}; `kept` is {field: {"ours", "theirs"}}
    where the other side had changed a field, so that theirs stays and the difference is shown; an operator's "answer"
    ("ours" or "theirs", see `conflicts`) stands beside them. `sending` is {field: values} of calls whose answers we
    have not: each may have been written there. `as_of` is the subject's `updated_at` that was sent: when the subject
    has another one now, the other side is out of step, whoever wrote last. `told` is what became of it there,
    where they tell: {"stage", "outcome": "open", "won" or "lost", "salesperson"}.
    """

    class Answer(models.TextChoices):
        OURS = "ours", _("ours is written")
        THEIRS = "theirs", _("theirs stays")

    remote_system = models.CharField(_("system"), max_length=300)
    remote_model = models.CharField(_("kind"), max_length=60)
    subject_type = models.CharField(_("subject"), max_length=60)
    subject_id = models.BigIntegerField(_("subject id"))
    remote_id = models.CharField(_("id there"), max_length=200)
    url = models.URLField(_("link"), max_length=500, blank=True, default="")
    sent = models.JSONField(_("last sent"), default=dict)
    sending = models.JSONField(default=dict, blank=True)
    kept = models.JSONField(_("changed there and kept"), default=dict, blank=True)
    unanswered = models.GeneratedField(
        expression=models.Func(models.F("kept"), models.Value(UNANSWERED), function="jsonb_path_exists"),
        output_field=models.BooleanField(),
        db_persist=True,
        verbose_name=_("waits for an answer"),
    )
    told = models.JSONField(_("what became of it"), default=dict, blank=True)
    as_of = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(_("in step since"))
    gone_at = models.DateTimeField(_("deleted there"), null=True, blank=True)

    objects = ExternalRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("record elsewhere")
        verbose_name_plural = _("records elsewhere")
        constraints = [
            models.UniqueConstraint(
                fields=["remote_system", "remote_model", "subject_type", "subject_id"],
                name="one_record_per_subject",
            )
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="record_subject"),
            models.Index(
                fields=["remote_system", "remote_model"],
                name="record_unanswered",
                condition=models.Q(unanswered=True, gone_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote_model} {self.remote_id}"

    def overruled(self, field: str) -> list[str]:
        """Their value of the field, where somebody said that ours shall be written over it."""
        values = self.kept.get(field, {})
        return [values["theirs"]] if values.get("answer") == self.Answer.OURS else []

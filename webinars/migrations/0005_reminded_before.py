import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def note_how_long_before(apps, schema_editor):
    """What a rule told is noted with what the rule said; where two said the same, once."""
    reminded, rules = apps.get_model("webinars", "Reminded"), apps.get_model("webinars", "ReminderRule")
    reminded.objects.update(before=Subquery(rules.objects.filter(pk=OuterRef("rule_id")).values("before")))
    once = ("session_id", "starts_at", "before")
    kept = reminded.objects.order_by(*once, "pk").distinct(*once)
    reminded.objects.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('webinars', '0004_payments'),
    ]

    operations = [
        migrations.RenameField(
            model_name='reminderrule',
            old_name='updated_at',
            new_name='counts_from',
        ),
        migrations.AlterField(
            model_name='reminderrule',
            name='counts_from',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='counts from'),
        ),
        migrations.RemoveConstraint(
            model_name='reminded',
            name='webinars_reminded_once',
        ),
        migrations.AddField(
            model_name='reminded',
            name='before',
            field=models.DurationField(null=True),
        ),
        migrations.RunPython(note_how_long_before, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='reminded',
            name='before',
            field=models.DurationField(),
        ),
        migrations.RemoveField(
            model_name='reminded',
            name='rule',
        ),
        migrations.AlterField(
            model_name='reminded',
            name='session',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reminded', to='webinars.session'),
        ),
        migrations.AddConstraint(
            model_name='reminded',
            constraint=models.UniqueConstraint(fields=('session', 'starts_at', 'before'), name='webinars_reminded_once'),
        ),
    ]

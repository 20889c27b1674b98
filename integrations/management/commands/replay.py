"""Promise again what was settled, with current data and settings."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_datetime

from integrations import registry, replaying, runs
from integrations.commands import JsonCommand, usage
from integrations.models import Incident, Run
from integrations.replaying import Choice, told
from integrations.words import KINDS

LOOK_EVERY = 0.2  # seconds, where a worker was quicker


class Command(JsonCommand):
    help = (
        "Deliver again: everything dead (--dead), everything settled in a time (--since ISO, --until ISO), "
        "or what died of an incident (--incident ID)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--integration", metavar="NAME", default="")
        parser.add_argument("--operation", metavar="NAME", action="append", help="May be given several times.")
        parser.add_argument(
            "--kind", choices=list(KINDS), action="append", help="The kind of error; may be given several times."
        )
        parser.add_argument("--dead", action="store_true")
        parser.add_argument("--incident", type=int, metavar="ID", help="Its time and connection.")
        parser.add_argument("--since", metavar="ISO", help="Time with offset; without one it means UTC.")
        parser.add_argument("--until", metavar="ISO", help="Just before this time.")
        parser.add_argument(
            "--without-ambiguous", action="store_true", help="Leave out what may have reached the other side."
        )
        parser.add_argument("--rate", type=int, metavar="N", help="At most so many a minute; workers deliver them.")
        parser.add_argument("--dry-run", action="store_true", help="Only tell what would be sent now.")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        choice = chosen(options)
        if options["dry_run"]:
            return told.outlook(replaying.outlook(choice)), True
        try:
            run = replaying.start("replay", choice, rate=options["rate"])
        except ValueError as error:
            raise usage(str(error)) from error
        run = finished(runs.perform(run))
        return {"run": run.pk, **run.result, **({"error": run.message} if run.message else {})}, not run.message


def chosen(options: dict[str, Any]) -> Choice:
    if not options["dead"] and not options["since"] and not options["incident"]:
        raise usage("Say what to replay: --dead, --since ISO, --incident ID, or several of them.")
    name = options["integration"]
    if name and name not in registry.services():
        raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
    given: dict[str, Any] = {
        "since": moment(options["since"]),
        "until": moment(options["until"]),
        "integration": name,
        "operations": tuple(options["operation"] or ()),
        "kinds": tuple(options["kind"] or ()),
        "without_ambiguous": options["without_ambiguous"],
        "only_dead": options["dead"] or bool(options["incident"]),
    }
    if options["incident"]:
        return Choice.narrowed(incident(options["incident"]), **given)
    return Choice(**given)


def incident(pk: int) -> Incident:
    try:
        return Incident.objects.select_related("connection__integration").get(pk=pk)
    except Incident.DoesNotExist as error:
        raise usage(f"There is no incident {pk}.") from error


def finished(run: Run) -> Run:
    """A worker may have taken it before we could."""
    while run.is_open:
        time.sleep(LOOK_EVERY)
        run.refresh_from_db()
    return run


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:  # well formed, and no day of any month
        found = None
    if found is None:
        raise usage(f"{text!r} is no ISO time, such as 2026-11-20T08:00:00+01:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)

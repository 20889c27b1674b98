"""What our commands share: `--json`, exit codes, and the commands that are made of jobs."""

import json
import sys
from types import ModuleType
from typing import Any

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from pydantic import ValidationError

from . import configuration, errors, outbox, registry, trigger
from .health import complaints
from .models import Delivery
from .service import Job, JobReport


class JsonCommand(BaseCommand):
    """A command that can answer as JSON. Subclasses implement `run`; exit 0 = done, 1 = failed, 2 = usage."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer as one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        with trigger.triggered("command"):
            result, ok = self.run(**options)
        if options["json"]:
            self.stdout.write(json.dumps(result, default=str))
        else:
            self.stdout.write(self.in_words(result))
        if not ok:
            raise SystemExit(1)

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        """The result, and whether it went well."""
        raise NotImplementedError

    def in_words(self, result: dict[str, Any]) -> str:
        return "\n".join(f"{name}: {value}" for name, value in result.items())


def usage(message: str) -> CommandError:
    return CommandError(message, returncode=2)


class JobCommand(JsonCommand):
    """A job as a command: it promises, then delivers before it returns."""

    integration: str
    job_name: str

    def declared(self) -> Job[Any]:
        return registry.job(self.integration, self.job_name)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        for option in self.declared().options:
            flag = "--" + option.name.replace("_", "-")
            if option.annotation is bool:
                parser.add_argument(flag, action="store_true")
            else:
                parser.add_argument(flag, type=int if "int" in str(option.annotation) else str)

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        job = self.declared()
        try:
            service = configuration.service_of(self.integration)
            report: JobReport = job.run(service, **{o.name: options[o.name] for o in job.options})
        except ValidationError as error:
            raise CommandError("\n".join(complaints(error))) from error
        except errors.IntegrationError as error:
            raise CommandError(error.message) from error
        if report.changes or options.get("dry_run"):
            return {"counts": report.counts, "changes": report.changes}, True
        return self.deliver(report)

    def deliver(self, report: JobReport) -> tuple[dict[str, Any], bool]:
        tally = outbox.drain(integration=self.integration)
        failed = tally.processed - tally.successful
        held = Delivery.objects.filter(integration__slug=self.integration, state=Delivery.State.PENDING)
        waiting = held.filter(due_at__lte=timezone.now()).count()  # paused, disabled or half configured
        result = {
            "promised": report.promised,
            "processed": tally.processed,
            "successful": tally.successful,
            "failed": failed,
            "waiting": waiting,
            "errors": {kind: n for kind, n in tally.outcomes.items() if kind != "delivered"},
        }
        return result, not (failed or waiting)


def register(job: Job[Any]) -> None:
    """Give Django the module that it would find if the command stood in a file of ours."""
    module = ModuleType(f"integrations.management.commands.{job.command}", job.__doc__)
    named = {"integration": job.service.slug, "job_name": job.name, "help": (job.__doc__ or "").strip()}
    setattr(module, "Command", type("Command", (JobCommand,), named))  # noqa: B010
    sys.modules[module.__name__] = module
    get_commands()[job.command] = "integrations"

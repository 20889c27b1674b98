"""What our commands share: `--json`, exit codes, and the commands that are made of jobs."""

import json
import sys
from types import ModuleType
from typing import Any

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from . import errors, jobs, registry, trigger
from .complaints import sentences
from .service import Job


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
            result = jobs.perform(job, **{option.name: options[option.name] for option in job.options})
        except ValidationError as error:
            raise CommandError("\n".join(sentences(error))) from error
        except errors.IntegrationError as error:
            raise CommandError(error.message) from error
        return result, not (result.get("failed") or result.get("waiting"))


def register(job: Job[Any]) -> None:
    """Give Django the module that it would find if the command stood in a file of ours."""
    module = ModuleType(f"integrations.management.commands.{job.command}", job.__doc__)
    named = {"integration": job.service.slug, "job_name": job.name, "help": (job.__doc__ or "").strip()}
    setattr(module, "Command", type("Command", (JobCommand,), named))  # noqa: B010
    sys.modules[module.__name__] = module
    get_commands()[job.command] = "integrations"

"""What every registered integration is held to; `docs/adding-an-integration` says the same in words."""

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django_celery_beat.models import PeriodicTask
from pydantic.fields import FieldInfo

from integrations import configuration, registry
from integrations.models import Integration
from integrations.service import IntegrationService, IntegrationSettings, Job, Operation, env_name, is_secret

ROOT = Path(settings.BASE_DIR)
SERVICES = list(registry.services().values())
OPERATIONS = registry.operations()
JOBS = registry.jobs()
ONE_CALL = re.compile(
    r"outbox\.(keep_in_sync|once)|(alerts|matters|telling)\.\w+"
)  # to the outbox, or to what promises or reports

Service = type[IntegrationService]


def folder(service: Service) -> Path:
    return Path(str(sys.modules[service.__module__].__file__)).parent


def package(service: Service) -> str:
    return service.__module__.rpartition(".")[0]


def own_fields(service: Service) -> dict[str, FieldInfo]:
    """What the service adds to the settings that all have, for itself and for its accounts."""
    inherited = IntegrationSettings.model_fields
    schema = service.account_schema or service.settings_schema
    return {name: info for name, info in schema.model_fields.items() if name not in inherited}


each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.slug)
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
each_job = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.command)


def test_slugs_commands_and_names_are_unique() -> None:
    assert len(SERVICES) == len(settings.INTEGRATIONS)
    assert len({job.command for job in JOBS}) == len(JOBS)


@each_service
class TestService:
    def test_has_a_name_a_label_and_an_icon(self, service: Service) -> None:
        assert re.fullmatch(r"[a-z][a-z_]*", service.slug)
        assert str(service.label)
        assert re.fullmatch(r"[a-z_]+", service.icon)

    def test_lives_in_a_folder_of_its_name_with_a_readme_and_a_stand_in(self, service: Service) -> None:
        assert folder(service) == ROOT / "integrations" / service.slug
        assert (folder(service) / "README.md").is_file()
        assert find_spec(f"{package(service)}.sandbox")

    def test_stand_in_knows_nothing_of_the_client(self, service: Service) -> None:
        sandbox = folder(service) / "sandbox"
        files = list(sandbox.glob("**/*.py")) or [sandbox.with_suffix(".py")]
        allowed = (f"{package(service)}.sandbox", "integrations.standin")

        own = {name for file in files for name in imported(file) if name.startswith("integrations")}
        assert {name for name in own if not name.startswith(allowed)} == set()

    def test_defaults_are_valid(self, service: Service) -> None:
        given = example(service) | dict.fromkeys(service.settings_schema.secret_fields(), "a-secret")
        valid = service.settings_schema.model_validate(given)

        shown = valid.model_dump(mode="json", exclude=set(service.settings_schema.secret_fields()))
        assert service.settings_schema.model_validate({**given, **shown}) == valid

    def test_what_sounds_secret_is(self, service: Service) -> None:
        telling = re.compile(r"password|secret|token$|api_key|private_key")
        fields = own_fields(service)
        names = {name for name in fields if telling.search(name)}

        assert names <= {name for name, info in fields.items() if is_secret(info)}

    def test_accounts_have_all_that_the_integration_has(self, service: Service) -> None:
        assert issubclass(service.account_schema or service.settings_schema, service.settings_schema)

    def test_fields_are_explained(self, service: Service) -> None:
        assert [name for name, info in own_fields(service).items() if not (info.title and info.description)] == []

    def test_first_values_are_explained_in_env_example(self, service: Service) -> None:
        explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

        assert {env_name(info) for info in own_fields(service).values()} - {""} <= explained

    def test_can_be_tested(self, service: Service) -> None:
        assert service.test_connection is not IntegrationService.test_connection
        assert service.test_connection.__doc__

    def test_says_what_it_is(self, service: Service) -> None:
        assert "__doc__" in vars(service)
        assert service.__doc__

    def test_receivers_are_one_call_each(self, service: Service) -> None:
        file = folder(service) / "receivers.py"
        tree = ast.parse(file.read_text() if file.exists() else "")
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

        bodies = [[ast.unparse(line).partition("(")[0] for line in function.body] for function in functions]
        assert [body for body in bodies if len(body) != 1 or not ONE_CALL.fullmatch(body[0])] == []

    @pytest.mark.django_db
    def test_secrets_never_get_into_the_settings_row(self, service: Service) -> None:
        secrets = {name: f"secret-{name}" for name in service.settings_schema.secret_fields()}
        values = {**example(service), **secrets}

        configuration.configure(Integration.objects.get(slug=service.slug), values)

        stored = Integration.objects.get(slug=service.slug)
        assert set(stored.settings).isdisjoint(secrets)
        assert configuration.own_connection(stored).secrets == secrets


@each_operation
class TestOperation:
    def test_is_explained(self, operation: Operation[Any, Any]) -> None:
        assert operation.__doc__

    def test_has_a_sane_batch_and_a_known_queue(self, operation: Operation[Any, Any]) -> None:
        assert 1 <= operation.batch_size <= 1000
        assert operation.queue in ("fast", "bulk")

    def test_name_fits_its_column(self, operation: Operation[Any, Any]) -> None:
        assert len(operation.name) <= 60


@each_job
class TestJob:
    def test_is_explained_and_labelled(self, job: Job[Any]) -> None:
        assert job.__doc__
        assert str(job.label)

    def test_is_a_command_that_answers_as_json(self, job: Job[Any]) -> None:
        command = load_command_class(get_commands()[job.command], job.command)
        parser = command.create_parser("manage.py", job.command)

        assert parser.parse_args(["--json"]).json is True
        assert command.help

    @pytest.mark.django_db
    def test_has_a_schedule(self, job: Job[Any]) -> None:
        row = PeriodicTask.objects.get(name=f"{job.service.slug}: {job.command}")

        assert (row.task, row.interval.every) == ("integrations.tasks.run_job", job.every.total_seconds())


class TestOneFolderOneLine:
    """`tests/postbox` is such a folder, and `tests/postbox/settings.py` the line."""

    def manage(self, *arguments: str) -> str:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.postbox.settings"}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @pytest.mark.django_db
    def test_makes_a_command_and_needs_no_migration(self) -> None:
        script = (
            "from django.core.management import call_command, get_commands;"
            "from integrations import registry;"
            "call_command('makemigrations', check=True, dry_run=True, verbosity=0, skip_checks=True);"
            "print(*registry.services(), get_commands()['post_greetings'], *registry.operations(integration='postbox'))"
        )

        words = self.manage("shell", "--no-imports", "-c", script).split()

        assert words == [*registry.services(), "postbox", "integrations", "postbox.post_letters", "postbox.post_cards"]

    @each_service
    def test_core_domain_and_siblings_know_nothing_of_it(self, service: Service) -> None:
        files = [file for top in ("integrations", "leads") for file in (ROOT / top).glob("**/*.py")]
        others = [file for file in files if not file.is_relative_to(folder(service))]

        assert [str(file) for file in others if any(within(package(service), name) for name in imported(file))] == []


def within(package: str, name: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def imported(file: Path) -> set[str]:
    """Absolute names of all modules that a file imports."""
    package = ".".join(file.relative_to(ROOT).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def example(service: Service) -> dict[str, Any]:
    """Valid values of the fields that have no default."""
    fields = service.settings_schema.model_fields
    return {name: info.examples[0] for name, info in fields.items() if info.is_required() and not is_secret(info)}

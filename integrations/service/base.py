"""The one base class of all integrations."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, cast

from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise
from pydantic import SecretStr

from integrations.errors import IntegrationError
from integrations.gate import Gate
from integrations.memory import Memory
from integrations.models import Connection, Delivery, Drift

from .declared import Job, Operation
from .reports import ConnectionReport, Incoming, Mode, Part, Promised, Requirement
from .settings import IntegrationSettings, is_this_machine
from .signing import SignIn


class IntegrationService:
    """Another system, as one of our connections sees it. Made anew for each batch, so new settings count at once."""

    slug: ClassVar[str]
    label: ClassVar[Promise | str]
    icon: ClassVar[str] = "hub"
    settings_schema: ClassVar[type[IntegrationSettings]] = IntegrationSettings
    # What each further account adds (an endpoint, a consultant's calendar), if there may be any: a subclass of
    # `settings_schema`, whose additional fields are all kept encrypted on that account's Connection.
    account_schema: ClassVar[type[IntegrationSettings] | None] = None

    # Whether a test may be made by the clock, too: not where somebody over there would read a message each time.
    may_be_asked: ClassVar[bool] = True

    # How somebody lets a connection act for them, where credentials are not entered but signed in for.
    sign_in: ClassVar[type[SignIn] | None] = None

    # What people call the fields of their records: {kind of record there: {field: label}}.
    field_labels: ClassVar[Mapping[str, Mapping[str, Promise | str]]] = {}

    # What keeps a delivery that is repeated from happening twice over there, as a sentence for operators.
    when_repeated: ClassVar[Promise | str] = ""

    def __init__(self, connection: Connection, *, forced: bool = False) -> None:
        """Raises pydantic.ValidationError when settings are incomplete. `forced` passes a pause, to test."""
        self.connection = connection
        self.settings = self.schema_of(connection).model_validate(self.raw_settings(connection))
        self.gate = Gate(connection, self.settings, forced=forced)
        self.claimed: Mapping[tuple[str, int], Promised] = {}  # filled by the outbox for each batch

    @cached_property
    def memory(self) -> Memory:
        return Memory(self.connection, of=self.settings.fingerprint(self.connection.rotated_at))

    @classmethod
    def schema_of(cls, connection: Connection) -> type[IntegrationSettings]:
        return cls.account_schema if connection.owner and cls.account_schema else cls.settings_schema

    @classmethod
    def kept_on(cls, connection: Connection) -> set[str]:
        """Names of the fields that are kept on the connection, encrypted; the others are the integration's."""
        if connection.owner and cls.account_schema:
            return set(cls.account_schema.model_fields) - set(cls.settings_schema.model_fields)
        return set(cls.settings_schema.secret_fields())

    @classmethod
    def raw_settings(cls, connection: Connection) -> dict[str, Any]:
        """What is configured, secrets included: the environment's first values, then what was saved.

        An account has what the integration has, and what is its own.
        """
        return {
            **cls.settings_schema.from_environment(),
            **connection.integration.settings,
            **cls._shared_secrets(connection),
            **connection.secrets,
        }

    @classmethod
    def _shared_secrets(cls, connection: Connection) -> dict[str, Any]:
        if not connection.owner or not cls.settings_schema.secret_fields():
            return {}
        own: dict[str, Any] = connection.integration.own_connection.secrets
        return own

    @classmethod
    def system_of(cls, settings: Any) -> str:
        """Names the system that settings lead to (url and database, account, calendar): the title of its book."""
        return cls.slug

    @classmethod
    def mode_of(cls, settings: Any) -> Mode:
        """What such settings lead to; by default a stand-in where a setting called `url` points at this machine."""
        return Mode.SANDBOX if is_this_machine(str(getattr(settings, "url", ""))) else Mode.LIVE

    @classmethod
    def owners(cls) -> Mapping[str, str] | None:
        """{owner: name} of all who may have a further account; None where accounts may be called anything."""
        return None

    def requirements(self) -> list[Requirement]:
        """What must be true before going live, beyond what holds for every integration (see `golive`).

        Calls nobody: it looks at settings and at `self.connection.report`, what the last test found.
        """
        return []

    @property
    def remote_system(self) -> str:
        return self.system_of(self.settings)

    @property
    def has_moved(self) -> bool:
        """The settings lead to another system than the one that our records are in, and nobody has said so."""
        return self.connection.book not in ("", self.remote_system)

    def open_book(self) -> None:
        """From now on our records are in the system that the settings name."""
        if self.connection.book != self.remote_system:
            self.connection.book = self.remote_system
            Connection.objects.filter(pk=self.connection.pk).update(book=self.remote_system)

    def test_connection(self) -> ConnectionReport:
        """Who we are there and what is missing. Reads only. Raises IntegrationError when there is no answer."""
        raise NotImplementedError

    def promise(self, subject: Model) -> Promised:
        """The promise about `subject` that is being kept. Raises KeyError when there is none."""
        return self.claimed[subject._meta.label_lower, subject.pk]

    @classmethod
    def page_of(cls, delivery: Delivery) -> str:
        """The address in the admin where operators read what this promise says; "" where there is nothing to read."""
        return ""

    def page_there(self, row: Model) -> str:
        """Their page about a row that holds their id itself; "" where there is none. The book has the others' pages."""
        return ""

    @classmethod
    def objection(cls, operation: str, subject: Model) -> str:
        """Why that operation cannot be promised about `subject`, in words; "" when it can."""
        return ""

    def refresh(self) -> None:
        """Forget what was remembered of the other side, because it refused something that should be right."""
        self.memory.forget()

    def receive(self, request: HttpRequest) -> list[Incoming]:
        """Verify a webhook and return its events. Raises Rejected for a forged or unreadable one."""
        raise IntegrationError("This integration receives nothing.")

    def process(self, event: Incoming) -> bool:
        """Act on a stored event by calling domain actions. Returns False for a type that means nothing to us.

        Enters the row that it is about as `event.about`.
        """
        return False

    def compare(self) -> Iterator[Part]:
        """Our rows beside theirs, in bulk, stretch by stretch. Reads only; what is on its way the core leaves out."""
        return iter(())

    def mend(self, drift: Drift, subject: Model) -> None:
        """Promise what makes both sides agree about a difference that `compare` found."""
        raise NotImplementedError

    @classmethod
    def compares(cls) -> bool:
        return cls.compare is not IntegrationService.compare

    @classmethod
    def operations(cls) -> list[Operation[Any, Any]]:
        return cls._declared(Operation)

    @classmethod
    def jobs(cls) -> list[Job[Any]]:
        return cls._declared(Job)

    @classmethod
    def _declared(cls, kind: type[Any]) -> list[Any]:
        found = (getattr(cls, name) for name in vars(cls))
        return [cast(Any, member) for member in found if isinstance(member, kind)]

    def secret(self, name: str) -> str:
        value: SecretStr = getattr(self.settings, name)
        return value.get_secret_value()

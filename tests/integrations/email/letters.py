"""What the tests of letters share: a letter of their own, and reading what became of one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from integrations.email.letters import compose
from integrations.email.letters.base import Letter, Recipient
from integrations.email.letters.contexts import Context, Link, Moment, told
from integrations.email.settings import EmailSettings
from leads.models import Lead
from tests.factories import LeadFactory

SETTINGS = EmailSettings(host="127.0.0.1", from_email="office@firm.example", from_name="Firm, Söhne")
KEY = "1:invitation:leads.lead:1#once:"


@dataclass(frozen=True, kw_only=True)
class InvitationContext(Context):
    samples = {
        "en": {
            "guest": "Ada",
            "begins": datetime(2026, 12, 1, 9, tzinfo=UTC),
            "join_url": Link("https://meet.example/"),
        },
        "de": {"guest": "Jana"},
    }

    guest: str | None = told("Who comes", optional=True)
    begins: Moment = told("When it begins")
    join_url: Link = told("Where it is", button="Come in")
    map_url: Link | None = told("How to get there", button="Map", optional=True)


class Invitation(Letter[Lead]):
    """A letter whose context and templates a test decides about."""

    name = "invitation"
    label = "Invitation"
    purpose = "When a test wants one."
    context_class = InvitationContext
    values: dict[str, Any] = InvitationContext.samples["en"]
    zone = ""

    @classmethod
    def recipient(cls, subject: Lead, occasion: str) -> Recipient:
        return Recipient(
            address=subject.email, name=subject.name, language=subject.language, zone=cls.zone, lead=subject
        )

    @classmethod
    def context(cls, subject: Lead, occasion: str) -> InvitationContext:
        return InvitationContext(**cls.values)


def telling(**values: Any) -> type[Invitation]:
    return type("Told", (Invitation,), {"values": {**Invitation.values, **values}})


def composed(letter: type[Letter[Any]] = Invitation, lead: Lead | None = None, **options: Any) -> Any:
    usual = {"occasion": "", "key": KEY, "settings": SETTINGS}
    return compose(letter, lead or LeadFactory(), **{**usual, **options})


def as_received(message: Any) -> EmailMessage:
    """As a mail program reads the bytes."""
    received = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert isinstance(received, EmailMessage)
    return received


def part(message: Any, kind: str) -> str:
    """The text ("plain") or the HTML ("html") of it, unpacked."""
    body = as_received(message).get_body((kind,))
    assert body is not None
    return str(body.get_content())


def write_templates(folder: Path, **parts: str) -> None:
    """`subject`, `text` and `html` of the invitation."""
    usual = {"subject": "Come", "text": "Hello {{ guest }}", "html": "<p>Hello {{ guest }}</p>"}
    files = {"subject": "subject.txt", "text": "body.txt", "html": "body.html"}
    for name, content in {**usual, **parts}.items():
        path = folder / "email" / "invitation" / files[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

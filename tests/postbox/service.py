"""Posts letters to leads."""

import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.http import HttpRequest
from pydantic import Field, HttpUrl, SecretStr

from integrations import errors, outbox
from integrations.service import (
    ConnectionReport,
    Incoming,
    IntegrationService,
    IntegrationSettings,
    JobReport,
    Outcome,
    job,
    operation,
)
from leads.models import Lead

from .client import PostboxClient

Outcomes = Iterator[tuple[Sequence[Lead], Outcome]]


class PostboxSettings(IntegrationSettings):
    url: HttpUrl = Field(json_schema_extra={"env": "POSTBOX_URL"})
    token: SecretStr = Field(min_length=1, json_schema_extra={"env": "POSTBOX_TOKEN"})


class BoxSettings(PostboxSettings):
    """A further account: a box of its own at the same post office."""

    box: str = Field(min_length=1)
    pin: SecretStr | None = None


class PostboxService(IntegrationService):
    """A postbox, which takes letters in bags and cards one by one."""

    slug, label, icon = "postbox", "Postbox", "mail"
    settings_schema = PostboxSettings
    account_schema = BoxSettings
    settings: PostboxSettings

    @classmethod
    def system_of(cls, settings: PostboxSettings) -> str:
        return str(settings.url)

    @property
    def client(self) -> PostboxClient:
        box = self.settings.box if isinstance(self.settings, BoxSettings) else ""
        return PostboxClient(str(self.settings.url), self.secret("token"), self.gate, box)

    def test_connection(self) -> ConnectionReport:
        owner = self.client.owner()
        problems = [] if owner else ["The postbox belongs to nobody."]
        return ConnectionReport("Connected.", facts={"owner": owner}, problems=problems)

    @operation(batch_size=200)
    def post_letters(self, leads: Sequence[Lead]) -> Outcomes:
        """Post a bag of letters in one call; the refused ones are told by number."""
        letters = [{"id": lead.pk, "text": text_of(lead)} for lead in leads]
        refused = self.client.post("post_letters", letters)
        yield [lead for lead in leads if lead.pk not in refused], None
        for lead in leads:
            if lead.pk in refused:
                yield [lead], errors.Rejected(refused[lead.pk])

    @operation(batch_size=200, queue="fast", priority=1)
    def post_cards(self, leads: Sequence[Lead]) -> Outcomes:
        """Post cards one by one."""
        for lead in leads:
            self.client.post("post_cards", [{"id": lead.pk, "text": text_of(lead)}])
            yield [lead], None

    @job(every=timedelta(hours=1), command="post-greetings", label="Post greetings")
    def post_greetings(self, *, limit: int | None = None, dry_run: bool = False) -> JobReport:
        """Promise a letter to everybody."""
        leads = Lead.objects.order_by("pk")[:limit]
        if dry_run:
            return JobReport(counts={"would post": len(leads)})
        return JobReport(promised=outbox.keep_in_sync(PostboxService.post_letters, leads))

    def receive(self, request: HttpRequest) -> list[Incoming]:
        if not hmac.compare_digest(request.headers.get("X-Token", ""), self.secret("token")):
            raise errors.Rejected("The token is wrong.")
        try:
            events = json.loads(request.body)
        except ValueError as error:
            raise errors.Rejected("This is no JSON.") from error
        return [Incoming(event["id"], event["type"], event) for event in events]

    def process(self, event: Incoming) -> bool:
        if event.type != "renamed":
            return False
        if not Lead.objects.filter(pk=event.payload["lead"]).update(name=event.payload["name"]):
            raise errors.Conflict("No such lead yet.")
        return True


def text_of(lead: Lead) -> str:
    if lead.name == "UNPRINTABLE":
        raise ValueError("This name cannot be printed.")
    return f"Dear {lead.name}"

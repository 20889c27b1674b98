"""What endpoints are told, and when."""

from collections.abc import Callable, Iterator, Sequence
from typing import cast
from uuid import uuid4

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import alarm, configuration, errors, health
from integrations.models import Connection, Incident
from integrations.service import ConnectionReport, IntegrationService, Mode, Outcome, Requirement, operation
from leads.models import Lead, Touchpoint

from . import mapping
from .client import WebhookClient
from .mapping import FORMATS, Payload
from .settings import EndpointSettings, Event, WebhooksSettings

Outcomes = Iterator[tuple[Sequence[Lead], Outcome]]
Messages = Iterator[tuple[Sequence[Incident], Outcome]]


class WebhooksService(IntegrationService):
    """Signed webhooks. Each further account is an endpoint, which chose its events."""

    slug, label, icon = "webhooks", gettext_lazy("Outgoing webhooks"), "webhook"
    when_repeated = gettext_lazy(
        "A replay is a new message with a webhook-id of its own: who had the first takes it for another one."
    )
    settings_schema = WebhooksSettings
    account_schema = EndpointSettings
    may_be_asked = False

    @property
    def endpoint(self) -> EndpointSettings:
        return cast(EndpointSettings, self.settings)

    @property
    def client(self) -> WebhookClient:
        return WebhookClient(str(self.endpoint.url), self.gate, self.endpoint.keys)

    @property
    def alert_url(self) -> str:
        """ "" where nobody is to be told of incidents."""
        found = cast(WebhooksSettings, self.settings).alert_url
        return found.get_secret_value() if found else ""

    # --- what is promised -------------------------------------------------------------------------------------------

    @operation(label=gettext_lazy("Lead captured"), batch_size=100)
    def lead_captured(self, leads: Sequence[Lead]) -> Outcomes:
        """Tell the endpoint of leads that turned to us."""
        yield from self.tell("lead.captured", leads)

    @operation(label=gettext_lazy("Lead changed"), batch_size=100)
    def lead_changed(self, leads: Sequence[Lead]) -> Outcomes:
        """Tell the endpoint of leads that somebody corrected."""
        yield from self.tell("lead.changed", leads)

    @operation(label=gettext_lazy("Lead forgotten"), batch_size=100)
    def lead_forgotten(self, leads: Sequence[Lead]) -> Outcomes:
        """Tell the endpoint of leads that are to be forgotten there, too."""
        yield from self.tell("lead.forgotten", leads)

    def tell(self, event: Event, leads: Sequence[Lead]) -> Outcomes:
        """Message by message. What is one message's fault does not keep the others waiting."""
        if event not in self.endpoint.events:
            raise errors.Obsolete(_("This endpoint does not ask for this event any more."))
        touches = latest_touchpoints(leads)
        for lead in leads:
            yield [lead], self.outcome(event, lead, touches.get(lead.pk))

    def outcome(self, event: Event, lead: Lead, touch: Touchpoint | None) -> Outcome:
        """What became of one message. Raises what is the connection's fault: no other message would fare better."""
        if lead.is_forgotten and event != "lead.forgotten":
            return errors.Obsolete(_("The lead was forgotten meanwhile."))
        payload = FORMATS[self.endpoint.format](event, lead, touch)
        try:
            self.client.send(event.replace(".", "_"), self.message_id(lead), payload)
        except errors.IntegrationError as error:
            if error.blames_connection:
                raise
            return error
        return None

    def message_id(self, lead: Lead) -> str:
        """The same in every try of one promise, and another one when it is promised anew."""
        promise = self.promise(lead)
        return f"msg_{lead.uuid.hex}_{promise.id}_{promise.version}"

    @operation(label=gettext_lazy("Alert"), batch_size=20, queue="fast")
    def integration_alert(self, incidents: Sequence[Incident]) -> Messages:
        """Tell the chat that something needs somebody."""
        yield from self.warn(alarm.ALERT, incidents, mapping.alert)

    @operation(label=gettext_lazy("Escalation"), batch_size=20, queue="fast")
    def integration_escalated(self, incidents: Sequence[Incident]) -> Messages:
        """Tell the chat once more, for nobody has taken note."""
        yield from self.warn(alarm.ESCALATION, incidents, mapping.escalation)

    @operation(label=gettext_lazy("All-clear"), batch_size=20, queue="fast")
    def integration_recovered(self, incidents: Sequence[Incident]) -> Messages:
        """Tell the chat that it is over."""
        yield from self.warn(alarm.ALL_CLEAR, incidents, mapping.all_clear)

    def warn(self, name: str, incidents: Sequence[Incident], write: Callable[[Incident], Payload]) -> Messages:
        """Message by message, in the language of the firm: a chat has many readers."""
        if not self.alert_url:
            raise errors.Obsolete(_("There is no address for alerts any more."))
        client = WebhookClient(self.alert_url, self.gate)
        for incident in incidents:
            outcome: Outcome = None
            try:
                with translation.override(settings.LANGUAGE_CODE):
                    payload = write(incident)
                promise = self.promise(incident)
                client.send(name, f"msg_alert_{promise.id}", payload)
            except errors.IntegrationError as error:
                if error.blames_connection:
                    raise
                outcome = error
            yield [incident], outcome

    # --- whether it works -------------------------------------------------------------------------------------------

    def test_connection(self) -> ConnectionReport:
        """Sends an endpoint a signed message of the type "test", and says what it answered.

        The integration itself tells the chat for alerts, if there is one, and sums up how its endpoints are.
        """
        if self.connection.owner:
            return self.test_endpoint()
        if self.alert_url:
            payload = {"text": _("This is a test: alerts will come here.")}
            WebhookClient(self.alert_url, self.gate).send("test_connection", f"msg_test_{uuid4().hex}", payload)
        return self.sum_up()

    def test_endpoint(self) -> ConnectionReport:
        payload = {"type": "test", "timestamp": timezone.now().isoformat(), "data": {}}
        if self.endpoint.format == "slack":
            payload = {"text": _("This is a test: messages about leads will come here.")}
        status = self.client.send("test_connection", f"msg_test_{uuid4().hex}", payload)
        facts = {
            _("Host"): str(self.endpoint.url.host),
            _("Answer"): f"HTTP {status}",
            _("Signatures"): str(len(self.endpoint.keys)),
        }
        return ConnectionReport(_("The endpoint accepted a test message."), facts=facts)

    def sum_up(self) -> ConnectionReport:
        lights = {endpoint.owner: health.state(endpoint) for endpoint in self.endpoints()}
        bad = [
            owner
            for owner, light in lights.items()
            if light in (health.HealthState.DEGRADED, health.HealthState.UNHEALTHY, health.HealthState.MISCONFIGURED)
        ]
        summary = ngettext("%(n)s endpoint, %(bad)s in trouble.", "%(n)s endpoints, %(bad)s in trouble.", len(lights))
        notes = [_("Test the endpoint “%(name)s” to see what is wrong.") % {"name": owner} for owner in bad]
        facts = {_("Alerts"): _("A test message was accepted.")} if self.alert_url else {}
        return ConnectionReport(summary % {"n": len(lights), "bad": len(bad)}, facts=facts, notes=notes)

    def requirements(self) -> list[Requirement]:
        endpoints = self.endpoints()
        return [
            Requirement(
                _("There is an endpoint, or an address for alerts."),
                bool(endpoints or self.alert_url),
                _("Add one: its address and its events."),
            ),
            Requirement(
                _("Every endpoint accepted a test message."),
                all(endpoint.report.get("ok") for endpoint in endpoints),
                _("Test each endpoint."),
            ),
            Requirement(
                _("No endpoint is a stand-in."),
                all(map(is_live, endpoints)),
                _("Enter the address of the real system at each endpoint."),
            ),
        ]

    def endpoints(self) -> list[Connection]:
        found = Connection.objects.accounts().filter(integration=self.connection.integration_id)
        return list(found.select_related("integration"))


def is_live(endpoint: Connection) -> bool:
    service = configuration.service_on(endpoint)
    return service is not None and service.mode_of(service.settings) == Mode.LIVE


def endpoints_for(event: Event) -> list[str]:
    """Names of the endpoints that asked for the event. One whose settings cannot be read just now may have."""
    endpoints = Connection.objects.accounts().filter(integration__slug=WebhooksService.slug).only("owner", "secrets")
    return [
        endpoint.owner
        for endpoint in endpoints
        if endpoint.must_reenter_secrets or event in endpoint.secrets.get("events", [])
    ]


def latest_touchpoints(leads: Sequence[Lead]) -> dict[int, Touchpoint]:
    """{lead's pk: its latest touchpoint}."""
    touches = Touchpoint.objects.filter(lead__in=leads).order_by("lead_id", "-captured_at", "-id")
    return {touch.lead_id: touch for touch in touches.distinct("lead_id").select_related("whitepaper")}

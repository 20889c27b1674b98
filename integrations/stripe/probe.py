"""The test of a Stripe connection, in words that say what to do next."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations import errors
from integrations.models import WebhookEvent
from integrations.service import ConnectionReport, Mode, Requirement

from .client import Answer, StripeClient
from .settings import API_VERSION, StripeSettings, is_live_key, is_production
from .webhook import TYPES

if TYPE_CHECKING:
    from .service import StripeService

ON_ITS_WAY = timedelta(minutes=5)  # so long an event may take to come here
TOLD_FOR = timedelta(days=3)  # so long Stripe tries to deliver one
MODES = {Mode.LIVE: "LIVE", Mode.TEST: "TEST", Mode.SANDBOX: "SANDBOX"}


def report(service: "StripeService") -> ConnectionReport:
    """Raises IntegrationError when there is no answer, or the key is refused."""
    client, settings = service.client, service.settings
    account = client.account()
    notes: list[str] = []
    endpoint, problems = None, [*wrong_mode(settings), *wrong_account(account)]
    try:
        endpoint = ours(client)
        problems += wrong_endpoint(endpoint)
        problems += missed(client, endpoint)
    except errors.Misconfigured as error:  # a restricted key may not look
        notes.append(_("The webhook endpoint cannot be checked: %(reason)s") % {"reason": error.message})
    if not is_usual(settings.webhook_secret.get_secret_value(), "whsec_"):
        notes.append(_("The webhook secret does not begin with whsec_: is it the right one?"))
    facts = {
        _("Account"): name_of(account),
        _("Mode"): MODES[service.mode_of(settings)],
        _("Currency"): str(account.get("default_currency") or "?").upper(),
        _("API version"): API_VERSION,
        _("Webhook endpoint"): endpoint["url"] if endpoint else _("none"),
        _("Last event here"): last_event_here(service.connection.integration_id),
    }
    found = {"account": account["id"], "endpoint": endpoint is not None, "charges": may_charge(account)}
    said = _("Connected to the Stripe account %(name)s.") if not problems else _("Connected, but something is missing.")
    return ConnectionReport(said % {"name": facts[_("Account")]}, facts, problems, notes, found)


def requirements(report: dict[str, Any], settings: StripeSettings) -> list[Requirement]:
    """What the last test must have found before going live."""
    found = report.get("found", {})
    test_first = "" if found else _("Only a test that gets through can tell: press “Test connection”.")
    return [
        Requirement(
            _("Stripe lets the account take payments."),
            found.get("charges") is True,
            test_first or _("Complete the account in Stripe: its dashboard says what is missing."),
        ),
        Requirement(
            _("Stripe tells us of payments at our webhook endpoint."),
            found.get("endpoint") is True,
            test_first or add_endpoint(),
        ),
        Requirement(
            _("Both keys are for real money."),
            settings.is_live and is_live_key(settings.publishable_key),
            _("Enter the live keys of the account, and the secret of its live endpoint."),
        ),
        Requirement(
            _("The payment form comes from Stripe itself."),
            settings.js_url.host == "js.stripe.com",
            _("Enter the address of Stripe.js at Stripe: card data must not pass another server."),
        ),
        Requirement(
            _("Receipts name the seller."),
            bool(django_settings.COMPANY_ADDRESS),
            _("Set COMPANY_ADDRESS, and COMPANY_VAT_ID if there is one: the tax office wants them on every receipt."),
        ),
    ]


# --- keys and account -------------------------------------------------------------------------------------------------


def wrong_mode(settings: StripeSettings) -> Iterator[str]:
    if settings.is_live != is_live_key(settings.publishable_key):
        yield _("One key is for live mode, the other for test mode: they must be of the same.")
    if settings.is_live and not is_production():
        yield _("This is a live key, but this is no production site (DEBUG is on, or SITE_URL is not https).")
    if not settings.is_live and is_production():
        yield _("This is a test key on a production site: people would get seats without paying.")
    if not is_usual(settings.secret_key.get_secret_value(), "sk_", "rk_"):
        yield _("The secret key begins with neither sk_ nor rk_: copy it again.")


def is_usual(secret: str, *beginnings: str) -> bool:
    return secret.startswith(beginnings)


def wrong_account(account: Answer) -> Iterator[str]:
    if not may_charge(account):
        yield _("Stripe does not let this account take payments yet: complete it in Stripe's dashboard.")


def may_charge(account: Answer) -> bool:
    return bool(account.get("charges_enabled", True))


def name_of(account: Answer) -> str:
    profile = account.get("business_profile") or {}
    named = profile.get("name") or (account.get("settings") or {}).get("dashboard", {}).get("display_name")
    return f"{named} ({account['id']})" if named else str(account["id"])


# --- webhooks ---------------------------------------------------------------------------------------------------------


def our_url() -> str:
    return f"{django_settings.SITE_URL}{reverse('integrations:webhook', args=['stripe'])}"


def ours(client: StripeClient) -> Answer | None:
    """The endpoint at Stripe that leads to us; of several, one that is switched on."""
    found = [endpoint for endpoint in client.endpoints() if endpoint["url"].rstrip("/") == our_url().rstrip("/")]
    return min(found, key=lambda endpoint: endpoint["status"] != "enabled", default=None)


def wrong_endpoint(endpoint: Answer | None) -> Iterator[str]:
    if endpoint is None:
        yield add_endpoint()
    elif endpoint["status"] != "enabled":
        yield _("Stripe has switched our webhook endpoint off: switch it on again in Stripe.")
    elif lacking := not_told(endpoint):
        yield _("Stripe does not tell us of these events, add them to the endpoint: %(types)s.") % {
            "types": ", ".join(lacking)
        }


def add_endpoint() -> str:
    said = _("Stripe knows no webhook endpoint for us. Add one for %(url)s with these events: %(types)s.")
    return said % {"url": our_url(), "types": ", ".join(TYPES)}


def not_told(endpoint: Answer) -> list[str]:
    told = endpoint["enabled_events"]
    return [] if "*" in told else [name for name in TYPES if name not in told]


def missed(client: StripeClient, endpoint: Answer | None) -> Iterator[str]:
    """Events that Stripe has, and that should be here by now: all looks well, and yet nothing arrives."""
    if endpoint is None:
        return
    now = timezone.now()
    due = [
        event
        for event in client.latest_events(list(TYPES))
        if max(moment(endpoint["created"]), now - TOLD_FOR) <= moment(event["created"]) < now - ON_ITS_WAY
    ]
    here = WebhookEvent.objects.filter(integration__slug="stripe", event_id__in=[event["id"] for event in due])
    known = set(here.values_list("event_id", flat=True))
    if lost := [event for event in due if event["id"] not in known]:
        said = ngettext(
            "Stripe has %(n)s recent event that never came here (the last: %(type)s, %(at)s). "
            "Is the webhook secret right, and our address reachable?",
            "Stripe has %(n)s recent events that never came here (the last: %(type)s, %(at)s). "
            "Is the webhook secret right, and our address reachable?",
            len(lost),
        )
        yield said % {"n": len(lost), "type": lost[0]["type"], "at": told_time(moment(lost[0]["created"]))}


def last_event_here(integration: int) -> str:
    last = WebhookEvent.objects.filter(integration=integration).order_by("-received_at").first()
    return f"{last.type}, {told_time(last.received_at)}" if last else _("none yet")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def told_time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")

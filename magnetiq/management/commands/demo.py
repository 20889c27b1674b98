"""The whole of Magnetiq on one machine, with stand-ins for the outside."""

import logging.config
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

import bookings.demo
import leads.demo
import webinars.demo
from integrations import runs, sandbox
from integrations.google_calendar.service import GoogleCalendarService
from integrations.models import AlertSubscription, Connection, Delivery, Integration
from integrations.odoo.service import OdooService
from leads.models import Lead
from magnetiq.one_process import HOST, OneProcess, free_port

LOGIN, PASSWORD, ADDRESS = "admin", "demo", "admin@magnetiq.example"  # test letters go there
PATIENCE = 20  # seconds in which no lead arrives

GUIDE = """
Magnetiq is running.

  Visitors         {site}/whitepapers/, {site}/webinars/ and {site}/book/
  Operators        {site}/admin/     log in as {login} with the password {password}
{peers}
What to look at:
  * The leads of the demo file have arrived: compare Leads in the admin with the page of the stand-in.
  * Request a whitepaper as a visitor: the letter with its link arrives on the page of the mail stand-in.
  * Register for a webinar; the one with two seats has a waiting list.
  * Pay for the one that costs something: with the card 4242 4242 4242 4242, any date to come and any three digits.
  * Book a consultation; behind the link in the letter it is moved or cancelled.
  * Drag it to another hour, delete it or decline it on the page of the calendar stand-in: the booking hears of it.
  * Watch every promise being kept under Integrations, Deliveries.
  * Break the stand-in with the buttons on its page, and see what Integrations says.

What web, worker and beat say is in {log}.
Ctrl-C stops everything; the data stays until `make demo-reset`.
"""


class Command(BaseCommand):
    help = "Run web, worker, beat and the stand-ins in one process, with demo data, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo needs DEBUG=on: it has a well-known password.")
        for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT is ignored by what a script starts in the background
            signal.signal(number, signal.default_int_handler)
        self.log_to(settings.DATA_DIR / "demo.log")
        port = free_port(options["port"])
        if port != options["port"]:
            self.say(f"Port {options['port']} is in use, so this is port {port}.")
        peers = {}
        try:
            self.prepare()
            peers = sandbox.start_all(settings.DATA_DIR / "sandbox")
            self.run(port, peers)
        except KeyboardInterrupt:
            self.say("Stopped.")
        finally:
            for peer in peers.values():
                peer.close()

    def say(self, words: str) -> None:
        """At once, also where the output is a pipe."""
        self.stdout.write(words)
        self.stdout.flush()

    def log_to(self, path: Path) -> None:
        """The screen is for the guide; what web, worker and beat say goes into a file.

        Said in the settings, because Celery's worker sets Django up once more, and its logging with it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        logging_settings: dict[str, Any] = settings.LOGGING
        logging_settings["handlers"]["console"]["stream"] = path.open("a")
        logging.config.dictConfig(logging_settings)

    def prepare(self) -> None:
        """Tables, an administrator and data; what is there already stays."""
        self.say("Preparing the database ...")
        call_command("migrate", verbosity=0)
        user, created = get_user_model().objects.get_or_create(
            username=LOGIN, defaults={"is_staff": True, "is_superuser": True, "email": ADDRESS}
        )
        if created:
            user.set_password(PASSWORD)
            user.save()
            AlertSubscription.objects.create(user=user, digest=True)
        leads.demo.create()
        webinars.demo.create()
        bookings.demo.create()

    def run(self, port: int, peers: dict[str, sandbox.Peer]) -> None:
        if not Lead.objects.exists():
            self.import_leads()
        for slug, peer in peers.items():  # after the import: a chat wants to hear what happens from now on
            sandbox.connect(slug, peer)
        process = OneProcess(port)
        process.start()
        try:
            self.await_leads()
            self.test_connections(list(peers))
            self.read_calendars()
            self.guide(port, peers)
            while True:  # signal.pause() sleeps through a signal that came just before it
                time.sleep(0.5)
        finally:
            process.stop()

    def import_leads(self) -> None:
        folder: Path = settings.DATA_DIR
        rejects, repairs = folder / "demo-rejects.csv", folder / "demo-repairs.csv"
        call_command("import_leads", leads.demo.LEADS_CSV, rejects=rejects, repairs=repairs)

    def await_leads(self) -> None:
        """Until the worker has brought every lead to the stand-in, unless an operator holds them or nothing moves."""
        held = Q(integration__enabled=False) | Q(integration__paused_at__isnull=False)
        waiting = Delivery.objects.waiting().filter(operation=OdooService.push_leads.name).exclude(held)
        before, moved = 0, time.monotonic()
        while (left := waiting.count()) and time.monotonic() - moved < PATIENCE:
            if left != before:
                self.say(f"On their way to Odoo: {left} ...")
                before, moved = left, time.monotonic()
            time.sleep(0.5)

    def test_connections(self, slugs: list[str]) -> None:
        """Set off a test of every account, so that no light says "not tried yet"."""
        for connection in Connection.objects.in_use().filter(integration__slug__in=slugs, integration__enabled=True):
            of_whom = {"owner": connection.owner} if connection.owner else {}
            runs.start("test", integration=connection.integration, **of_whom)

    def read_calendars(self) -> None:
        """Set off the first look, so that nobody waits five minutes for times that take the calendars into account."""
        for integration in Integration.objects.filter(slug=GoogleCalendarService.slug, enabled=True):
            runs.start("job", integration=integration, job="sync_calendars")

    def guide(self, port: int, peers: dict[str, sandbox.Peer]) -> None:
        names = {slug: slug.replace("_", " ").title() for slug in peers}
        lines = "".join(f"  {names[slug]:<17}{peer.url}     a stand-in\n" for slug, peer in peers.items())
        site = f"http://{HOST}:{port}"
        log = settings.DATA_DIR / "demo.log"
        self.say(GUIDE.format(site=site, login=LOGIN, password=PASSWORD, peers=lines, log=log))

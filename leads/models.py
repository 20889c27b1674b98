"""Who is interested in us, in what, and since when."""

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Lower
from django.utils.translation import gettext_lazy as _

from leads.addresses import validate_address

# Written out once: the upsert, the import and the admin all follow this tuple.
DETAILS = ("name", "phone", "company", "website", "job_title", "language")
UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
FIRST_UTM_FIELDS = tuple(f"first_{field}" for field in UTM_FIELDS)
MESSAGE_LENGTH = 5000


class WhitepaperQuerySet(models.QuerySet["Whitepaper"]):
    def published(self) -> "WhitepaperQuerySet":
        return self.filter(published=True)


class Whitepaper(models.Model):
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    file = models.FileField(_("file"), upload_to="whitepapers/")
    published = models.BooleanField(_("published"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    # modeltranslation swaps the manager's class at run time, which the type checker cannot follow.
    objects = WhitepaperQuerySet.as_manager()  # type: ignore[django-manager-missing]

    class Meta:
        verbose_name = _("whitepaper")
        verbose_name_plural = _("whitepapers")
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title


class LeadQuerySet(models.QuerySet["Lead"]):
    def lock(self, leads: Iterable["Lead"]) -> "LeadQuerySet":
        """Those of `leads` that are not forgotten, locked in the one order in which everybody locks leads."""
        chosen = self.filter(pk__in=[lead.pk for lead in leads]).exclude(status=Lead.Status.FORGOTTEN)
        return chosen.order_by("email").select_for_update()


class Lead(models.Model):
    """One person, known by e-mail address. Written by `leads.actions` only."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CONTACTED = "contacted", _("Contacted")
        QUALIFIED = "qualified", _("Qualified")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")
        FORGOTTEN = "forgotten", _("Forgotten")

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        GERMAN = "de", _("German")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Not an EmailField: its validator refuses addresses that do receive mail, such as those with two dots in a row.
    email = models.CharField(_("e-mail address"), max_length=254, validators=[validate_address])
    name = models.CharField(_("name"), max_length=200, blank=True)
    # Derived from the address for want of better: gives way to any name that somebody tells us, also an older one.
    name_is_guess = models.BooleanField(default=False, editable=False)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    website = models.URLField(_("website"), blank=True)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=Language, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.NEW)
    # A consent that was confirmed by e-mail and not withdrawn: kept here, too, for lists and letters.
    marketing_consent = models.BooleanField(_("consent"), default=False)
    # Somebody who reads the mail to this address followed a link of ours.
    email_confirmed_at = models.DateTimeField(_("address confirmed"), null=True, blank=True, editable=False)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ["-last_seen_at", "-id"]
        permissions = [("export_lead", _("Can export leads")), ("forget_lead", _("Can forget leads"))]
        indexes = [models.Index(fields=["-last_seen_at", "-id"], name="leads_lead_last_seen")]
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="leads_lead_email",
                violation_error_message=_("Another lead has this e-mail address."),
            ),
            # The "C" collation knows ASCII only: what Python lower-cased must pass whatever the server's locale.
            models.CheckConstraint(
                condition=Q(email=Lower(Collate(F("email"), "C"))), name="leads_lead_email_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_forgotten(self) -> bool:
        return self.status == self.Status.FORGOTTEN

    def anonymise(self) -> None:
        """Take everything personal out of this object; saving is up to the caller."""
        for detail in DETAILS:
            setattr(self, detail, "")
        self.email = f"forgotten-{self.uuid}@forgotten.invalid"
        self.marketing_consent = self.name_is_guess = False
        self.email_confirmed_at = None
        self.status = self.Status.FORGOTTEN


class Touchpoint(models.Model):
    """One occasion on which a lead turned to us."""

    class Kind(models.TextChoices):
        WHITEPAPER = "whitepaper", _("Whitepaper")
        WEBINAR = "webinar", _("Webinar")
        CONSULTATION = "consultation", _("Consultation")
        CONTACT = "contact", _("Contact")
        IMPORT = "import", _("Import")

    # The unique constraint's index serves look-ups by lead.
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="touchpoints", db_index=False)
    key = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    whitepaper = models.ForeignKey(
        Whitepaper,
        verbose_name=_("whitepaper"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="touchpoints",
    )
    message = models.TextField(_("message"), blank=True, max_length=MESSAGE_LENGTH)
    utm_source = models.CharField(_("UTM source"), max_length=150, blank=True)
    utm_medium = models.CharField(_("UTM medium"), max_length=150, blank=True)
    utm_campaign = models.CharField(_("UTM campaign"), max_length=150, blank=True)
    utm_term = models.CharField(_("UTM term"), max_length=150, blank=True)
    utm_content = models.CharField(_("UTM content"), max_length=150, blank=True)
    first_utm_source = models.CharField(_("first UTM source"), max_length=150, blank=True)
    first_utm_medium = models.CharField(_("first UTM medium"), max_length=150, blank=True)
    first_utm_campaign = models.CharField(_("first UTM campaign"), max_length=150, blank=True)
    first_utm_term = models.CharField(_("first UTM term"), max_length=150, blank=True)
    first_utm_content = models.CharField(_("first UTM content"), max_length=150, blank=True)
    referrer = models.CharField(_("referrer"), max_length=500, blank=True)
    captured_at = models.DateTimeField(_("when"))
    # The database knows the default as well: `leads.upsert` names no column that it has nothing to say about.
    downloads = models.PositiveSmallIntegerField(_("downloads"), default=0, db_default=0)
    downloaded_at = models.DateTimeField(_("last download"), null=True, blank=True)

    class Meta:
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        ordering = ["-captured_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["lead", "key"], name="leads_touchpoint_lead_key")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.captured_at:%Y-%m-%d}"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def waiting(self) -> "ConsentQuerySet":
        """Neither confirmed nor withdrawn."""
        return self.filter(confirmed_at=None, withdrawn_at=None)


class Consent(models.Model):
    """The proof that a lead agreed: when, to which words, and where; and that it was really them, and until when.

    Anybody can type anybody's address into a form: a consent counts once somebody who reads the mail to that address
    confirmed it. `Lead.marketing_consent` is today's answer.
    """

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("Marketing")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose, default=Purpose.MARKETING)
    given_at = models.DateTimeField(_("given at"))
    text_version = models.CharField(_("version of the text"), max_length=20, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at", "-id"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.given_at:%Y-%m-%d}"

    @property
    def holds(self) -> bool:
        return self.confirmed_at is not None and self.withdrawn_at is None

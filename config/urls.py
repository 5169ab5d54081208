"""Addresses."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from accounts.views import admin_sign_in
from agents import openai_api
from config import health
from config.api import api

to_sign_in = RedirectView.as_view(pattern_name="accounts:sign_in", query_string=True)

urlpatterns: list[URLPattern | URLResolver] = [
    # Pages that are not ours (Django's, the API's) name no icon, and browsers then ask here.
    path("favicon.ico", RedirectView.as_view(url=static("icon.svg"))),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", api.urls),
    path("v1/models", openai_api.models),
    path("v1/models/<str:name>", openai_api.model),
    path("v1/chat/completions", openai_api.chat_completions),
    # People sign in at one place only.
    path("admin/login/", admin_sign_in),
    path("account/login/", to_sign_in),
    path("account/signup/", to_sign_in),
    # Administrators give new passwords and keep the addresses of people.
    path("account/password/reset/", to_sign_in),
    path("account/email/", to_sign_in),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("kb.urls")),
    path("", include("agents.urls")),
]

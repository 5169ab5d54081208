"""Signing in, the language of the pages, and API keys."""

from typing import Any

from allauth.account.views import LoginView
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.api_keys import create_api_key, revoke
from accounts.forms import ApiKeyForm, LanguageForm
from accounts.language import remember_language
from accounts.models import ApiKey, Person


class SignIn(LoginView):  # type: ignore[misc]
    """The first page. Failed attempts are counted and slowed down by allauth, per address and per account."""

    template_name = "accounts/sign_in.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**extra)
        context["next"] = self.request.POST.get("next") or self.request.GET.get("next", "")
        return context


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's admin sends people here. Who is signed in already may not enter it; signing in again would not help."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", "/admin/"))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("accounts:sign_in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Show the pages in another language from now on, and back to where the person was."""
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Choose one of the languages offered.", content_type="text/plain")
    code = form.cleaned_data["language"]
    response = redirect(_local_address(request))
    remember_language(response, code)
    if isinstance(request.user, Person):
        Person.objects.filter(pk=request.user.pk).update(language=code)
    return response


def _local_address(request: HttpRequest) -> str:
    """Where to go back to; never to another site."""
    address = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if allowed else "/"


@never_cache
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """A person's API keys; a new one is shown once, on the answer to the form that made it."""
    person = request.user
    assert isinstance(person, Person)
    form = ApiKeyForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        made = create_api_key(person, form.cleaned_data["name"], form.cleaned_data["scope"])
        form = ApiKeyForm()
    status = 422 if form.errors else 200
    context = {"form": form, "made": made, "keys": ApiKey.objects.filter(person=person)}
    return render(request, "accounts/keys.html", context, status=status)


@require_POST
@login_required
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    revoke(get_object_or_404(ApiKey, pk=pk, person=request.user))
    return redirect("accounts:keys")

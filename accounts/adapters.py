"""How allauth behaves here: nobody makes an account for themselves, but single sign-on may bring new people in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.audit import Act, record
from accounts.language import remember_language
from accounts.models import Person


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts with a password are made by administrators, who are also whom to ask for another password."""

    error_messages = DefaultAccountAdapter.error_messages | dict.fromkeys(
        ("username_password_mismatch", "email_password_mismatch"),
        _("Name and password do not match. Check both, or ask your administrator for a new password."),
    )
    error_messages["too_many_login_attempts"] = _("Too many attempts. Wait a few minutes, then try again.")

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    @transaction.atomic
    def set_password(self, user: Person, password: str) -> None:
        super().set_password(user, password)
        record(Act.PASSWORD_CHANGED, user, target=user.pk, name=user.username)

    def post_login(self, request: HttpRequest, user: Person, **details: Any) -> HttpResponse:
        """After signing in, however it was done: the pages speak the person's language on this device too."""
        response: HttpResponse = super().post_login(request, user, **details)
        if user.language:
            remember_language(response, user.language)
        return response


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whoever the company's identity provider vouches for may come in; groups still decide what they read."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Person:
        person: Person = super().save_user(request, sociallogin, form)
        record(Act.PERSON_ADDED, person, target=person.pk, name=person.username, kind=str(sociallogin.account.provider))
        return person

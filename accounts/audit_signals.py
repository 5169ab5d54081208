"""Acts that Django and allauth do, and tell of by signals."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.audit import Act, record
from accounts.models import Person, superuser_made

OF_PEOPLE = {
    ADDITION: Act.PERSON_ADDED,
    CHANGE: Act.PERSON_CHANGED,
    DELETION: Act.PERSON_REMOVED,
}
OF_GROUPS = {ADDITION: Act.GROUP_ADDED, CHANGE: Act.GROUP_CHANGED, DELETION: Act.GROUP_REMOVED}
OF_OTHERS = {ADDITION: Act.SETTING_ADDED, CHANGE: Act.SETTING_CHANGED, DELETION: Act.SETTING_REMOVED}


@receiver(user_logged_in)
@transaction.atomic
def signed_in(sender: object, user: Person, **_: Any) -> None:
    record(Act.SIGNED_IN, user, target=user.pk, name=user.username)


@receiver(user_logged_out)
@transaction.atomic
def signed_out(sender: object, user: Person | None, **_: Any) -> None:
    if user is not None:
        record(Act.SIGNED_OUT, user, target=user.pk, name=user.username)


@receiver(user_login_failed)
@transaction.atomic
def sign_in_failed(sender: object, credentials: dict[str, Any], **_: Any) -> None:
    """What was typed as the name is kept only where somebody is called like this: it may be a password."""
    typed = str(credentials.get("username") or credentials.get("login") or credentials.get("email") or "")[:254]
    known = Person.objects.filter(username=typed.replace("\0", "")).first()
    known = known or Person.objects.filter(email__iexact=typed.replace("\0", "")).exclude(email="").first()
    record(Act.SIGN_IN_FAILED, None, target=known.pk if known else "", name=known.username if known else "")


@receiver(superuser_made)
def administrator_made(sender: object, person: Person, **_: Any) -> None:
    """Who works at the command line is not known: the line comes from the server itself."""
    record(Act.PERSON_ADDED, None, target=person.pk, name=person.username, **_rights(person))


@receiver(authenticator_added)
@transaction.atomic
def second_factor_added(sender: object, user: Person, authenticator: Any, **_: Any) -> None:
    record(Act.SECOND_FACTOR_ADDED, user, target=user.pk, name=user.username, kind=str(authenticator.type))


@receiver(authenticator_removed)
@transaction.atomic
def second_factor_removed(sender: object, user: Person, authenticator: Any, **_: Any) -> None:
    record(Act.SECOND_FACTOR_REMOVED, user, target=user.pk, name=user.username, kind=str(authenticator.type))


@receiver(post_save, sender=LogEntry)
def done_in_the_admin(sender: object, instance: LogEntry, created: bool, **_: Any) -> None:
    """What is done in Django's admin, in the transaction of its form: which fields, and the rights as they now are."""
    model = instance.content_type.model_class() if instance.content_type else None
    acts = OF_PEOPLE if model is Person else OF_GROUPS if model is Group else OF_OTHERS
    details: dict[str, Any] = {"fields": _fields(instance.change_message)}
    if acts is OF_OTHERS:
        details["kind"] = str(instance.content_type)
    act = acts[instance.action_flag]
    if model is Person and instance.action_flag != DELETION:
        if any("password" in field.lower() for field in details["fields"]):
            act = Act.PASSWORD_CHANGED
        person = Person.objects.filter(pk=instance.object_id or 0).first()
        details |= _rights(person) if person else {}
    by = Person.objects.filter(pk=instance.user_id).first()
    record(act, by, target=instance.object_id or "", name=instance.object_repr, **details)


def _fields(message: str) -> list[str]:
    """The names of changed fields, from the message of Django's own log."""
    try:
        said = json.loads(message or "[]")
    except ValueError:
        return []
    return [str(field) for one in said if isinstance(one, dict) for field in one.get("changed", {}).get("fields", [])]


def _rights(person: Person) -> dict[str, Any]:
    return {
        "active": person.is_active,
        "staff": person.is_staff,
        "administrator": person.is_superuser,
        "groups": list(person.groups.order_by("name").values_list("name", flat=True)),
    }

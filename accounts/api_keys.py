"""API keys: made, checked, revoked."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from accounts.models import ApiKey, Person

PREFIX = "zn-"


def create_api_key(person: Person, name: str) -> str:
    """Make a key for `person` and return it: this is the only time that anybody sees it."""
    key = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(person=person, name=name, prefix=key[:8], digest=_digest(key))
    return key


def person_of_key(key: str) -> Person | None:
    """Whose key this is; None when it is unknown, revoked, or its person may no longer sign in."""
    now = timezone.now()
    found = (
        ApiKey.objects.select_related("person")
        .filter(digest=_digest(key), revoked_at=None, person__is_active=True)
        .first()
    )
    if found is None:
        return None
    if found.last_used_at is None or now - found.last_used_at > timedelta(minutes=1):
        ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
    return found.person


def revoke(api_key: ApiKey) -> None:
    """End a key; its row stays, so that people see what it was."""
    ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()

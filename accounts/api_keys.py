"""API keys: made, checked, revoked."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.audit import Act, record
from accounts.models import ApiKey, KeyScope, Person
from accounts.origin import came_by_key

PREFIX = "zn-"


class ScopeError(Exception):
    """The key is valid, but was not made for this."""

    def __init__(self, scope: KeyScope, needed: KeyScope) -> None:
        super().__init__(f"The key's scope is {scope}, and this needs {needed}.")
        self.scope = scope
        self.needed = needed


@transaction.atomic
def create_api_key(person: Person, name: str, scope: KeyScope = KeyScope.ADMIN) -> str:
    """Make a key for `person` and return it: this is the only time that anybody sees it."""
    key = PREFIX + secrets.token_urlsafe(32)
    made = ApiKey.objects.create(person=person, name=name, prefix=key[:8], digest=_digest(key), scope=scope)
    record(Act.KEY_CREATED, person, target=made.pk, name=name, prefix=made.prefix, scope=scope)
    return key


def person_of_key(key: str, needed: KeyScope = KeyScope.READ) -> Person | None:
    """Whose key this is; None when it is unknown, revoked, or its person may no longer sign in.

    Raises:
        ScopeError: when the key may not do what needs `needed`.
    """
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
    came_by_key(found.prefix)
    if not (scope := KeyScope(found.scope)).covers(needed):
        raise ScopeError(scope, needed)
    return found.person


@transaction.atomic
def revoke(api_key: ApiKey) -> None:
    """End a key, for its person; its row stays, so that people see what it was."""
    if ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record(Act.KEY_REVOKED, api_key.person, target=api_key.pk, name=api_key.name, prefix=api_key.prefix)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()

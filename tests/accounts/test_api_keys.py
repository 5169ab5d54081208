"""API keys: shown once, kept as a digest, revoked at once; and the throttled sign-in."""

import hashlib
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.api_keys import ScopeError, create_api_key, person_of_key, revoke
from accounts.models import ApiKey, KeyScope, Person

pytestmark = pytest.mark.django_db


def used(key: str) -> Any:
    return Client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/me")


def test_only_a_digest_is_kept(alice: Person) -> None:
    key = create_api_key(alice, "reports")
    row = ApiKey.objects.get(person=alice)
    assert row.digest == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(ApiKey.objects.values())
    assert key.startswith(row.prefix)
    assert len(key) > 40
    assert create_api_key(alice, "reports") != key


def test_a_key_is_shown_once(alice: Person) -> None:
    client = Client()
    client.force_login(alice)
    page = client.post("/keys/", {"name": "reports", "scope": "read"}).content.decode()
    row = ApiKey.objects.get(person=alice)
    (key,) = {
        word
        for word in page.replace('"', " ").replace("<", " ").replace(">", " ").split()
        if len(word) > 40 and word.startswith("zn-")
    }
    assert person_of_key(key) == alice
    again = client.get("/keys/").content.decode()
    assert key not in again
    assert row.name in again


def test_a_revoked_key_is_refused_at_once(alice: Person) -> None:
    key = create_api_key(alice, "reports")
    assert used(key).status_code == 200
    revoke(ApiKey.objects.get(person=alice))
    assert used(key).status_code == 401


def test_the_key_of_somebody_who_left_is_refused(alice: Person) -> None:
    key = create_api_key(alice, "reports")
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert used(key).status_code == 401


def test_when_a_key_was_used(alice: Person) -> None:
    key = create_api_key(alice, "reports")
    assert ApiKey.objects.get(person=alice).last_used_at is None
    used(key)
    first = ApiKey.objects.get(person=alice).last_used_at
    assert first is not None
    used(key)
    assert ApiKey.objects.get(person=alice).last_used_at == first  # not written for every request
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(hours=1))
    used(key)
    again = ApiKey.objects.get(person=alice).last_used_at
    assert again is not None
    assert again > first - timedelta(minutes=1)


@pytest.mark.parametrize("made", KeyScope)
@pytest.mark.parametrize("needed", KeyScope)
def test_a_scope_covers_itself_and_those_before_it(alice: Person, made: KeyScope, needed: KeyScope) -> None:
    key = create_api_key(alice, "reports", made)
    covered = {"read": ["read"], "write": ["read", "write"], "admin": ["read", "write", "admin"]}[made]
    if needed in covered:
        assert person_of_key(key, needed) == alice
    else:
        with pytest.raises(ScopeError, match=f"{made}.*{needed}"):
            person_of_key(key, needed)


@pytest.mark.parametrize("key", ["", " ", "zn-", "zn-é", "x" * 10_000, "zn-\0"])
def test_nonsense_is_nobodys_key(alice: Person, key: str) -> None:
    create_api_key(alice, "reports")
    assert person_of_key(key) is None


def test_a_key_is_made_on_the_command_line(alice: Person) -> None:
    out = StringIO()
    call_command("create_api_key", "alice", "--name", "reports", stdout=out)
    assert person_of_key(out.getvalue().strip().splitlines()[-1]) == alice
    assert ApiKey.objects.get(person=alice).scope == "admin"
    call_command("create_api_key", "alice", "--name", "wiki", "--scope", "read", stdout=out)
    assert ApiKey.objects.get(name="wiki").scope == "read"
    with pytest.raises(CommandError, match="nobody"):
        call_command("create_api_key", "nobody", "--name", "reports")
    with pytest.raises(CommandError, match="--name"):
        call_command("create_api_key", "alice", "--name", " ")


def test_guessing_passwords_is_slowed_down(alice: Person) -> None:
    cache.clear()
    client = Client()
    for _attempt in range(12):
        answer = client.post("/sign-in/", {"login": "alice", "password": "a bad password"})
    refused = client.post("/sign-in/", {"login": "alice", "password": "a good password"})
    cache.clear()
    assert answer.status_code in (200, 422, 429)
    assert "_auth_user_id" not in client.session
    assert refused.status_code != 302

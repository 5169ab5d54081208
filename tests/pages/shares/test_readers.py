"""Who opens what is shared, and until when; and what the database lets through."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.audit import AuditLine
from accounts.models import Person
from agents.events import (
    Routed,
)
from agents.models import Run
from agents.models_shares import Share
from agents.shares import ShareError, opened_by, revoke, seen_by, share, shared_with, shares_of
from kb.access import acting_as_system
from kb.models import Document, DocumentVersion
from kb.readers import narrow, widen
from tests.pages.shares.conftest import SECRET, Case, only, told


def test_groups_are_who_is_in_them_now(case: Case, bob: Person, carol: Person) -> None:
    group = Group.objects.get(name="People")
    made = share(case.run(), by=case.alice, groups=[group.pk])
    assert opened_by(carol, made.pk)
    assert opened_by(bob, made.pk) is None
    bob.groups.add(group)
    assert not only(made, bob).withheld
    carol.groups.clear()
    assert opened_by(carol, made.pk) is None


def test_nobody_else_opens_it(case: Case, bob: Person, carol: Person, admin: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    for person in (bob, admin):
        assert opened_by(person, made.pk) is None
        assert opened_by(person, uuid4()) is None
        assert not revoke(made.pk, by=person)
        assert shares_of(person) == []
    assert not revoke(made.pk, by=carol)
    assert opened_by(carol, made.pk)


def test_the_audit_knows_who_shared_with_whom_and_not_what(case: Case, carol: Person) -> None:
    made = share(case.run(question="What does heliotrope earn?"), by=case.alice, people=[carol.pk])
    revoke(made.pk, by=case.alice)
    revoke(made.pk, by=case.alice)
    revoked, shared = AuditLine.objects.filter(act__startswith="share_")
    assert (shared.act, revoked.act) == ("share_made", "share_revoked")
    assert {shared.target, revoked.target} == {str(made.pk)}
    assert shared.details["people"] == ["carol"]
    assert "heliotrope" not in str(list(AuditLine.objects.values()))


def test_what_is_open_is_listed_first(case: Case, carol: Person) -> None:
    run = case.run()
    older, newer = (share(run, by=case.alice, people=[carol.pk]) for _ in range(2))
    revoke(newer.pk, by=case.alice)
    assert [one.share.pk for one in shares_of(case.alice)] == [older.pk, newer.pk]


def test_revoked_and_expired_are_gone_at_once(case: Case, carol: Person) -> None:
    run = case.run()
    first, second = (share(run, by=case.alice, people=[carol.pk], days=days) for days in (7, 30))
    assert {one.share.pk for one in shared_with(carol)} == {first.pk, second.pk}
    assert revoke(first.pk, by=case.alice)
    with seen_by(case.alice):
        Share.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert opened_by(carol, first.pk) is None
    assert opened_by(carol, second.pk) is None
    assert shared_with(carol) == []
    assert sorted(one.state for one in shares_of(case.alice)) == ["expired", "revoked"]
    assert opened_by(case.alice, first.pk)


def test_a_document_whose_readers_change_changes_what_is_seen(case: Case, admin: Person, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    assert not only(made, carol).withheld
    Group.objects.create(name="Engineering")
    narrow(case.open, ["Engineering"], by=admin)
    turn = only(made, carol)
    assert turn.withheld
    assert told(turn) == f"{SECRET} [2]"
    widen(case.open, by=admin)
    assert not only(made, carol).withheld


def test_a_deleted_document_closes_what_rests_on_it(case: Case, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    with acting_as_system():
        Document.objects.filter(pk=case.closed.pk).update(current_version=None, latest_version=None)
        DocumentVersion.objects.filter(document=case.closed.pk).delete()
    turn = only(made, carol)
    assert turn.withheld
    assert SECRET not in told(turn)


def test_it_ends_with_its_conversation_and_with_its_person(case: Case, carol: Person) -> None:
    first, second = case.run(), case.run()
    of_first, of_second = (share(run, by=case.alice, people=[carol.pk]) for run in (first, second))
    first.conversation.delete()
    assert opened_by(carol, of_first.pk) is None
    case.alice.is_active = False
    case.alice.save()
    assert opened_by(carol, of_second.pk) is None
    case.alice.delete()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from agents_share")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "wrong", [{"people": []}, {"people": [10**9]}, {"groups": [10**9]}, {"days": 0}, {"days": 366}, {"people": "self"}]
)
def test_what_cannot_be_shared(case: Case, carol: Person, wrong: dict[str, Any]) -> None:
    wrong = {name: [case.alice.pk] if value == "self" else value for name, value in wrong.items()}
    with pytest.raises(ShareError):
        share(case.run(), by=case.alice, **({"people": [carol.pk]} | wrong))


def test_only_its_person_shares_and_only_what_is_complete(
    case: Case, bob: Person, carol: Person, make_run: Callable[..., Run]
) -> None:
    with pytest.raises(ShareError):
        share(case.run(), by=bob, people=[carol.pk])
    with pytest.raises(ShareError):
        share(make_run(case.alice, [Routed("fast", "simple")]), by=case.alice, people=[carol.pk])


# The database itself


def rows_of(person: Person | None) -> int:
    with connection.cursor() as cursor:
        if person is None:
            cursor.execute("select count(*) from agents_share")
            return int(cursor.fetchone()[0])
        with seen_by(person):
            cursor.execute("select count(*) from agents_share")
            return int(cursor.fetchone()[0])


def test_the_database_shows_shares_to_nobody_else(case: Case, bob: Person, carol: Person, admin: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    assert [rows_of(one) for one in (None, bob, admin, carol, case.alice)] == [0, 0, 0, 1, 1]
    carol.is_active = False
    assert rows_of(carol) == 0
    carol.is_active = True
    with seen_by(carol):
        assert Share.objects.filter(pk=made.pk).update(people=[bob.pk]) == 0
        assert Share.objects.filter(pk=made.pk).delete()[0] == 0


def test_the_database_lets_nobody_share_what_is_somebody_elses(case: Case, bob: Person, carol: Person) -> None:
    run = case.run()
    later = timezone.now() + timedelta(days=1)
    for person in (bob, case.alice):
        with pytest.raises(ProgrammingError), transaction.atomic(), seen_by(bob):
            Share.objects.create(person=person, run=run, people=[carol.pk], expires_at=later)

"""Letting others read an answer, or a conversation up to it: shared, listed, revoked by its person alone.

A share says who may look and until when. What each reader then sees is decided anew every time, by what that reader may
read at that moment: see `agents.shared`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import Act, record
from accounts.models import Person
from agents.models import Run, RunState
from agents.models_shares import Share
from kb.statements import rows

LONGEST = 365
"""Days for which something may be shared."""
USUAL = 30
FOUND = 8
READERS = 100
LISTED = 500


class ShareError(ValueError):
    """It cannot be shared like this. The message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A share as lists show it."""

    share: Share
    title: str
    readers: tuple[str, ...]
    """Their names; readers are not told of one another."""
    state: str
    """open, expired or revoked"""


@contextmanager
def seen_by(person: Person) -> Iterator[None]:
    """A transaction in which the database shows the shares of `person` and those that `person` may open."""
    own = str(person.pk) if person.is_active else ""
    groups = ",".join(map(str, person.groups.values_list("pk", flat=True))) if own else ""
    with transaction.atomic():
        _tell_database(own, f"{{{groups}}}")
        yield
    if connection.in_atomic_block:  # the settings end with the outermost transaction only
        _tell_database("", "{}")


def _tell_database(person: str, groups: str) -> None:
    statement = "select set_config('agents.person', %(person)s, true), set_config('agents.groups', %(groups)s, true)"
    rows(statement, {"person": person, "groups": groups})


def share(
    run: Run,
    *,
    by: Person,
    whole: bool = False,
    people: Collection[int] = (),
    groups: Collection[int] = (),
    days: int = USUAL,
) -> Share:
    """Let `people` and `groups` (their numbers) read the answer of `run` for some days; with `whole` also the questions
    and answers that lead to it. What is asked later is not shared.

    Raises:
        ShareError: when the answer is somebody else's or not complete, nobody is named, somebody named is not there,
            or the days are out of bounds.
    """
    if run.person_id != by.pk:
        raise ShareError(_("You can share only answers of your own."))
    if run.state != RunState.FINISHED:
        raise ShareError(_("Only a complete answer can be shared. Wait until it is there, or ask again."))
    if not 1 <= days <= LONGEST:
        raise ShareError(_("Share it for 1 to %(most)s days.") % {"most": LONGEST})
    readers = set(active().filter(pk__in=people).exclude(pk=by.pk).values_list("pk", flat=True))
    of_groups = set(Group.objects.filter(pk__in=groups).values_list("pk", flat=True))
    if readers != set(people) - {by.pk} or of_groups != set(groups):
        raise ShareError(_("One of those you named is not here any more. Look for them again."))
    if not readers and not of_groups:
        raise ShareError(_("Name at least one other person or a group."))
    if len(readers) + len(of_groups) > READERS:
        raise ShareError(_("Name at most %(most)s people and groups.") % {"most": READERS})
    with seen_by(by):
        made = Share.objects.create(
            person=by,
            run=run,
            whole=whole,
            people=sorted(readers),
            groups=sorted(of_groups),
            expires_at=timezone.now() + timedelta(days=days),
        )
        people_named = active().filter(pk__in=readers).values_list("username", flat=True)
        groups_named = Group.objects.filter(pk__in=of_groups).values_list("name", flat=True)
        record(Act.SHARE_MADE, by, target=made.pk, people=people_named, groups=groups_named, days=days, whole=whole)
    return made


def revoke(share_id: UUID, *, by: Person) -> bool:
    """End a share of `by`; False when they have none of this number. Its line stays in their list."""
    with seen_by(by):
        found = Share.objects.filter(pk=share_id, person=by)
        if found.filter(revoked_at=None).update(revoked_at=timezone.now()):
            record(Act.SHARE_REVOKED, by, target=share_id)
        return found.exists()


def shares_of(by: Person, run: Run | None = None) -> list[Listed]:
    """What `by` has shared, what is open first and the newest first; of one answer where it is given."""
    with seen_by(by):
        found = made_by(by)
        return listed((found.filter(run=run) if run else found)[:LISTED])


def shared_with(person: Person) -> list[Listed]:
    """What others let `person` read now, the newest first."""
    with seen_by(person):
        return received(open_to(person)[:LISTED])


def opened_by(person: Person, share_id: UUID) -> Share | None:
    """The share as somebody opens it: a reader while it is open, its own person always; None for everybody else."""
    with seen_by(person):
        own = Share.objects.filter(person=person).select_related("run__conversation", "person")
        return own.filter(pk=share_id).first() or open_to(person).filter(pk=share_id).first()


def made_by(by: Person) -> QuerySet[Share]:
    """Inside `seen_by`: what `by` has shared, what is open first and the newest first."""
    ended = Case(When(revoked_at=None, expires_at__gt=timezone.now(), then=0), default=1)
    found = Share.objects.filter(person=by).select_related("run__conversation", "person")
    return found.order_by(ended, "-created_at", "pk")


def open_to(person: Person) -> QuerySet[Share]:
    """Inside `seen_by`: what others let `person` read now, the newest first.

    It says once more what the policy says, and that whoever shared it is still here.
    """
    named = Q(people__contains=[person.pk]) | Q(groups__overlap=list(person.groups.values_list("pk", flat=True)))
    is_open = Q(revoked_at=None, expires_at__gt=timezone.now(), person__is_active=True, run__person=F("person"))
    found = Share.objects.filter(named, is_open).exclude(person=person).select_related("run__conversation", "person")
    return found.order_by("-created_at", "pk")


def active() -> QuerySet[Person]:
    """Everybody who may sign in."""
    return Person.objects.filter(is_active=True)


def people_called(query: str, *, but: Person) -> list[Person]:
    """The first people who can be shared with, and whose name or address begins like this."""
    query = query.strip()[:100].replace("\0", "")
    if len(query) < 2:
        return []
    called = Q(username__istartswith=query) | Q(email__istartswith=query) | Q(display_name__icontains=query)
    return list(active().filter(called).exclude(pk=but.pk).order_by("display_name", "username")[:FOUND])


def groups_called(query: str, *, of: Person) -> list[Group]:
    """Groups that can be shared with: the person's own, and others that have the words in their name."""
    query = query.strip()[:100].replace("\0", "")
    known = Q(user=of)
    if len(query) >= 2:
        known |= Q(name__icontains=query)
    return list(Group.objects.filter(known).distinct().order_by("name")[:READERS])


def title_of(one: Share) -> str:
    """What a share is called: of one answer its question, because a conversation's title tells of its first one."""
    return one.run.conversation.title if one.whole else " ".join(one.run.question.split())[:200]


def state_of(one: Share) -> str:
    """open, expired or revoked"""
    if one.revoked_at is not None:
        return "revoked"
    return "expired" if one.expires_at <= timezone.now() else "open"


def received(found: Iterable[Share]) -> list[Listed]:
    """Shares as their readers' lists show them: who else reads them is not told."""
    return [Listed(one, title_of(one), (), "open") for one in found]


def listed(found: Iterable[Share]) -> list[Listed]:
    """Shares as the lists of whoever made them show them."""
    shares = list(found)
    people = Person.objects.in_bulk({pk for one in shares for pk in one.people})
    groups = Group.objects.in_bulk({pk for one in shares for pk in one.groups})
    return [
        Listed(
            one,
            title_of(one),
            tuple(
                [str(people[pk]) for pk in one.people if pk in people]
                + [groups[pk].name for pk in one.groups if pk in groups]
            ),
            state_of(one),
        )
        for one in shares
    ]

"""Who did what to what, when, and from where: one line for each act, in the transaction of the act.

So nothing is recorded that was rolled back, and nothing done that was not recorded. Lines hold names of people and
things, never secrets, nor what documents or questions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Person
from accounts.models_audit import Act, AuditLine
from accounts.origin import origin

__all__ = ["Act", "AuditLine", "as_data", "exported", "found", "record", "records_of", "sweep"]

LONGEST_NAME = 200
LISTED = 50
"""Names that one line holds of a list; the rest is counted."""


class NotInTransaction(RuntimeError):
    """An act was recorded outside the transaction that does it: a bug of ours."""


def record(act: Act, by: Person | None, *, target: object = "", name: str = "", **details: Any) -> None:
    """Add a line, in the transaction that does the act.

    Args:
        by: None where nobody is known, as when a sign-in fails, and for what the operator does at the command line.
        target: the number of what it is done to.
        name: what that is called.
        details: plain values or lists of names that say what changed.

    Raises:
        NotInTransaction: where no transaction is open.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{act} is recorded outside a transaction.")
    came = origin()
    known = by is not None and by.pk is not None
    AuditLine.objects.create(
        act=act,
        person=by.pk if by and known else None,
        person_name=by.username if by and known else "",
        target=str(target)[:64],
        target_name=" ".join(name.replace("\0", "").split())[:LONGEST_NAME],
        details={key: _kept(value) for key, value in details.items()},
        address=_address(came.address),
        via=came.via,
        key=came.key,
    )


@transaction.atomic
def exported(by: Person, what: str, target: object = "", kind: str = "") -> None:
    """Record that somebody takes something out as a file, before the file is made.

    `what`: conversation, rows, usage, questions or audit.
    """
    record(Act.EXPORTED, by, target=target, what=what, format=kind)


def _kept(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value.replace("\0", "")[:LONGEST_NAME]
    if isinstance(value, Iterable):
        names = [_kept(one) for one in value]
        more = len(names) - LISTED
        return names if more <= 0 else [*names[:LISTED], f"… +{more}"]
    return str(value)[:LONGEST_NAME]


def _address(text: str | None) -> str | None:
    """An address as it is kept; None for what is none, like a socket's name."""
    try:
        return str(ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None


def found(
    *,
    act: str = "",
    person: str = "",
    query: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditLine]:
    """The lines, the newest first: of one act, one person (by user name), with some words, between two days."""
    lines = AuditLine.objects.all()
    if act:
        lines = lines.filter(act=act)
    if person := person.strip().replace("\0", ""):
        lines = lines.filter(person_name=person)
    if query := query.strip()[:200].replace("\0", ""):
        words = Q(target_name__icontains=query) | Q(target=query) | Q(person_name__icontains=query)
        lines = lines.filter(words | Q(key=query) | (Q(address=query) if _address(query) else Q()))
    if since:
        lines = lines.filter(at__gte=_midnight(since))
    if until:
        lines = lines.filter(at__lt=_midnight(until) + timedelta(days=1))
    return lines


def records_of(lines: QuerySet[AuditLine]) -> Iterator[dict[str, Any]]:
    """Lines as data, a few at a time."""
    for line in lines.iterator(chunk_size=500):
        yield as_data(line)


def as_data(line: AuditLine) -> dict[str, Any]:
    """A line as the API and its export give it."""
    names = ("id", "at", "act", "person", "person_name", "target", "target_name", "details", "address", "via", "key")
    return {name: getattr(line, name) for name in names}


def sweep() -> int:
    """Delete the lines that are older than `AUDIT_DAYS`; returns how many."""
    if not settings.AUDIT_DAYS:
        return 0
    old = AuditLine.objects.filter(at__lt=timezone.now() - timedelta(days=settings.AUDIT_DAYS))
    return old.delete()[0]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))

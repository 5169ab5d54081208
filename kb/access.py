"""The one door to guarded knowledge: `with acting_as(person): …`.

It opens a transaction and tells PostgreSQL, for that transaction alone, which scopes the person may read; row-level
security then shows those rows and no others, whatever the query forgets. Keep the block short, and never wait for a
model inside it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Q, QuerySet

from accounts.models import Person
from kb.models import Collection, Document, DocumentVersion, Scope
from kb.statements import rows

# What row-level security reads. `*` opens every scope, for the pipeline's own work and for migrations of data.
SETTING = "kb.scopes"
ALL_SCOPES = "*"

ANYBODY = -1
"""Stands for a person's number in a statement that is kept for all of them."""

Attached = UUID | Literal["own"] | None
"""Whose attachments are read besides the library: one conversation's, all that are the person's own, or none."""


class NotActing(RuntimeError):
    """Guarded knowledge was asked for outside `acting_as`: a bug of ours, never a person's mistake."""


@dataclass(frozen=True, slots=True)
class Actor:
    """For whom the current block reads. `person` is None for the pipeline's own work."""

    person: Person | None
    scopes: str  # PostgreSQL's array text "{1,2,3}", or ALL_SCOPES


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def current_actor() -> Actor:
    """For whom the current block reads.

    Raises:
        NotActing: outside `acting_as` and `acting_as_system`.
    """
    if (actor := _actor.get()) is None:
        raise NotActing("Guarded knowledge is read inside `with acting_as(person):` only.")
    return actor


def readable_scopes(person: Person) -> QuerySet[Scope]:
    """The scopes of the library that `person` may read: administrators all, others everyone's and their groups'."""
    library = Scope.objects.filter(attached_to=None)
    if not person.is_active:
        return Scope.objects.none()
    if person.is_superuser:
        return library
    return library.filter(Q(everyone=True) | Q(groups__in=person.groups.all())).distinct()


def attached_scopes(person: Person, attached: Attached) -> QuerySet[Scope]:
    """The scopes of what `person` has attached: nobody else may read these, administrators neither."""
    if attached is None or not person.is_active or person.pk is None:
        return Scope.objects.none()
    own = Scope.objects.filter(attached_to__isnull=False, person=person)
    return own if attached == "own" else own.filter(attached_to=attached)


def _readable_numbers(person: Person) -> set[int]:
    """The numbers of `readable_scopes`. Each search asks, and Django takes longer to put that query together than
    PostgreSQL to answer it: so it is put together once for all people."""
    if not person.is_active:
        return set()
    statement, values = _readable_statement(person.is_superuser)
    own = {name: person.pk if value == ANYBODY else value for name, value in values.items()}
    return {number for (number,) in rows(statement, own)}


@cache
def _readable_statement(superuser: bool) -> tuple[str, dict[str, Any]]:
    """The statement of `readable_scopes` with its values by name, `ANYBODY` in the place of the person."""
    anybody = Person(pk=ANYBODY, is_superuser=superuser)
    statement, values = readable_scopes(anybody).values_list("pk", flat=True).query.sql_with_params()
    named = {f"value{place}": value for place, value in enumerate(values)}
    return statement % tuple(f"%({name})s" for name in named), named


@contextmanager
def acting_as(person: Person, attached: Attached = None) -> Iterator[Actor]:
    """Read guarded knowledge as `person`, in one transaction. In nested blocks the inner one sees as its own person.

    What is attached to conversations is not there unless `attached` names it.
    """
    numbers = _readable_numbers(person)
    if attached is not None:
        numbers |= set(attached_scopes(person, attached).values_list("pk", flat=True))
    with _acting(Actor(person, _array(numbers))) as actor:
        yield actor


@contextmanager
def acting_for_library() -> Iterator[Actor]:
    """Read the whole library and nobody's attachments: to say what there is, on nobody's behalf."""
    numbers = Scope.objects.filter(attached_to=None).values_list("pk", flat=True)
    with _acting(Actor(None, _array(numbers))) as actor:
        yield actor


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, sorted(numbers))) + "}"


@contextmanager
def acting_as_system() -> Iterator[Actor]:
    """Read and write everything: for the pipeline (ingestion, sweeps, deletion), never on somebody's behalf."""
    with _acting(Actor(None, ALL_SCOPES)) as actor:
        yield actor


@contextmanager
def _acting(actor: Actor) -> Iterator[Actor]:
    told = _told()
    outer = told[-1] if told else None
    another_view = outer is None or outer.scopes != actor.scopes
    with transaction.atomic():
        if another_view:
            _tell_database(actor)
        told.append(actor)
        token = _actor.set(actor)
        try:
            yield actor
        finally:
            _actor.reset(token)
            told.pop()
    # The outermost block's setting ended with its transaction, and one that failed was rolled back; a block that
    # succeeded inside another transaction gives that one its view back.
    if another_view and connection.in_atomic_block:
        _tell_database(outer or Actor(None, ""))


def _told() -> list[Actor]:
    """For whom the blocks around this one read, on this very connection: the last one is what its database knows."""
    blocks: list[Actor] = vars(connections[DEFAULT_DB_ALIAS]).setdefault("acting", [])
    return blocks


def _tell_database(actor: Actor) -> None:
    rows("select set_config(%(name)s::text, %(value)s::text, true)", {"name": SETTING, "value": actor.scopes})


def collections_for() -> QuerySet[Collection]:
    """The collections in which the current person may read something."""
    current_actor()
    return Collection.objects.all()


def documents_for() -> QuerySet[Document]:
    """The documents that the current person may read."""
    current_actor()
    return Document.objects.all()


def document_for(pk: int) -> Document:
    """One document that the current person may read.

    Raises:
        Document.DoesNotExist: when there is none, or the person may not read it; nobody can tell which.
    """
    return documents_for().select_related("collection", "owner", "current_version", "latest_version").get(pk=pk)


def version_for(pk: int) -> DocumentVersion:
    """One version that the current person may read.

    Raises:
        DocumentVersion.DoesNotExist: when there is none, or the person may not read it.
    """
    current_actor()
    return DocumentVersion.objects.select_related("document__collection").get(pk=pk)


def may_write(person: Person, collection: Collection) -> bool:
    """Whether `person` looks after `collection`: an administrator, or staff who may read what is on it by default."""
    return _may_write_in(person, readable_scopes(person).filter(collection=collection, is_default=True))


def may_write_document(person: Person, document: Document) -> bool:
    """Whether `person` looks after `document`: an administrator, or staff who may read it."""
    return _may_write_in(person, readable_scopes(person).filter(pk=document.scope_id))


def _may_write_in(person: Person, scopes: QuerySet[Scope]) -> bool:
    return person.is_active and (person.is_superuser or (person.is_staff and scopes.exists()))

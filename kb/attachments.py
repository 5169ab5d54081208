"""Files that a person attaches to one conversation: read as documents are, and seen there alone.

Each conversation has a collection and a private scope of its own, which no list, count or search of the library
reaches: `kb.access.acting_as` opens it to its person, and to nobody else. Conversations are known by their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from django.db.models import Min

from accounts.models import Person
from kb.access import acting_as, acting_as_system, attached_scopes, documents_for
from kb.attached_file import AttachedFile
from kb.documents import About, erase, put
from kb.errors import DocumentError
from kb.models import WORKING, Collection, Document, Scope

MOST = 20
"""Files of one conversation."""


def attach(conversation: UUID, filename: str, file: BinaryIO, *, by: Person) -> Document:
    """Keep a file for one conversation of `by`, who has to have been found to be its person; a worker reads it.

    Raises:
        DocumentError: too_many_attached, too_large, storage_full, not_found for a conversation of somebody else.
    """
    collection = _collection(conversation, by)
    with acting_as_system():
        if Document.objects.filter(collection=collection).count() >= MOST:
            raise DocumentError("too_many_attached", most=MOST)
    return put(collection, filename, file, About(), by=by).document


def _collection(conversation: UUID, by: Person) -> Collection:
    with acting_as_system():
        defaults = {"name": f"attached to {conversation}", "created_by": by}
        collection, made = Collection.objects.get_or_create(attached_to=conversation, defaults=defaults)
        if made:
            Scope.objects.create(collection=collection, attached_to=conversation, person=by)
        elif not Scope.objects.filter(collection=collection, person=by).exists():
            raise DocumentError("not_found")
        return collection


def attachments(conversation: UUID, person: Person) -> list[AttachedFile]:
    """What `person` has attached to a conversation, in that order."""
    if collection_of(conversation, person) is None:
        return []
    with acting_as(person, conversation):
        found = documents_for().filter(collection__attached_to=conversation).select_related("latest_version")
        return [_attachment(document) for document in found.order_by("pk")]


def first_attached(conversation: UUID) -> datetime | None:
    """When the first of the files that a conversation has was attached; None where there is none."""
    with acting_as_system():
        documents = Document.objects.filter(collection__attached_to=conversation)
        first: datetime | None = documents.aggregate(first=Min("created_at"))["first"]
        return first


def any_working(files: Iterable[AttachedFile]) -> bool:
    """Whether one of the files is still to be read."""
    return any(file.state in WORKING for file in files)


def _attachment(document: Document) -> AttachedFile:
    version = document.latest_version
    assert version is not None
    return AttachedFile(
        document=document.pk,
        version=version.pk,
        title=document.title,
        filename=version.filename,
        state=version.state,
        progress_done=version.progress_done,
        progress_total=version.progress_total,
        progress_unit=version.progress_unit,
        error_en=version.error_en,
        error_zh=version.error_zh,
    )


def collection_of(conversation: UUID, person: Person) -> int | None:
    """The number of the collection that holds what `person` has attached to a conversation, if there is anything."""
    return attached_scopes(person, conversation).values_list("collection", flat=True).first()


def detach(conversation: UUID, document: int, *, by: Person) -> None:
    """Take a file away from a conversation, and delete it.

    Raises:
        DocumentError: not_found.
    """
    with acting_as(by, conversation):
        if not documents_for().filter(pk=document, collection__attached_to=conversation).exists():
            raise DocumentError("not_found")
    with acting_as_system():
        erase([document])


def forget(conversations: Iterable[UUID]) -> None:
    """Delete what is attached to conversations, with the files nobody else needs: they are gone, or going."""
    with acting_as_system():
        collections = Collection.objects.filter(attached_to__in=list(conversations))
        for collection in collections.select_for_update(no_key=True):
            erase(list(Document.objects.filter(collection=collection).values_list("pk", flat=True)))
            Scope.objects.filter(collection=collection).delete()
            Collection.objects.filter(pk=collection.pk).delete()


def forget_those_of(person: Person) -> None:
    """Delete what somebody has attached anywhere: they are leaving."""
    mine = Scope.objects.filter(attached_to__isnull=False, person=person)
    forget([number for number in mine.values_list("attached_to", flat=True) if number])


def attached_conversations() -> list[UUID]:
    """The numbers of all conversations that have something attached: to find those that are no more."""
    found = Scope.objects.filter(attached_to__isnull=False).values_list("attached_to", flat=True)
    return [number for number in found if number]

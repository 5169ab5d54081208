"""What people say about a document: its title, tags, owner and review date, and the days on which a version is valid.

A version's content never changes; what is said about it may be corrected, and every correction leaves a line.
"""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Final

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as_system, may_write_document
from kb.changes import record
from kb.errors import DocumentError
from kb.generations import answering
from kb.indexing import index_terms, store_vectors
from kb.models import WORKING, Document, DocumentVersion, Passage, State
from kb.models_index import PassageVector
from kb.readers import narrow, widen
from kb.tags import tidy_tags
from kb.versions import switch_current

LONGEST_TITLE = 500
PASSAGES_AT_ONCE = 64
RETITLING_LOCK = 7215309


class Keep(Enum):
    """Stands for "as it is" where None says "nobody" or "no day"."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


def describe(
    document: Document,
    *,
    by: Person,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    owner: Person | str | Keep | None = KEEP,
    review_on: date | Keep | None = KEEP,
    readers: Sequence[Group | str] | Keep | None = KEEP,
) -> None:
    """Change what is said about a document, all or nothing; what is not given stays.

    Args:
        title: from then on the document's title, whatever its files call themselves. Search knows it within seconds.
        owner: a person or a user name; None or "" for nobody.
        review_on: the day from which somebody should look whether it is still right; None for never.
        readers: the only groups that may read it; None for all who may read its collection.

    Raises:
        DocumentError: not_allowed, not_found, title_missing, title_too_long, bad_tags, unknown_person, unknown_group,
            would_lose_access.
    """
    _check_may_write(by, document)
    with acting_as_system():
        locked = _locked(document.pk)
        if title is not None:
            title = _checked_title(title)
            if record(locked, by, "title", locked.title, title):
                locked.retitled = True
            locked.title, locked.title_is_given = title, True
        if tags is not None:
            tags = tidy_tags(tags)
            record(locked, by, "tags", locked.tags, tags)
            locked.tags = tags
        if owner is not KEEP:
            person = _person(owner)
            record(locked, by, "owner", _name(locked.owner), _name(person))
            locked.owner = person
        if review_on is not KEEP:
            record(locked, by, "review_on", locked.review_on, review_on)
            locked.review_on = review_on
        locked.save()
        if readers is None:
            widen(document, by=by)
        elif readers is not KEEP:
            narrow(document, readers, by=by)
    for field in ("title", "title_is_given", "tags", "owner", "review_on"):
        setattr(document, field, getattr(locked, field))


def date_version(
    version: DocumentVersion, *, by: Person, effective_from: date | None, effective_to: date | None
) -> DocumentVersion:
    """Correct the days on which a version is valid: first and last, None where there is no limit.

    The version that is valid today answers as soon as this returns.

    Raises:
        DocumentError: not_allowed, not_found, dates_reversed.
    """
    _check_may_write(by, version.document)
    if effective_from and effective_to and effective_to < effective_from:
        raise DocumentError("dates_reversed")
    with acting_as_system():
        document = _locked(version.document_id)
        found = document.versions.filter(pk=version.pk).first()
        if found is None:
            raise DocumentError("not_found")
        record(document, by, "effective_from", found.effective_from, effective_from, found)
        record(document, by, "effective_to", found.effective_to, effective_to, found)
        found.effective_from, found.effective_to = effective_from, effective_to
        found.save(update_fields=["effective_from", "effective_to"])
        switch_current(document)
        document.save(update_fields=["current_version", "updated_at"])
    return found


def review_due(today: date | None = None) -> Q:
    """The condition that the day on which a document should be looked at again has come."""
    return Q(review_on__lte=today or timezone.localdate())


def index_new_titles() -> int:
    """Bring new titles into the index entries of their documents; return how many documents are done.

    Both methods count a title, so searches know the new one from here on. Raises llm.errors.ModelError.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [RETITLING_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            with acting_as_system():
                waiting = list(Document.objects.filter(retitled=True).order_by("pk").values_list("pk", "title"))
            return sum(_index_new_title(pk, title) for pk, title in waiting)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [RETITLING_LOCK])


def _index_new_title(pk: int, title: str) -> bool:
    """False where a version is still at work: it may have been given the old title."""
    with acting_as_system():
        versions = DocumentVersion.objects.filter(document=pk)
        if versions.filter(state__in=WORKING).exists():
            return False
        ready = list(versions.filter(state=State.READY).order_by("-number").values_list("pk", flat=True))
    for version in ready:
        index_terms(version, title=title)
        _embed_again(version, title)
    with acting_as_system():
        return bool(Document.objects.filter(pk=pk, title=title).update(retitled=False))


def _embed_again(version: int, title: str) -> None:
    from kb.embedding import embed_documents, passage_text

    if (serving := answering()) is None:
        return
    with acting_as_system():
        # Those of models that do not answer are made again in the background.
        others = PassageVector.objects.filter(version_id=version).exclude(generation=serving.generation)
        others._raw_delete(others.db)
    after = -1
    while True:
        with acting_as_system():
            found = Passage.objects.filter(version=version, ordinal__gt=after).order_by("ordinal")
            passages = list(found[:PASSAGES_AT_ONCE])
        if not passages:
            return
        vectors = embed_documents([passage_text(passage, title) for passage in passages])
        store_vectors(version, passages, vectors)
        after = passages[-1].ordinal


def _check_may_write(by: Person, document: Document) -> None:
    if not may_write_document(by, document):
        raise DocumentError("not_allowed")


def _locked(pk: int) -> Document:
    found = Document.objects.select_for_update(no_key=True, of=("self",)).select_related("owner").filter(pk=pk).first()
    if found is None:
        raise DocumentError("not_found")
    return found


def _checked_title(title: str) -> str:
    title = " ".join(title.replace("\0", "").split())
    if not title:
        raise DocumentError("title_missing")
    if len(title) > LONGEST_TITLE:
        raise DocumentError("title_too_long")
    return title


def _person(owner: Person | str | None) -> Person | None:
    if owner is None or isinstance(owner, Person):
        return owner
    name = owner.strip().replace("\0", "")
    found = Person.objects.filter(username=name, is_active=True).first() if name else None
    if name and found is None:
        raise DocumentError("unknown_person", name=name)
    return found


def _name(person: Person | None) -> str:
    return person.username if person else ""

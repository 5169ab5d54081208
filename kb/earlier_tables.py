"""Tables of versions that were read before tables were kept: their files are read once more, one version at a time.

A version is marked when it is done, so whoever goes on later goes on with the rest. What was made of one that broke off
is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import QuerySet

from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.models import DocumentVersion, Page, State
from kb.models_tables import DocumentTable
from kb.parsing import ParsedFile, ParseError, parse_file
from kb.storage import BlobMissing, storage
from kb.tables import store_tables
from kb.tabular import tables
from kb.uploads import limits

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A version that was looked at. `tables` is None where its file is gone, unreadable, or read differently now."""

    version: int
    filename: str
    tables: int | None


def waiting() -> int:
    """How many versions are to be read once more."""
    with acting_as_system():
        return _waiting().count()


def make_tables() -> Iterator[Read]:
    """Make what is missing, the newest versions first, giving each as it is done."""
    with acting_as_system():
        numbers = list(_waiting().order_by("-pk").values_list("pk", flat=True))
    for number in numbers:
        with acting_as_system():
            version = DocumentVersion.objects.filter(pk=number).first()
        if version is not None:
            yield Read(version.pk, version.filename, _made(version))


def _waiting() -> QuerySet[DocumentVersion]:
    return DocumentVersion.objects.filter(state=State.READY, tables_read=False)


def _made(version: DocumentVersion) -> int | None:
    """How many tables the version has now."""
    with acting_as_system():
        DocumentTable.objects.filter(version=version.pk).delete()
    made: int | None = None
    try:
        with (
            storage().local_path(version.sha256) as path,
            parse_file(path, version.filename, limits(), lambda *_progress: None, lambda: False) as parsed,
        ):
            # Rows say where they stand in the version's text, so it has to be the very text.
            if _says_the_same(version, parsed):
                store_tables(tables(parsed.parts(), parsed.media_type), lambda: _writing(version.pk))
                with acting_as_system():
                    made = DocumentTable.objects.filter(version=version.pk).count()
    except (BlobMissing, ParseError, DocumentError) as error:
        logger.warning("Version %s cannot be read once more: %s", version.pk, error)
    with acting_as_system():
        DocumentVersion.objects.filter(pk=version.pk).update(tables_read=True)
    return made


def _says_the_same(version: DocumentVersion, parsed: ParsedFile) -> bool:
    with acting_as_system():
        pages = Page.objects.filter(version=version.pk).order_by("ordinal")
        kept = pages.values_list("text", flat=True).iterator(chunk_size=50)
        return all(part is not None and part[0].text == text for text, part in zip_longest(kept, parsed.parts()))


@contextmanager
def _writing(pk: int) -> Iterator[DocumentVersion]:
    with acting_as_system():
        yield DocumentVersion.objects.select_for_update(no_key=True).get(pk=pk)

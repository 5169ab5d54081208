"""The documents that a run may read, and their passages as sources. For the tools that go to documents directly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from agents.deps import Deps
from agents.sources import Shown
from agents.tools import ToolError
from kb.access import current_actor, documents_for
from kb.errors import DocumentError
from kb.filters import DocumentType, Filters, Language
from kb.models import Document, DocumentVersion, Passage, State
from kb.tables import TableInfo, tables_at
from kb.versions import valid_on

AS_OF = "Take the versions in force on this day (YYYY-MM-DD) instead of today's."
TAGS = "Only documents with one of these tags."
TYPES = "Only documents of one of these types."
LANGUAGES = "Only documents in one of these languages."
DATED_FROM = "Only versions that are valid from this day (YYYY-MM-DD) or a later one, or were changed since."
DATED_TO = "Only versions that are valid from this day (YYYY-MM-DD) or an earlier one, or were last changed by then."
OTHERS = 12
TABLES = 6
COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage as `Sources.add` takes it."""

    document_id: int
    version_id: int
    title: str
    heading_path: tuple[str, ...]
    page: int | None
    label: str
    start: int
    end: int
    text: str
    context: str
    date: str


def readable(deps: Deps) -> QuerySet[Document]:
    """Inside `acting_as`: the documents in the run's scope."""
    documents = documents_for()
    return documents if deps.collections is None else documents.filter(collection_id__in=deps.collections)


def narrowed(
    tags: Sequence[str] | None,
    types: Sequence[DocumentType] | None,
    languages: Sequence[Language] | None,
    dated_from: date | None,
    dated_to: date | None,
) -> Filters:
    """The filters that a model gives.

    Raises:
        ToolError: when the dates are reversed.
    """
    try:
        return Filters(
            types=types or (),
            languages=languages or (),
            tags=tags or (),
            dated_from=dated_from,
            dated_to=dated_to,
        )
    except DocumentError as error:
        raise ToolError(error.en) from error


def version_of(deps: Deps, number: int, as_of: date | None = None) -> DocumentVersion:
    """Inside `acting_as`: the version of a document that answers on `as_of`, or else on the run's day.

    Raises:
        ToolError: when there is none that the asker may read.
    """
    document = readable(deps).select_related("current_version__document").filter(pk=number).first()
    version = document.current_version if document else None
    if document and (day := as_of or deps.as_of):
        ready = DocumentVersion.objects.select_related("document").filter(document=document, state=State.READY)
        version = ready.filter(valid_on(day)).order_by("-number").first()
    if version is None:
        raise ToolError(f"There is no document {number}. Use the numbers that list_documents or a source gives.")
    return version


def other_versions(deps: Deps, shown: Collection[int]) -> list[dict[str, Any]]:
    """The ready versions of the documents to which the shown versions belong that were not shown, with their days."""
    with deps.acting():
        documents = DocumentVersion.objects.filter(pk__in=shown).values("document")
        others = DocumentVersion.objects.filter(document__in=documents, state=State.READY).exclude(pk__in=shown)
        return [
            days_of(version) for version in others.select_related("document").order_by("document", "number")[:OTHERS]
        ]


def days_of(version: DocumentVersion) -> dict[str, Any]:
    """A version as tools name it: its document, and the days from and to which it is valid, where they are known."""
    return {
        "document": version.document_id,
        "title": version.document.title,
        "valid_from": version.effective_from.isoformat() if version.effective_from else None,
        "valid_to": version.effective_to.isoformat() if version.effective_to else None,
    }


def tables_beneath(deps: Deps, places: Iterable[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """The tables of which places show a part, each a version and a span, as tools tell of them."""
    with deps.acting():
        return [told_table(one) for one in tables_at(places, limit=TABLES)]


def told_table(table: TableInfo) -> dict[str, Any]:
    """A table as tools tell of it: its name in SQL, where it stands, and what its columns hold."""
    return {
        "table": table.name,
        "document": table.document,
        "title": table.title,
        "section": table.label,
        "rows": table.rows,
        "columns": {
            column["name"]: " ".join(filter(None, (column["type"], column.get("unit"))))
            for column in table.columns[:COLUMNS]
        },
    }


def passages(version: DocumentVersion) -> QuerySet[Passage]:
    """Inside `acting_as`: a version's passages in order."""
    current_actor()
    return Passage.objects.filter(version=version, enabled=True).order_by("ordinal")


def containing(places: Iterable[tuple[int, int]]) -> QuerySet[Passage]:
    """Inside `acting_as`: the passages that hold these places, each a version and a character."""
    current_actor()
    wanted = Q(pk__in=())
    for version, start in places:
        wanted |= Q(version=version, start__lte=start, end__gt=start)
    return (
        Passage.objects.filter(wanted, enabled=True).select_related("version__document").order_by("version", "ordinal")
    )


def pieces(found: Iterable[Passage], version: DocumentVersion | None = None) -> list[Piece]:
    """Passages as values that outlive the transaction."""
    return [_piece(passage, version or passage.version) for passage in found]


def _piece(passage: Passage, version: DocumentVersion) -> Piece:
    return Piece(
        document_id=passage.document_id,
        version_id=version.pk,
        title=version.document.title,
        heading_path=tuple(passage.heading_path),
        page=passage.page_from,
        label=passage.label,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        context=passage.context,
        date=day_of(version).isoformat(),
    )


def day_of(version: DocumentVersion) -> date:
    """The day shown with a version: from when it is valid, else when it was added."""
    return version.effective_from or version.created_at.date()


def show(deps: Deps, found: Iterable[Piece]) -> list[Shown]:
    """Number passages as sources of the run."""
    return [deps.sources.add(piece, piece.date) for piece in found]

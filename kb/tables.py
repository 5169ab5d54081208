"""The tables of versions: keeping them, and what there is of them. See `kb.sql` for asking them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from kb.access import current_actor
from kb.models import DocumentVersion, State
from kb.models_tables import DocumentTable, TableRows
from kb.tabular import Batch
from kb.versions import valid_on

SEEN = 200
"""So many tables are listed at most."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as it is told to those who ask it: `name` is what SQL calls it."""

    name: str
    document: int
    version: int
    title: str
    label: str
    page: int | None
    columns: tuple[dict[str, Any], ...]
    rows: int


class TableWriter:
    """Keeps tables as their batches come, and remembers which are still open."""

    def __init__(self) -> None:
        self._open: dict[int, DocumentTable] = {}

    def write(self, batches: Iterable[tuple[DocumentVersion, Batch]]) -> None:
        """Keep the next batches, in order, each of a version that the transaction around holds."""
        new: list[DocumentTable] = []
        rows: list[TableRows] = []
        ended: list[DocumentTable] = []
        for version, batch in batches:
            table = self._open.get(version.pk)
            if table is None:
                table = self._open[version.pk] = _table(version, batch)
                new.append(table)
            if batch.rows:
                scope = version.scope_id
                rows.append(
                    TableRows(table=table, version_id=version.pk, scope_id=scope, first=batch.first, rows=batch.rows)
                )
            if batch.last:
                del self._open[version.pk]
                table.columns = [column.told() for column in batch.table.columns]
                table.row_count, table.end = batch.table.row_count, batch.table.end
                if table.pk is not None:
                    ended.append(table)
        DocumentTable.objects.bulk_create(new)
        TableRows.objects.bulk_create(rows)
        for table in ended:
            table.save(update_fields=["columns", "row_count", "end"])


def _table(version: DocumentVersion, batch: Batch) -> DocumentTable:
    draft = batch.table
    return DocumentTable(
        version_id=version.pk,
        document_id=version.document_id,
        scope_id=version.scope_id,
        ordinal=draft.ordinal,
        name=draft.name[:200],
        label=draft.label[:200],
        page=draft.page,
        header_start=draft.header_start,
        header_end=draft.header_end,
    )


def store_tables(batches: Iterable[Batch], writing: Callable[[], AbstractContextManager[DocumentVersion]]) -> None:
    """Keep the tables of the version that `writing` locks, a batch to a transaction."""
    writer = TableWriter()
    for batch in batches:
        with writing() as version:
            writer.write([(version, batch)])


def answering(as_of: date | None = None, collections: Collection[int] | None = None) -> QuerySet[DocumentTable]:
    """Inside `acting_as`: the tables of the versions that answer today or on another day, of these collections."""
    current_actor()
    found = DocumentTable.objects.select_related("version__document")
    if as_of is None:
        found = found.filter(version=F("document__current_version"))
    else:
        later = DocumentVersion.objects.filter(valid_on(as_of), state=State.READY).order_by("document_id", "-number")
        found = found.filter(version__in=later.distinct("document_id").values("pk"))
    return found if collections is None else found.filter(document__collection__in=list(collections))


def list_tables(
    *,
    document: int | None = None,
    words: str = "",
    as_of: date | None = None,
    collections: Collection[int] | None = None,
    limit: int = SEEN,
) -> list[TableInfo]:
    """Inside `acting_as`: the tables that can be asked, of one document or all, whose names or columns have words."""
    found = answering(as_of, collections)
    if document is not None:
        found = found.filter(document=document)
    for word in words.split():
        found = found.filter(
            Q(document__title__icontains=word)
            | Q(name__icontains=word)
            | Q(label__icontains=word)
            | Q(columns__icontains=word)
        )
    return infos(found.order_by("document__title", "document", "ordinal")[:limit])


def tables_at(places: Iterable[tuple[int, int, int]], limit: int) -> list[TableInfo]:
    """Inside `acting_as`: the tables of which places (a version and a span each) are a part, in the order of places."""
    current_actor()
    spans = list(places)
    touching = Q(pk__in=())
    for version, start, end in spans:
        touching |= Q(version=version, header_start__lt=end, end__gt=start)
    found = list(DocumentTable.objects.select_related("version__document").filter(touching))
    chosen = {
        table.pk: table
        for version, start, end in spans
        for table in found
        if table.version_id == version and table.header_start < end and start < table.end
    }
    return infos(list(chosen.values())[:limit])


def infos(found: Iterable[DocumentTable]) -> list[TableInfo]:
    """Tables as values."""
    return [
        TableInfo(
            name=f"t{table.pk}",
            document=table.document_id,
            version=table.version_id,
            title=table.version.document.title,
            label=table.label or table.name,
            page=table.page,
            columns=tuple(table.columns),
            rows=table.row_count,
        )
        for table in found
    ]


def header_spans(version_id: int, start: int, end: int) -> list[tuple[int, int, int]]:
    """Inside `acting_as`: for the tables of which a stretch of a version's text shows a part, where the header row
    begins and ends and where the table ends."""
    current_actor()
    found = DocumentTable.objects.filter(version=version_id, header_start__lt=end, end__gt=start)
    return list(found.order_by("ordinal").values_list("header_start", "header_end", "end"))


def row_places(table: int, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Inside `acting_as`: where rows of a table stand in its version's text, by their numbers."""
    current_actor()
    wanted = sorted(set(numbers))
    found: dict[int, tuple[int, int]] = {}
    while wanted:
        batch = TableRows.objects.filter(table=table, first__lte=wanted[0]).order_by("-first").first()
        if batch is None:
            break
        end = batch.first + len(batch.rows)
        inside = [number for number in wanted if batch.first <= number < end]
        for number in inside:
            start, stop = batch.rows[number - batch.first][:2]
            found[number] = (start, stop)
        if not inside:
            break
        wanted = [number for number in wanted if number >= end]
    return found

"""Seeing what documents there are."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from pydantic import Field

from agents.deps import Deps
from agents.threads import in_thread
from agents.tools import Result
from agents.tools.search_knowledge import collection_ids
from agents.tools.shelf import AS_OF, DATED_FROM, DATED_TO, LANGUAGES, TAGS, TYPES, narrowed, readable
from kb.filters import DocumentType, Filters, Language
from kb.models import DocumentVersion, State
from kb.versions import in_force_on

LISTED = 60


async def list_documents(
    deps: Deps,
    query: Annotated[str | None, Field(max_length=200, description="Words that the title has.")] = None,
    collection: Annotated[str | None, Field(description="The name of a collection.")] = None,
    as_of: Annotated[date | None, Field(description=AS_OF)] = None,
    tags: Annotated[list[str] | None, Field(description=TAGS)] = None,
    types: Annotated[list[DocumentType] | None, Field(description=TYPES)] = None,
    languages: Annotated[list[Language] | None, Field(description=LANGUAGES)] = None,
    dated_from: Annotated[date | None, Field(description=DATED_FROM)] = None,
    dated_to: Annotated[date | None, Field(description=DATED_TO)] = None,
) -> Result:
    """List the documents there are, with numbers, titles and dates: to count, to compare, or to choose what to read.

    `total` counts all of them, also where the list is shortened."""
    filters = narrowed(tags, types, languages, dated_from, dated_to)
    total, documents = await in_thread(_list, deps, query, collection, as_of or deps.as_of, filters)
    return Result({"total": total, "documents": documents}, [], query or collection or "", total)


def _list(
    deps: Deps, query: str | None, collection: str | None, day: date | None, filters: Filters
) -> tuple[int, list[dict[str, Any]]]:
    scope = collection_ids(deps, [collection]) if collection else None
    with deps.acting():
        rows = filters.of(_answering(deps, day))
        if scope is not None:
            rows = rows.filter(document__collection_id__in=scope)
        for word in (query or "").split():
            rows = rows.filter(document__title__icontains=word)
        return rows.count(), [
            {
                "document": version.document_id,
                "title": version.document.title,
                "collection": version.document.collection.name,
                "tags": version.document.tags,
                "pages": version.page_count,
                "effective_from": version.effective_from.isoformat() if version.effective_from else None,
                "versions": version.ready_versions,
            }
            for version in rows.select_related("document__collection")
            .annotate(ready_versions=Coalesce(Subquery(_ready_versions()), 0))
            .order_by("document__title", "document")[:LISTED]
        ]


def _answering(deps: Deps, day: date | None) -> QuerySet[DocumentVersion]:
    """The versions in the run's scope that answer today, or on another day."""
    is_answering = Q(document__current_version=F("pk")) if day is None else Q(pk=in_force_on(day, "document"))
    return DocumentVersion.objects.filter(is_answering, document__in=readable(deps))


def _ready_versions() -> QuerySet[Any]:
    """How many versions of the outer version's document can be read."""
    ready = DocumentVersion.objects.filter(document=OuterRef("document"), state=State.READY).order_by()
    return ready.values("document").annotate(count=Count("pk")).values("count")

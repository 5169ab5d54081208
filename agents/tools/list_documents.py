"""Seeing what documents there are."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Count, Q
from pydantic import Field

from agents.deps import Deps
from agents.threads import in_thread
from agents.tools import Result
from agents.tools.search_knowledge import collection_ids
from agents.tools.shelf import readable
from kb.access import acting_as
from kb.models import State

LISTED = 60


async def list_documents(
    deps: Deps,
    query: Annotated[str | None, Field(max_length=200, description="Words that the title has.")] = None,
    collection: Annotated[str | None, Field(description="The name of a collection.")] = None,
) -> Result:
    """List the documents there are, with numbers, titles and dates: to count, to compare, or to choose what to read.

    `total` counts all of them, also where the list is shortened."""
    total, documents = await in_thread(_list, deps, query, collection)
    return Result({"total": total, "documents": documents}, [], query or collection or "", total)


def _list(deps: Deps, query: str | None, collection: str | None) -> tuple[int, list[dict[str, Any]]]:
    scope = collection_ids(deps, [collection]) if collection else None
    with acting_as(deps.person):
        documents = readable(deps).filter(current_version__isnull=False)
        if scope is not None:
            documents = documents.filter(collection_id__in=scope)
        for word in (query or "").split():
            documents = documents.filter(title__icontains=word)
        ready = Count("versions", filter=Q(versions__state=State.READY))
        rows = documents.select_related("collection", "current_version").order_by("title", "pk")
        rows = rows.annotate(ready_versions=ready)
        return rows.count(), [
            {
                "document": document.pk,
                "title": document.title,
                "collection": document.collection.name,
                "pages": version.page_count,
                "effective_from": version.effective_from.isoformat() if version.effective_from else None,
                "versions": document.ready_versions,
            }
            for document in rows[:LISTED]
            if (version := document.current_version)
        ]

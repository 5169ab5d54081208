"""Searching again, with the model's own words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from agents.deps import Deps
from agents.evidence import hits, show
from agents.threads import in_thread
from agents.tools import Result, ToolError
from agents.tools.shelf import (
    AS_OF,
    DATED_FROM,
    DATED_TO,
    LANGUAGES,
    TAGS,
    TYPES,
    narrowed,
    other_versions,
    tables_beneath,
)
from kb.access import collections_for
from kb.filters import DocumentType, Language

NAMED = 40


async def search_knowledge(
    deps: Deps,
    query: Annotated[str, Field(min_length=1, max_length=1000, description="What to look for, in a few words.")],
    collections: Annotated[list[str] | None, Field(description="Names of collections; all if empty.")] = None,
    limit: Annotated[int, Field(ge=1, le=20, description="How many passages.")] = 8,
    as_of: Annotated[date | None, Field(description=AS_OF)] = None,
    tags: Annotated[list[str] | None, Field(description=TAGS)] = None,
    types: Annotated[list[DocumentType] | None, Field(description=TYPES)] = None,
    languages: Annotated[list[Language] | None, Field(description=LANGUAGES)] = None,
    dated_from: Annotated[date | None, Field(description=DATED_FROM)] = None,
    dated_to: Annotated[date | None, Field(description=DATED_TO)] = None,
) -> Result:
    """Search the company's documents by meaning and by words. Gives passages with source numbers to cite.

    Use other words than before when something was not found. Only the versions in force are searched; where found
    documents have others, `other_versions` names them with their days, and `as_of` searches those. `tables` names the
    tables that the passages are a part of, for `query_tables`."""
    scope = await in_thread(collection_ids, deps, collections) if collections else deps.collections
    filters = narrowed(tags, types, languages, dated_from, dated_to)
    found = await in_thread(hits, deps, query, limit=limit, collections=scope, as_of=as_of, filters=filters)
    shown = show(deps, found)
    titles = list(dict.fromkeys(one.source.title for one in shown))
    data: dict[str, Any] = {}
    if not shown:
        data = {
            "passages": [],
            "note": f"Nothing was found. Try other words{', fewer filters' if filters.any else ''}, or list_documents.",
        }
    elif others := await in_thread(other_versions, deps, {hit.version_id for hit in found}):
        data = {"other_versions": others}
    if tables := await in_thread(tables_beneath, deps, [(hit.version_id, hit.start, hit.end) for hit in found]):
        data["tables"] = tables
    return Result(data, shown, "; ".join(titles)[:300], len(shown))


def collection_ids(deps: Deps, names: Sequence[str]) -> list[int]:
    """The collections of these names, of those that the run may search.

    Raises:
        ToolError: when there is none of a name; it names those that there are.
    """
    with deps.acting():
        readable = collections_for()
        if deps.collections is not None:
            readable = readable.filter(pk__in=deps.collections)
        by_name = {collection.name.casefold(): collection for collection in readable}
    missing = [name for name in names if name.casefold() not in by_name]
    if missing:
        there = ", ".join(sorted(collection.name for collection in by_name.values())[:NAMED]) or "none"
        raise ToolError(f"There is no collection {missing[0]!r}. There are: {there}.")
    return [by_name[name.casefold()].pk for name in names]

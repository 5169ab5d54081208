"""Searching again, with the model's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from agents.deps import Deps
from agents.evidence import hits, show
from agents.threads import in_thread
from agents.tools import Result, ToolError
from kb.access import acting_as, collections_for

NAMED = 40


async def search_knowledge(
    deps: Deps,
    query: Annotated[str, Field(min_length=1, max_length=1000, description="What to look for, in a few words.")],
    collections: Annotated[list[str] | None, Field(description="Names of collections; all if empty.")] = None,
    limit: Annotated[int, Field(ge=1, le=20, description="How many passages.")] = 8,
) -> Result:
    """Search the company's documents by meaning and by words. Gives passages with source numbers to cite.

    Use other words than before when something was not found."""
    scope = await in_thread(collection_ids, deps, collections) if collections else deps.collections
    shown = show(deps, await in_thread(hits, deps, query, limit=limit, collections=scope))
    titles = list(dict.fromkeys(one.source.title for one in shown))
    data = {} if shown else {"passages": [], "note": "Nothing was found. Try other words, or list_documents."}
    return Result(data, shown, "; ".join(titles)[:300], len(shown))


def collection_ids(deps: Deps, names: Sequence[str]) -> list[int]:
    """The collections of these names, of those that the run may search.

    Raises:
        ToolError: when there is none of a name; it names those that there are.
    """
    with acting_as(deps.person):
        readable = collections_for()
        if deps.collections is not None:
            readable = readable.filter(pk__in=deps.collections)
        by_name = {collection.name.casefold(): collection for collection in readable}
    missing = [name for name in names if name.casefold() not in by_name]
    if missing:
        there = ", ".join(sorted(collection.name for collection in by_name.values())[:NAMED]) or "none"
        raise ToolError(f"There is no collection {missing[0]!r}. There are: {there}.")
    return [by_name[name.casefold()].pk for name in names]

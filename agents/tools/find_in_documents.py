"""Finding exact wording."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from agents.deps import Deps
from agents.threads import in_thread
from agents.tools import Result, ToolError
from agents.tools.shelf import AS_OF, Piece, containing, pieces, readable, show, version_of
from kb.errors import DocumentError
from kb.reading import find_exact

MATCHES = 50
PASSAGES = 10


async def find_in_documents(
    deps: Deps,
    text: Annotated[str, Field(min_length=2, max_length=200, description="The exact words, code, name or number.")],
    document: Annotated[int | None, Field(description="Only in this document.")] = None,
    as_of: Annotated[date | None, Field(description=AS_OF)] = None,
) -> Result:
    """Find the places that say exactly this, whatever its case: codes, names, numbers, defined terms.

    Gives how many matches there are (counted up to 50) and the passages that hold the first of them."""
    matches, found = await in_thread(_find, deps, text, document, as_of or deps.as_of)
    return Result({"matches": matches} | ({} if found else {"passages": []}), show(deps, found), text, matches)


def _find(deps: Deps, text: str, document: int | None, day: date | None) -> tuple[int, list[Piece]]:
    with deps.acting():
        scope: list[int] | None = None
        if document is not None:
            scope = [version_of(deps, document, day).document_id]
        elif deps.collections is not None:
            scope = list(readable(deps).values_list("pk", flat=True))
        try:
            matches = find_exact(text, documents=scope, limit=MATCHES, as_of=day)
        except DocumentError as error:
            raise ToolError(error.en) from error
        holding = containing([(match.version, match.start) for match in matches])[:PASSAGES]
        return len(matches), pieces(holding)

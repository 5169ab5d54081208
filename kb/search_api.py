"""Search over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.api import ASKING, asker
from kb.api import Id, Line
from kb.filters import DocumentType, Filters, Language
from kb.search import Hit, search_as

router = Router(tags=["knowledge"])


class SearchIn(Schema):
    query: Annotated[Line, Field(min_length=1, max_length=2000)]
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    collections: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Look in these only; in all that you may read otherwise."
    )
    documents: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    types: Annotated[list[DocumentType], Field(min_length=1)] | None = Field(
        default=None, description="Documents of these types only."
    )
    languages: Annotated[list[Language], Field(min_length=1)] | None = Field(
        default=None, description="Documents written mainly in one of these."
    )
    tags: Annotated[list[Line], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Documents that carry at least one of these."
    )
    dated_from: date | None = Field(
        default=None,
        description="Not older than this day: that from which a version is valid, or else the document's last change.",
    )
    dated_to: date | None = Field(default=None, description="Not newer than this day.")
    as_of: date | None = Field(default=None, description="What was valid on this day; today otherwise.")
    method: Literal["fused", "lexical", "dense"] = Field(
        default="fused", description="By words and by meaning, by words alone, or by meaning alone."
    )


class HitOut(Schema):
    document: int
    version: int
    passage: int
    collection: int
    title: str
    section: list[str]
    page: int | None
    start: int
    end: int
    text: str
    score: float
    also_in: list[int] = Field(description="Other documents in which the same text stands.")
    why: dict[str, Any]


class SearchOut(Schema):
    hits: list[HitOut]
    degraded: bool = Field(description="Meaning could not be compared just now, so only words counted.")


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "document": hit.document_id,
        "version": hit.version_id,
        "passage": hit.passage_id,
        "collection": hit.collection_id,
        "title": hit.title,
        "section": list(hit.heading_path),
        "page": hit.page,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "also_in": list(hit.also_in),
        "why": {name: getattr(hit.why, name) for name in hit.why.__slots__},
    }


@router.post("/search", response=SearchOut, auth=ASKING, summary="The passages that fit a question best")
def search(request: HttpRequest, body: SearchIn) -> dict[str, Any]:
    filters = Filters(
        types=body.types or (),
        languages=body.languages or (),
        tags=body.tags or (),
        dated_from=body.dated_from,
        dated_to=body.dated_to,
    )
    hits = search_as(
        asker(request),
        body.query,
        limit=body.limit,
        collections=body.collections,
        documents=body.documents,
        filters=filters,
        as_of=body.as_of,
        method=body.method,
    )
    return {"hits": [_hit(hit) for hit in hits], "degraded": hits.degraded}

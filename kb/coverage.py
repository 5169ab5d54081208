"""Every document that a person may read, a few at a time, and of each the passages that come closest to a question.

Searches find the best passages of all; whoever has to check *every* document walks through them here instead. A walk
goes by the documents' numbers, so it can be broken off and taken up anywhere, and holds one batch in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np
import orjson
from django.db import connection
from django.db.models import Exists, Max, OuterRef
from numpy.typing import NDArray

from kb.access import documents_for
from kb.candidates import K1, B, Ground, Wanted, survey
from kb.generations import answering
from kb.matching import folded
from kb.models import DocumentVersion, State
from kb.models_index import EmbeddingGeneration
from kb.versions import in_force_on

Trouble = Literal["", "failed", "not_ready", "no_text", "not_in_force"]
BY_WORDS, BY_MEANING = 3, 2
"""Passages of one document that are taken by each measure."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many documents a walk comes by, the number of the last one, and how many are not in force on its day."""

    total: int
    until: int
    not_in_force: int


@dataclass(frozen=True, slots=True)
class Close:
    """A passage that comes close to the question."""

    start: int
    end: int
    text: str
    context: str
    section: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Covered:
    """One document of the walk. `trouble` says why it cannot be checked, if it cannot."""

    document: int
    version: int
    title: str
    filename: str
    collection: str
    tags: tuple[str, ...]
    date: str
    trouble: Trouble = ""
    passages: tuple[Close, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: the question's words with their weights, its vector, wording that counts when it is there."""

    ground: Ground
    generation: EmbeddingGeneration | None
    vector: NDArray[np.float32] | None
    wording: tuple[str, ...] = field(default=())


def extent(day: date, collections: Sequence[int] | None = None) -> Extent:
    """Inside `acting_as`: what a walk on `day` comes by."""
    documents = _documents(day, collections)
    dated_out = documents.filter(version_id=None, has_ready=True).count()
    counted = documents.aggregate(until=Max("pk"))
    return Extent(documents.count() - dated_out, counted["until"] or 0, dated_out)


def sought(
    question: str,
    day: date,
    vector: NDArray[np.float32] | None,
    wording: Sequence[str] = (),
    *,
    collections: Sequence[int] | None = None,
) -> Sought:
    """Inside `acting_as`: what a walk for `question` looks for. `vector` is the question's, if there is one."""
    serving = answering()
    generation = serving.generation if serving else None
    if vector is None or generation is None or generation.dimensions != len(vector):
        generation = vector = None
    ground = survey(question, Wanted(day, collections), generation)
    return Sought(ground, generation, vector, tuple(text for one in wording if len(text := folded(one)) > 1))


def covered(
    looked_for: Sought, day: date, after: int, until: int, size: int, collections: Sequence[int] | None = None
) -> list[Covered]:
    """Inside `acting_as`: the next `size` documents with numbers above `after`, at most `until`, each with passages.

    Those that are not in force on `day` are among them, with their trouble, so that the walk goes on by numbers.
    """
    rows = list(
        _documents(day, collections)
        .filter(pk__gt=after, pk__lte=until)
        .order_by("pk")
        .values("pk", "title", "filename", "collection__name", "tags", "version_id", "has_ready", "is_working")[:size]
    )
    versions = {row["version_id"] for row in rows if row["version_id"]}
    days = {
        version.pk: version.effective_from or version.created_at.date()
        for version in DocumentVersion.objects.filter(pk__in=versions).only("effective_from", "created_at")
    }
    passages = _closest(looked_for, list(days))
    return [_covered(row, days, passages) for row in rows]


def still_readable(versions: Sequence[int]) -> set[int]:
    """Inside `acting_as`: those of the versions that the person may read."""
    return set(DocumentVersion.objects.filter(pk__in=list(versions)).values_list("pk", flat=True))


def _documents(day: date, collections: Sequence[int] | None) -> Any:
    """A queryset of documents, each with the version in force on `day`, if there is one, and what else there is."""
    versions = DocumentVersion.objects.filter(document=OuterRef("pk"))
    ready = versions.filter(state=State.READY)
    working = versions.filter(state__in=[State.QUEUED, State.PARSING, State.EMBEDDING, State.INDEXING])
    documents = documents_for().annotate(
        version_id=in_force_on(day),
        has_ready=Exists(ready),
        is_working=Exists(working),
    )
    return documents if collections is None else documents.filter(collection_id__in=list(collections))


def _covered(row: Mapping[str, Any], days: Mapping[int, date], passages: Mapping[int, list[Close]]) -> Covered:
    version = row["version_id"]
    found = tuple(passages.get(version, ()))
    trouble: Trouble = ""
    if version is None:
        trouble = "not_in_force" if row["has_ready"] else "not_ready" if row["is_working"] else "failed"
    elif not found:
        trouble = "no_text"
    return Covered(
        document=row["pk"],
        version=version or 0,
        title=row["title"],
        filename=row["filename"],
        collection=row["collection__name"],
        tags=tuple(row["tags"]),
        date=days[version].isoformat() if version in days else "",
        trouble=trouble,
        passages=found,
    )


# Every passage of a few versions gets both measures: they are few enough, and nothing is left to an index's guess.
_CLOSEST = """
with lexical as (
    select p.passage_id, sum(q.idf * p.frequency * %(gain)s::float8
        / (p.frequency + %(floor)s::float8 + %(slope)s::float8 * p.length)) as score
    from unnest(%(terms)s::bigint[], %(idfs)s::float8[]) as q (term, idf)
    join kb_posting p on p.term = q.term
    where p.scope_id = any(%(scopes)s::bigint[]) and p.version_id = any(%(versions)s::bigint[])
    group by p.passage_id
), ranked as (
    select p.id, row_number() over (
            partition by p.version_id order by {wording} coalesce(l.score, 0) desc, p.ordinal
        ) as by_words, row_number() over (partition by p.version_id order by {distance} p.ordinal) as by_meaning
    from kb_passage p left join lexical l on l.passage_id = p.id {vectors}
    where p.version_id = any(%(versions)s::bigint[]) and p.enabled
)
select p.version_id, p.start, p."end", p.text, p.context, p.heading_path, p.label, p.page_from
from ranked join kb_passage p on p.id = ranked.id
where ranked.by_words <= %(words)s or ranked.by_meaning <= %(meaning)s
order by p.version_id, least(ranked.by_words, %(words)s), ranked.by_meaning
"""
_WORDING = """(
    select count(*) from unnest(%(wording)s::text[]) as w (text)
    where strpos(regexp_replace(lower(normalize(p.text, NFKC)), '\\s+', '', 'g'), w.text) > 0
) desc,"""
_VECTORS = "left join kb_passagevector v on v.generation_id = %(generation)s and v.passage_id = p.id"


def _closest(looked_for: Sought, versions: list[int]) -> dict[int, list[Close]]:
    """The passages of each version that come closest, best first."""
    ground, generation, vector = looked_for.ground, looked_for.generation, looked_for.vector
    parameters: dict[str, Any] = {
        "gain": K1 + 1,
        "floor": K1 * (1 - B),
        "slope": K1 * B / ground.average_length,
        "terms": [term.key for term in ground.terms],
        "idfs": [term.idf for term in ground.terms],
        "scopes": ground.scopes,
        "versions": versions,
        "wording": list(looked_for.wording),
        "words": BY_WORDS,
        "meaning": BY_MEANING,
    }
    distance = ""
    if generation is not None and vector is not None:
        parameters |= {"generation": generation.pk, "vector": orjson.dumps(vector.tolist()).decode()}
        distance = "v.embedding <=> %(vector)s::halfvec,"
    statement = _CLOSEST.format(
        wording=_WORDING if looked_for.wording else "", distance=distance, vectors=_VECTORS if distance else ""
    )
    found: dict[int, list[Close]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for version, start, end, text, context, headings, label, page in cursor.fetchall():
            section = " > ".join(headings) or label
            found.setdefault(version, []).append(Close(start, end, text, context, section, page))
    return found

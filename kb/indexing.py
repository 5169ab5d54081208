"""Passages into the index and out of it: postings for BM25, vectors by embedding model, and the totals of both.

Everything here may run twice: entries of a passage replace those it had. Nothing is found before its version is ready
and counts on the day asked for, however much of it stands in the index already.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
import orjson
from django.db import connection
from numpy.typing import NDArray

from kb.access import acting_as_system
from kb.generations import (
    activate,
    active_generation,
    answering,
    ensure_generation,
    generation_for_writing,
)
from kb.lexical import term_key, terms, weighted_terms
from kb.models import DocumentVersion, Passage
from kb.models_index import EmbeddingGeneration, IndexedVersion, PassageVector
from kb.statements import array_text

__all__ = [
    "Entry",
    "Tally",
    "activate",
    "active_generation",
    "counted",
    "ensure_generation",
    "entries_of",
    "entry_of",
    "fold_statistics",
    "index_terms",
    "index_version",
    "index_whole_versions",
    "passages_without_vectors",
    "remove_version",
    "remove_versions",
    "rescope",
    "set_scope",
    "store_vectors",
    "write_part",
    "write_total",
    "write_vectors",
    "write_whole_versions",
]

Vectors = NDArray[np.float32]

PASSAGES_AT_ONCE = 64
TITLE_WEIGHT = 2.0
HEADING_WEIGHT = 1.0
CONTEXT_WEIGHT = 1.0
POSTINGS_AT_ONCE = 50_000
FREQUENT = 2000
"""Terms in more passages of a scope than this are counted by `fold_statistics`, others at each question."""
FOLDING_LOCK = 7215307


def index_version(version_id: int, *, embed: Callable[[Sequence[str]], Vectors] | None = None) -> None:
    """Put all passages of a version into the index: terms, and with `embed` (texts → unit vectors) vectors too."""
    index_terms(version_id)
    if embed is None:
        return
    from kb.embedding import passage_text

    with acting_as_system():
        title = DocumentVersion.objects.select_related("document").get(pk=version_id).document.title
    after = -1
    while batch := passages_without_vectors(version_id, after, PASSAGES_AT_ONCE):
        store_vectors(version_id, batch, embed([passage_text(passage, title) for passage in batch]))
        after = batch[-1].ordinal


def index_terms(
    version_id: int,
    *,
    title: str | None = None,
    writing: Callable[[], AbstractContextManager[Any]] = acting_as_system,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Write the postings of a version's passages, a batch per transaction.

    Args:
        title: the document's title, where it is to be another than it is now.
        writing: opens each transaction, as somebody who may write.
        progress: is told after each batch how many passages are done.
    """
    with acting_as_system():
        version = DocumentVersion.objects.select_related("document").get(pk=version_id)
    title = version.document.title if title is None else title
    counted, after = Tally(), -1
    while batch := _passages_after(version_id, after, PASSAGES_AT_ONCE):
        entries = entries_of(batch, title)
        with writing():
            _ensure_indexed([version_id])
            _write_postings(entries)
        counted.add(entries)
        after = batch[-1].ordinal
        progress(after + 1)
        if len(batch) < PASSAGES_AT_ONCE:
            break
    with writing():
        write_total(version_id, counted)


def write_part(version_id: int, entries: "Sequence[Entry]", vectors: Vectors) -> None:
    """Write the terms and vectors of some passages of a version, in one transaction; see `write_total`."""
    generation = generation_for_writing(vectors.shape[1])
    with acting_as_system():
        _ensure_indexed([version_id])
        _write_postings(entries)
        write_vectors(generation, [entry.passage for entry in entries], vectors)


def write_total(version_id: int, counted: "Tally") -> None:
    """Say how much the index holds of a version, once all of it is written."""
    with acting_as_system():
        _ensure_indexed([version_id])
        IndexedVersion.objects.filter(pk=version_id).update(passages=counted.passages, length=counted.length)


def counted(version_id: int) -> "Tally":
    """How much the index holds of a version: its passages that have terms, which count as seen, and their length."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(
            """
            select count(*), coalesce(sum(length), 0)
            from (select distinct passage_id, length from kb_posting where version_id = %s) each_once
            """,
            [version_id],
        )
        passages, length = cursor.fetchone()
    return Tally(passages, passages, int(length))


def passages_without_vectors(version_id: int, after: int = -1, limit: int = PASSAGES_AT_ONCE) -> list[Passage]:
    """The version's next passages, after ordinal `after`, that the answering embedding model has no vectors of."""
    serving = answering()
    with acting_as_system():
        passages = Passage.objects.filter(version=version_id, ordinal__gt=after).order_by("ordinal")
        if serving is not None:
            seen = PassageVector.objects.filter(generation=serving.generation, version_id=version_id)
            passages = passages.exclude(pk__in=seen.values("passage_id"))
        return list(passages[:limit])


def store_vectors(
    version_id: int, passages: Sequence[Passage], vectors: Vectors, generation: EmbeddingGeneration | None = None
) -> None:
    """Write the vectors of some passages of a version, in one transaction.

    Args:
        vectors: unit vectors, shape (len(passages), dimensions), in the order of `passages`.
        generation: whose model made them; by default the one that answers.
    """
    if not passages:
        return
    if generation is None:
        generation = generation_for_writing(vectors.shape[1])
    with acting_as_system():
        _ensure_indexed([version_id])
        write_vectors(generation, passages, vectors)


def index_whole_versions(passages: Sequence[tuple[Passage, str]], vectors: Vectors) -> None:
    """Index many small versions in one transaction, for loading in bulk.

    Args:
        passages: all passages of the versions, each with its document's title.
        vectors: their unit vectors, by the embedding model that answers.
    """
    generation = generation_for_writing(vectors.shape[1])
    write_whole_versions(generation, [entry_of(passage, title) for passage, title in passages], vectors)


def write_whole_versions(generation: EmbeddingGeneration, entries: "Sequence[Entry]", vectors: Vectors) -> None:
    """Write all index entries of some versions in one transaction; `vectors` are those of the entries' passages."""
    totals: dict[int, Tally] = {}
    for entry in entries:
        totals.setdefault(entry.passage.version_id, Tally()).add([entry])
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(
            """
            insert into kb_indexedversion (version_id, scope_id, passages, length)
            select v.id, v.scope_id, given.passages, given.length
            from unnest(%s::bigint[], %s::int[], %s::bigint[]) as given (id, passages, length)
            join kb_documentversion v on v.id = given.id
            on conflict (version_id) do update set passages = excluded.passages, length = excluded.length
            """,
            [list(totals), [each.passages for each in totals.values()], [each.length for each in totals.values()]],
        )
        _write_postings(entries)
        write_vectors(generation, [entry.passage for entry in entries], vectors)


def write_vectors(
    generation: EmbeddingGeneration, passages: Sequence[Passage], vectors: Vectors, *, in_graph: bool = False
) -> None:
    """Write vectors of passages whose versions are in the index already; they replace those that were there.

    Args:
        in_graph: whether they enter the graph at once, which takes many times as long (`kb.graph`).
    """
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(
            """
            insert into kb_passagevector (generation_id, passage_id, version_id, scope_id, embedding, in_graph)
            select %s, p.id, p.version_id, p.scope_id, given.embedding::halfvec, %s
            from unnest(%s::bigint[], %s::text[]) as given (id, embedding)
            join kb_passage p on p.id = given.id
            on conflict (generation_id, passage_id)
            do update
            set embedding = excluded.embedding, scope_id = excluded.scope_id, in_graph = excluded.in_graph
            """,
            [generation.pk, in_graph, [passage.pk for passage in passages], halfvec_texts(vectors)],
        )


def remove_version(version_id: int) -> None:
    """Take a version out of the index."""
    remove_versions([version_id])


def remove_versions(version_ids: Sequence[int]) -> None:
    """Take versions out of the index."""
    with acting_as_system():
        IndexedVersion.objects.filter(pk__in=version_ids).delete()


def set_scope(document_id: int, scope_id: int) -> None:
    """Give the index entries of all of a document's versions to the readers of another scope."""
    with acting_as_system():
        versions = list(DocumentVersion.objects.filter(document=document_id).values_list("pk", flat=True))
        rescope(versions, scope_id)


def rescope(version_ids: Sequence[int], scope_id: int) -> None:
    """Give the index entries of versions to the readers of another scope."""
    with acting_as_system(), connection.cursor() as cursor:
        for table, also in (("kb_indexedversion", ""), ("kb_posting", ""), ("kb_passagevector", ", in_graph = false")):
            cursor.execute(
                f"update {table} set scope_id = %s{also} where version_id = any(%s) and scope_id <> %s",  # noqa: S608
                [scope_id, list(version_ids), scope_id],
            )


def fold_statistics() -> bool:
    """Add up the totals' changes and count the frequent terms anew; False where another process is at it.

    Questions and writers go on meanwhile: what they write during it is a change to be added up next time.
    """
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [FOLDING_LOCK])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(
            """
            with changes as (delete from kb_indextotal returning scope_id, passages, length)
            insert into kb_indextotal (scope_id, passages, length)
            select scope_id, sum(passages), sum(length) from changes group by scope_id having sum(passages) <> 0
            """
        )
        cursor.execute("delete from kb_termfrequency")
        cursor.execute(
            """
            insert into kb_termfrequency (term, scope_id, passages)
            select term, scope_id, count(*) from kb_posting group by term, scope_id having count(*) > %s
            """,
            [FREQUENT],
        )
    return True


def _passages_after(version_id: int, after: int, limit: int) -> list[Passage]:
    with acting_as_system():
        return list(Passage.objects.filter(version=version_id, ordinal__gt=after).order_by("ordinal")[:limit])


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage's terms with their weighted frequencies, and its length in terms."""

    passage: Passage
    weights: dict[str, float]
    length: int


def entry_of(passage: Passage, title: str) -> Entry:
    """What the lexical index keeps of a passage."""
    body = terms(passage.text)
    weights = weighted_terms(
        [
            (body, 1.0),
            (terms(title), TITLE_WEIGHT),
            (terms(" ".join(passage.heading_path)), HEADING_WEIGHT),
            (terms(passage.context), CONTEXT_WEIGHT),
        ]
    )
    return Entry(passage, weights, len(body) if weights else 0)


def entries_of(passages: Sequence[Passage], title: str) -> list[Entry]:
    """What the lexical index keeps of some passages of a document."""
    return [entry_of(passage, title) for passage in passages]


@dataclass(slots=True)
class Tally:
    """How many passages were seen, how many of these have terms, and the length of all in terms."""

    seen: int = 0
    passages: int = 0
    length: int = 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Count entries in."""
        self.seen += len(entries)
        self.passages += sum(1 for entry in entries if entry.weights)
        self.length += sum(entry.length for entry in entries)


def _ensure_indexed(version_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into kb_indexedversion (version_id, scope_id, passages, length)
            select id, scope_id, 0, 0 from kb_documentversion where id = any(%s) on conflict do nothing
            """,
            [list(version_ids)],
        )


def _write_postings(entries: Sequence[Entry]) -> None:
    """Replace the postings of some passages."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from kb_posting where version_id = any(%s) and passage_id = any(%s)",
            [
                list({entry.passage.version_id for entry in entries}),
                [entry.passage.pk for entry in entries],
            ],
        )
    for some in _few_postings(entries, POSTINGS_AT_ONCE):
        passages = [entry.passage.pk for entry in some]
        counts = [len(entry.weights) for entry in some]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                with places as materialized (
                    select id, version_id, scope_id, length, number
                    from unnest(%s::bigint[], %s::int[]) with ordinality as given (passage, length, number)
                    join kb_passage on id = given.passage
                )
                insert into kb_posting (term, passage_id, version_id, scope_id, frequency, length)
                select given.term, places.id, places.version_id, places.scope_id, given.frequency, places.length
                from unnest(%s::bigint[], %s::real[], %s::int[]) as given (term, frequency, number)
                join places using (number)
                order by given.term
                """,
                [
                    array_text(passages),
                    array_text(entry.length for entry in some),
                    array_text(term_key(term) for entry in some for term in entry.weights),
                    array_text(frequency for entry in some for frequency in entry.weights.values()),
                    array_text(chain.from_iterable(repeat(number, count) for number, count in enumerate(counts, 1))),
                ],
            )


def _few_postings(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """The entries in order, as many at a time as have about `size` postings."""
    some: list[Entry] = []
    count = 0
    for entry in entries:
        some.append(entry)
        count += len(entry.weights)
        if count >= size:
            yield some
            some, count = [], 0
    if count:
        yield some


def halfvec_texts(vectors: Vectors) -> list[str]:
    """Vectors as PostgreSQL reads them: `[0.1,0.2]`."""
    rows = vectors.astype(np.float16).astype(np.float32)
    return [orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY).decode() for row in np.ascontiguousarray(rows)]

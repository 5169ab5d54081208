"""The passages that a question might be about: BM25 and nearest vectors, in one statement.

Rights stand in each query (`scope_id = any(…)`), and row-level security stands behind them. Versions that do not count
on the day asked for, and disabled passages, are left out before anything is ranked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import orjson
from django.db import connection
from numpy.typing import NDArray

from kb.filters import ANYTHING, Filters
from kb.lexical import alternative_terms, question_terms, term_key
from kb.models_index import EmbeddingGeneration
from kb.statements import array_text, rows

K1, B = 1.2, 0.75
"""BM25's saturation of repeated terms and its allowance for length (Robertson and Zaragoza 2009)."""
READ_AT_MOST = 50_000
"""Postings read to find candidates, the rarest terms' first; commoner terms only score what was found."""
READ_ENOUGH, TELLING = 20_000, 0.8
"""From so many on, reading ends once the terms read have this share of all terms' idf: what holds none of them can
hardly be among the best. Of 300,000 passages this finds the same ten for eighty questions in half the time, and for two
to six words that are all common (each in 4,000 to 30,000 passages) as many of the true ten as without."""
FEW = 5_000
"""Postings of all terms together up to which the scores of all their passages are kept at hand, to look up in."""
MOST_TERMS = 128
"""Terms of a question that are looked up, its first ones: nobody's question is longer, pasted pages are."""
ALTERNATIVE = 0.5
"""What a word counts that the question does not have, but that says the same elsewhere."""
EF_SEARCH = 200
"""Of 13,827 passages 99.8 % of the ten nearest and 99.3 % of the hundred nearest are found, in 4 ms."""
WORK_MEM = "64MB"
"""So that versions that do not count are kept in a hash table, however many PostgreSQL expects."""
EXACT_SQUARE = 5_500
"""See `_scan_is_exact`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search in: None means no limit."""

    day: date
    collections: Sequence[int] | None = None
    filters: Filters = ANYTHING


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the question: how rare it is, and its weight in BM25."""

    text: str
    key: int
    passages: int
    idf: float


@dataclass(frozen=True, slots=True)
class Ground:
    """What there is to search, as the current person sees it."""

    scopes: list[int]
    passages: int  # in all readable scopes wanted
    eligible: int  # of these, in versions that the filters leave
    average_length: float
    terms: list[Term]  # those that occur
    asked: float  # the idf of all terms of the question, those that occur nowhere among them
    vectors: int  # in the generation, whoever may read them; an estimate
    hidden: bool = True  # whether there may be versions that do not count on the day
    disabled: bool = True  # whether there may be disabled passages


class Candidate(NamedTuple):
    """A passage with its BM25 score (0: no term of the question) and its cosine similarity (NaN: no vector).

    `version` is None where it has no vector, or no vectors were asked for. `terms` are the keys of the question's terms
    that it holds; None where nobody has looked yet.
    """

    passage_id: int
    lexical: float
    similarity: float
    version: int | None = None
    terms: Sequence[int] | None = None


_GROUND = """
with visible as materialized (
    select array(
        select id from kb_scope where id = any ((select kb_scopes())::bigint[])
        and (%(collections)s::bigint[] is null or collection_id = any(%(collections)s::bigint[]))
    ) as scopes
)
select visible.scopes,
    (select coalesce(sum(passages), 0) from kb_indextotal where scope_id = any(visible.scopes)),
    (select coalesce(sum(length), 0) from kb_indextotal where scope_id = any(visible.scopes)),
    (select coalesce(max(reltuples), 0) from pg_class where relname = %(index)s::name),
    array(
        select coalesce(frequent.passages, 0) + counted.passages
        from unnest(%(terms)s::bigint[]) with ordinality as asked (term, place)
        cross join lateral (
            select sum(passages) as passages, coalesce(array_agg(scope_id), '{}') as scopes
            from kb_termfrequency f where f.term = asked.term and f.scope_id = any(visible.scopes)
        ) frequent
        cross join lateral (
            select count(*) as passages from kb_posting p where p.term = asked.term
            and p.scope_id = any(array(select unnest(visible.scopes) except select unnest(frequent.scopes)))
        ) counted
        order by place
    ),
    exists (select from kb_indexedversion where dated and not valid @> %(day)s::date),
    exists (select from kb_passage where not enabled),
    set_config('hnsw.ef_search', %(ef_search)s::text, true), set_config('hnsw.iterative_scan', 'strict_order', true),
    set_config('work_mem', %(work_mem)s::text, true), set_config('jit', 'off', true)
from visible
"""

_BM25 = "sum(q.idf * p.frequency * %(gain)s::float8 / (p.frequency + %(floor)s::float8 + %(slope)s::float8 * p.length))"
_ELIGIBLE_PASSAGES = "select coalesce(sum(passages), 0) from ({eligible}) fitting"
_HIDDEN = """
hidden as materialized (
    select version_id from kb_indexedversion where dated and not valid @> %(day)s::date
)"""
_DISABLED = "disabled as materialized (select id from kb_passage where not enabled)"
_NOT_HIDDEN = " and version_id not in (select version_id from hidden)"
_NOT_DISABLED = " and passage_id not in (select id from disabled)"
_FILTERED = " and version_id in (select version_id from eligible)"
_MATCHED = """
    select p.passage_id, p.scope_id, {bm25} as score{terms}
    from unnest(%(rare)s::bigint[], %(rare_idfs)s::float8[]) as q (term, idf)
    cross join lateral (
        select passage_id, version_id, scope_id, frequency, length from kb_posting
        where term = q.term and scope_id = any(%(scopes)s::bigint[]) offset 0
    ) p
    where true{kept}
    group by p.passage_id, p.scope_id
""".replace("{bm25}", _BM25)
_BEST = "order by score desc, passage_id limit %(pool)s"
_MATCHED_WITH_TERMS = _MATCHED.replace("{terms}", ", array_agg(q.term) as terms")
_LEXICAL = f"lexical as materialized ({_MATCHED} {_BEST})".replace("{terms}", "")
_LEXICAL_OF_FEW = f"""
matched as materialized ({_MATCHED_WITH_TERMS}), lexical as materialized (select * from matched {_BEST})"""  # noqa: S608
_NO_LEXICAL = "lexical as (select 0::bigint as passage_id, 0::bigint as scope_id, 0::float8 as score where false)"
_ASKED = "asked as materialized (select %(vector)s::halfvec({dimensions}) as vector)"
_NEAREST = """
dense as materialized (
    select passage_id, scope_id, version_id, distance from (
        (
            select passage_id, scope_id, version_id,
                embedding::halfvec({dimensions}) <=> (select vector from asked) as distance
            from kb_passagevector
            where generation_id = %(generation)s and in_graph and scope_id = any(%(scopes)s::bigint[]){kept}
            order by embedding::halfvec({dimensions}) <=> (select vector from asked) limit %(nearest)s
        ) union all ({loose})
    ) v
    order by distance limit %(nearest)s
)"""
_ONE_BY_ONE = """
    select passage_id, scope_id, version_id, distance from (
        select passage_id, scope_id, version_id, embedding <=> (select vector from asked) as distance
        from kb_passagevector
        where generation_id = %(generation)s and scope_id = any(%(scopes)s::bigint[]){which} offset 0
    ) v
    where true{kept}
    order by distance, passage_id limit %(nearest)s
"""
_NEAREST = _NEAREST.replace("{loose}", _ONE_BY_ONE.replace("{which}", " and not in_graph"))
_EXACT = f"dense as materialized ({_ONE_BY_ONE.replace('{which}', '')})"
_EXACT_FILTERED = """
dense as materialized (
    select passage_id, scope_id, version_id, distance from (
        select v.passage_id, v.scope_id, v.version_id, v.embedding <=> (select vector from asked) as distance
        from eligible join kb_passagevector v on v.version_id = eligible.version_id
        where v.generation_id = %(generation)s and v.scope_id = any(%(scopes)s::bigint[]) offset 0
    ) v
    where true{kept}
    order by distance, passage_id limit %(nearest)s
)"""
_NO_DENSE = "dense as (select 0::bigint as passage_id, 0::bigint as scope_id where false)"
# What is found is little, so everything about it is looked up row by row: sub-selects with `offset 0` are not turned
# into joins that read whole tables. Whose distance is known is not compared again, and terms that were not read are
# looked up in one descent for all terms of a passage. `found` is materialized because row-level security lets only
# plain columns be looked up in an index.
_SCORED = """,
found as materialized (
    select passage_id, scope_id, lexical.score, {columns}{terms}
    from lexical full join dense using (passage_id, scope_id) {vectors}
)
select found.passage_id,
    coalesce(found.score, 0) + coalesce(more.score, 0),
    {similarity},
    {held}
from found {more}
order by found.passage_id
"""
_MORE = """
left join lateral (
    select {bm25} as score from (
        select term, frequency, length from kb_posting
        where term = any(case when found.score is null then %(all)s::bigint[] else %(common)s::bigint[] end)
        and scope_id = found.scope_id and passage_id = found.passage_id offset 0
    ) p join unnest(%(all)s::bigint[], %(all_idfs)s::float8[]) as q (term, idf) on q.term = p.term
) more on true""".replace("{bm25}", _BM25)
_MORE_OF_FEW = "left join matched more on found.score is null and more.passage_id = found.passage_id"
_COLUMNS = "coalesce(dense.distance, v.distance) as distance, coalesce(dense.version_id, v.version_id) as version_id"
_VECTORS = """
    left join lateral (
        select version_id, embedding <=> (select vector from asked) as distance from kb_passagevector
        where dense.distance is null and generation_id = %(generation)s and passage_id = lexical.passage_id offset 0
    ) v on true"""
_SIMILARITY = "1 - found.distance, found.version_id"


def survey(question: str, wanted: Wanted, generation: EmbeddingGeneration | None) -> Ground:
    """Count what there is for a question: readable scopes, their passages, and how rare each term is in them."""
    own = question_terms(question)[:MOST_TERMS]
    texts = [*own, *alternative_terms(question)[: MOST_TERMS - len(own)]]
    keys = [term_key(text) for text in texts]
    [(scopes, passages, length, vectors, counts, hidden, disabled, *_)] = rows(
        _GROUND,
        {
            "collections": None if wanted.collections is None else array_text(wanted.collections),
            "terms": array_text(keys),
            "day": wanted.day,
            "index": f"vector_hnsw_{generation.pk}" if generation else "",
            "ef_search": str(EF_SEARCH),
            "work_mem": WORK_MEM,
        },
    )
    eligible = int(passages)
    if wanted.filters.any:
        with connection.cursor() as cursor:
            cursor.execute(_ELIGIBLE_PASSAGES.format(eligible=wanted.filters.eligible()), _filtered(wanted, scopes))
            (eligible,) = cursor.fetchone()
    terms = [
        Term(text, key, count, (1.0 if place < len(own) else ALTERNATIVE) * _idf(count, passages))
        for place, (text, key, count) in enumerate(zip(texts, keys, counts, strict=True))
        if count
    ]
    asked = sum(_idf(count, passages) for count in counts[: len(own)])
    average = float(length) / passages if passages else 1.0
    return Ground(scopes, int(passages), int(eligible), max(average, 1.0), terms, asked, int(vectors), hidden, disabled)


def _idf(count: int, passages: int) -> float:
    return math.log1p((passages - min(count, passages) + 0.5) / (count + 0.5))


def candidates(
    ground: Ground,
    wanted: Wanted,
    *,
    pool: int,
    generation: EmbeddingGeneration | None = None,
    vector: NDArray[np.float32] | None = None,
    lexical: bool = True,
) -> list[Candidate]:
    """The best `pool` passages by each method, every one with both scores, in the order of their ids.

    Args:
        vector: the question's, by the model of `generation`; None for a search by words alone.
        lexical: False for a search by vectors alone; the BM25 scores are there all the same.
    """
    terms = sorted(ground.terms, key=lambda term: term.passages)
    rare = _rarest(terms)
    few = lexical and len(rare) == len(terms) and 0 < sum(term.passages for term in terms) <= FEW
    parameters: dict[str, Any] = {
        "gain": K1 + 1,
        "floor": K1 * (1 - B),
        "slope": K1 * B / ground.average_length,
        "pool": pool,
        "nearest": pool,
        "rare": array_text(term.key for term in rare),
        "rare_idfs": array_text(term.idf for term in rare),
        "common": array_text(term.key for term in terms[len(rare) :]),
        "all": array_text(term.key for term in terms),
        "all_idfs": array_text(term.idf for term in terms),
    }
    parameters |= _filtered(wanted, ground.scopes)
    if vector is not None and generation is not None:
        parameters |= {"generation": generation.pk, "vector": _halfvec(vector)}
    searched = generation if vector is not None else None
    statement = _statement(ground, wanted, searched, lexical=lexical and bool(rare), few=few)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [
            Candidate(passage, score, math.nan if similarity is None else similarity, version, terms)
            for passage, score, similarity, version, terms in cursor.fetchall()
        ]


def _statement(
    ground: Ground, wanted: Wanted, generation: EmbeddingGeneration | None, *, lexical: bool, few: bool
) -> str:
    """The one statement, of the parts that this question needs. No generation: no vectors."""
    filtered = wanted.filters.any
    hidden, disabled = ground.hidden and not filtered, ground.disabled  # who is filtered counts on the day
    kept = _NOT_DISABLED if disabled else ""
    of_versions = _FILTERED if filtered else _NOT_HIDDEN if hidden else ""
    parts = [
        *([_ASKED.format(dimensions=int(generation.dimensions))] if generation else []),
        *([f"eligible as materialized ({wanted.filters.eligible()})"] if filtered else []),
        *([_HIDDEN] if hidden else []),
        *([_DISABLED] if disabled else []),
        (_LEXICAL_OF_FEW if few else _LEXICAL).format(kept=of_versions + kept) if lexical else _NO_LEXICAL,
    ]
    if generation is None:
        parts.append(_NO_DENSE)
    elif not _scan_is_exact(ground):
        parts.append(_NEAREST.format(dimensions=int(generation.dimensions), kept=of_versions + kept))
    else:
        parts.append(_EXACT_FILTERED.format(kept=kept) if filtered else _EXACT.format(kept=of_versions + kept))
    scored = _SCORED.format(
        similarity=_SIMILARITY if generation else "null::float8, null::bigint",
        columns=_COLUMNS if generation else "null",
        vectors=_VECTORS if generation else "",
        more=_MORE_OF_FEW if few else _MORE,
        terms=", lexical.terms" if few else "",
        held="coalesce(found.terms, more.terms, '{}')" if few else "null::bigint[]",
    )
    return "with " + ",".join(parts) + scored


def _halfvec(vector: NDArray[np.float32]) -> str:
    """A vector as PostgreSQL reads it."""
    return orjson.dumps(np.ascontiguousarray(vector, dtype=np.float32), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _rarest(terms: Sequence[Term]) -> list[Term]:
    """The first terms whose postings together are few enough to be read, or tell enough; always one."""
    chosen: list[Term] = []
    read, told, telling = 0, 0.0, TELLING * sum(term.idf for term in terms)
    for term in terms:
        read += term.passages
        if chosen and (read > READ_AT_MOST or (read > READ_ENOUGH and told >= telling)):
            break
        chosen.append(term)
        told += term.idf
    return chosen


def _filtered(wanted: Wanted, scopes: Sequence[int]) -> dict[str, Any]:
    return {"scopes": array_text(scopes), "day": wanted.day, **wanted.filters.parameters()}


def _scan_is_exact(ground: Ground) -> bool:
    """Whether comparing every eligible vector is cheaper than walking through the index and dropping the others.

    The scan's cost grows with the eligible vectors v, the walk's with all vectors over the eligible ones, t / v: they
    are even where v² is some constant times t (measured with 300,000 vectors of 1,024 dimensions).
    """
    return ground.eligible**2 <= EXACT_SQUARE * max(ground.vectors, ground.eligible)

"""Ranked passages → hits: what is said several times is shown once, and neighbours become one hit."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice, pairwise
from typing import NamedTuple

from kb.candidates import Ground
from kb.likeness import Saying
from kb.statements import array_text, rows

JOINED_AT_MOST = 2400
"""Characters of a hit made of neighbouring passages."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage was found. Ranks count from 1 in the list of one method; None: not in that list.

    `lexical_share` is the BM25 score over that of a passage of average length that holds every term of the question
    once: what of the question its words hold, rare ones counting most. More than 1 where they are repeated.
    """

    dense_rank: int | None = None
    dense_similarity: float | None = None
    lexical_rank: int | None = None
    lexical_score: float = 0.0
    lexical_share: float = 0.0
    rerank_score: float | None = None
    matched_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a search. `text` is exactly the version's text from `start` to `end`.

    `also_in` names other documents in which the same, or a part of it, was found."""

    passage_id: int
    document_id: int
    version_id: int
    collection_id: int
    title: str
    filename: str
    heading_path: tuple[str, ...]
    page: int | None
    page_to: int | None
    label: str
    start: int
    end: int
    text: str
    context: str
    effective_from: date | None
    updated_at: datetime
    score: float
    why: Why
    also_in: tuple[int, ...] = ()


class Hits(list[Hit]):
    """The passages found, best first. `degraded`: the embedding server could not be asked, so only words counted."""

    degraded: bool = False


_BETWEEN = """coalesce((
    select string_agg(
        substr(
            g.text,
            (greatest(gap.start, g.start) - g.start)::int + 1,
            (least(gap."end", g."end") - greatest(gap.start, g.start))::int
        ), '' order by g.ordinal
    ) from kb_page g where g.version_id = gap.version_id and g.start < gap."end" and g."end" > gap.start
), '')"""
_HITS = f"""
with p as materialized (select * from kb_passage where id = any(%(passages)s::bigint[]))
select p.id, p.document_id, p.version_id, p.collection_id, d.title, v.filename, p.heading_path, p.page_from, p.page_to,
    p.label, p.kind, p.ordinal, p.start, p."end", p.text, p.context, v.effective_from, d.updated_at,
    {{terms}},
    case when gap.start is not null then {_BETWEEN} end
from p join kb_document d on d.id = p.document_id join kb_documentversion v on v.id = p.version_id
left join lateral (
    select n.version_id, p."end" as start, n.start as "end" from p n
    where n.version_id = p.version_id and n.ordinal = p.ordinal + 1
) gap on true
"""  # noqa: S608
_TERMS = """array(
    select term from kb_posting t
    where t.term = any(%(terms)s::bigint[]) and t.scope_id = p.scope_id and t.passage_id = p.id
)"""
_HITS_WITH_TERMS = _HITS.format(terms=_TERMS)
_HITS_ALONE = _HITS.format(terms="'{}'::bigint[]")
_GAPS = f"""
select gap.place, {_BETWEEN} from unnest(%(versions)s::bigint[], %(starts)s::bigint[], %(ends)s::bigint[])
    with ordinality as gap (version_id, start, "end", place)
"""  # noqa: S608


class _Stored(NamedTuple):
    """A row of the hits. `gap` is what stands before the version's next passage, where that was asked for as well."""

    passage_id: int
    document_id: int
    version_id: int
    collection_id: int
    title: str
    filename: str
    heading_path: list[str]
    page: int | None
    page_to: int | None
    label: str
    kind: str
    ordinal: int
    start: int
    end: int
    text: str
    context: str
    effective_from: date | None
    updated_at: datetime
    terms: Collection[int]
    gap: str | None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A hit to be, with what it is compared by."""

    rank: int
    hit: Hit
    section: tuple[object, ...]  # passages with the same one may be joined
    first: int  # ordinals of its passages
    last: int
    saying: Saying
    gap: str | None  # what stands before the next passage, if that is known yet


def hydrated(
    ranked: Iterator[tuple[int, float, Why]],
    ground: Ground,
    limit: int,
    held: Mapping[int, Collection[int]] | None = None,
) -> list[Hit]:
    """The first `limit` as hits. `held`: the keys of the question's terms that each holds, if that is known.

    What says the same as a better one is named there (`also_in`). Passages that follow one another in the same section
    become one hit at the place of the better one.
    """
    shown: list[_Shown] = []
    for rank, (row, score, why) in enumerate(_with_rows(ranked, ground, limit, held)):
        new = _shown(rank, row, _hit(row, score, why, ground))
        for place, better in enumerate(shown):
            if _repeats(new, better):
                shown[place] = replace(better, hit=_standing_also_in(better.hit, new.hit.document_id))
                break
        else:
            shown.append(new)
        if len(shown) == limit and len(shown := _joined(shown)) == limit:
            break
    return [one.hit for one in _joined(shown)]


def _shown(rank: int, row: _Stored, hit: Hit) -> _Shown:
    section = (hit.version_id, hit.heading_path, hit.label, row.kind)
    return _Shown(rank, hit, section, row.ordinal, row.ordinal, Saying.of(hit.text), row.gap)


def _repeats(new: _Shown, better: _Shown) -> bool:
    """Whether a passage says nothing that a better one does not say, as far as the question goes."""
    same = new.saying.letters == better.saying.letters
    return same or (
        set(new.hit.why.matched_terms) <= set(better.hit.why.matched_terms) and new.saying.repeats(better.saying)
    )


def _standing_also_in(hit: Hit, *documents: int) -> Hit:
    others = dict.fromkeys((*hit.also_in, *documents))
    return replace(hit, also_in=tuple(document for document in others if document != hit.document_id))


def _joined(shown: Sequence[_Shown]) -> list[_Shown]:
    """Neighbours made one, each at the place of the better one."""
    in_order = sorted(shown, key=lambda one: (one.hit.version_id, one.first))
    gaps = _gaps([(one, after) for one, after in pairwise(in_order) if _are_neighbours(one, after)])
    joined: list[_Shown] = []
    for one in in_order:
        gap = gaps.get((joined[-1].hit.end, one.hit.passage_id)) if joined else None
        if gap is not None and len(joined[-1].hit.text) + len(gap) + len(one.hit.text) <= JOINED_AT_MOST:
            joined[-1] = _join(joined[-1], gap, one)
        else:
            joined.append(one)
    return sorted(joined, key=lambda one: one.rank)


def _are_neighbours(one: _Shown, after: _Shown) -> bool:
    return one.section == after.section and one.last + 1 == after.first and one.hit.end <= after.hit.start


def _join(before: _Shown, gap: str, after: _Shown) -> _Shown:
    better, other = sorted((before, after), key=lambda one: one.rank)
    matched = dict.fromkeys((*better.hit.why.matched_terms, *other.hit.why.matched_terms))
    hit = replace(
        _standing_also_in(better.hit, *other.hit.also_in),
        start=before.hit.start,
        end=after.hit.end,
        text=before.hit.text + gap + after.hit.text,
        context=before.hit.context,
        page=before.hit.page,
        page_to=after.hit.page_to,
        why=replace(better.hit.why, matched_terms=tuple(matched)),
    )
    return _Shown(better.rank, hit, better.section, before.first, after.last, Saying.of(hit.text), after.gap)


def _gaps(pairs: Sequence[tuple[_Shown, _Shown]]) -> dict[tuple[int, int], str]:
    """What stands between neighbours, by the end of the one and the other's passage; none where it cannot be read."""
    known = [(one.hit, after.hit, one.gap) for one, after in pairs if one.gap is not None]
    if unknown := [(one.hit, after.hit) for one, after in pairs if one.gap is None]:
        spans = [(one.version_id, one.end, after.start) for one, after in unknown]
        versions, starts, ends = (array_text(column) for column in zip(*spans, strict=True))
        texts = sorted(rows(_GAPS, {"versions": versions, "starts": starts, "ends": ends}))
        known += [(one, after, text) for (one, after), (_, text) in zip(unknown, texts, strict=True)]
    return {(one.end, after.passage_id): text for one, after, text in known if len(text) == after.start - one.end}


def _with_rows(
    ranked: Iterator[tuple[int, float, Why]],
    ground: Ground,
    limit: int,
    held: Mapping[int, Collection[int]] | None,
) -> Iterator[tuple[_Stored, float, Why]]:
    """Each with its passage's row, fetched some at a time; those that are gone meanwhile left out."""
    while batch := list(islice(ranked, limit + limit // 4 + 1)):
        stored = _stored([passage for passage, _, _ in batch], ground, held)
        yield from ((stored[passage], score, why) for passage, score, why in batch if passage in stored)


def _stored(passages: Sequence[int], ground: Ground, held: Mapping[int, Collection[int]] | None) -> dict[int, _Stored]:
    wanted = {"passages": array_text(passages)}
    if held is not None:
        found = map(_Stored._make, rows(_HITS_ALONE, wanted))
        return {row.passage_id: row._replace(terms=held[row.passage_id]) for row in found}
    wanted["terms"] = array_text(term.key for term in ground.terms)
    return {row[0]: _Stored._make(row) for row in rows(_HITS_WITH_TERMS, wanted)}


def _hit(row: _Stored, score: float, why: Why, ground: Ground) -> Hit:
    held = set(row.terms)
    return Hit(
        passage_id=row.passage_id,
        document_id=row.document_id,
        version_id=row.version_id,
        collection_id=row.collection_id,
        title=row.title,
        filename=row.filename,
        heading_path=tuple(row.heading_path),
        page=row.page,
        page_to=row.page_to,
        label=row.label,
        start=row.start,
        end=row.end,
        text=row.text,
        context=row.context,
        effective_from=row.effective_from,
        updated_at=row.updated_at,
        score=score,
        # Not `replace`, which takes several times as long.
        why=Why(
            dense_rank=why.dense_rank,
            dense_similarity=why.dense_similarity,
            lexical_rank=why.lexical_rank,
            lexical_score=why.lexical_score,
            lexical_share=why.lexical_share,
            rerank_score=why.rerank_score,
            matched_terms=tuple(term.text for term in ground.terms if term.key in held),
        ),
    )

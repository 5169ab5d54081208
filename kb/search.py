"""Questions find passages: BM25 and embeddings, fused, as one person may read them.

`search_as` is the door for whoever is not inside `acting_as` yet: it waits for models outside the transaction.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from accounts.models import Person
from kb import embedding
from kb.access import Attached, acting_as, current_actor
from kb.calibration import reliability
from kb.candidates import Candidate, Ground, Wanted, candidates, survey
from kb.filters import ANYTHING, Filters
from kb.fusion import Reliability, fuse, order
from kb.generations import answering
from kb.hits import Hit, Hits, Why, hydrated
from kb.models_index import EmbeddingGeneration
from kb.parsing.languages import count_scripts, main_language
from kb.version_languages import languages_of
from llm.clients import rerank_model
from llm.errors import ModelError
from llm.profiles import LOCAL

__all__ = ["Hit", "Hits", "Method", "Why", "search", "search_as"]

logger = logging.getLogger(__name__)

Method = Literal["fused", "lexical", "dense"]
Vector = NDArray[np.float32]

POOL = 100
RERANKED = 40
LONGEST_QUERY = 8000


def search_as(
    person: Person,
    query: str,
    *,
    limit: int = 8,
    collections: Sequence[int] | None = None,
    documents: Sequence[int] | None = None,
    filters: Filters = ANYTHING,
    as_of: date | None = None,
    method: Method = "fused",
    attached: Attached = None,
) -> Hits:
    """`search` as `person`, in a transaction of its own that no model is waited for in."""
    query = _clean(query)
    asked = _asked(query, method)
    wanted = _wanted(collections, documents, filters, as_of)
    with acting_as(person, attached):
        hits = _find(query, asked, wanted, method, max(limit, RERANKED) if _reranks(method) else limit)
    return _reranked(query, hits, limit) if _reranks(method) else hits


def search(
    query: str,
    *,
    limit: int = 8,
    collections: Sequence[int] | None = None,
    documents: Sequence[int] | None = None,
    filters: Filters = ANYTHING,
    as_of: date | None = None,
    method: Method = "fused",
) -> Hits:
    """The passages that answer `query` best, for whom the current `acting_as` block reads.

    Args:
        limit: how many at most.
        collections: ids; only passages of these. None: of all that may be read.
        documents: ids, likewise.
        filters: what else the documents have to be like.
        as_of: the versions in force on that day; today by default.
        method: "lexical" for BM25 alone, "dense" for embeddings alone.
    """
    current_actor()
    query = _clean(query)
    asked = _asked(query, method)
    wanted = _wanted(collections, documents, filters, as_of)
    if not _reranks(method):
        return _find(query, asked, wanted, method, limit)
    return _reranked(query, _find(query, asked, wanted, method, max(limit, RERANKED)), limit)


def _wanted(
    collections: Sequence[int] | None, documents: Sequence[int] | None, filters: Filters, as_of: date | None
) -> Wanted:
    if documents is not None:
        filters = replace(filters, documents=documents)
    filters = replace(filters, documents=_ids(filters.documents))
    return Wanted(as_of or timezone.localdate(), _ids(collections), filters)


def _ids(given: Sequence[int] | None) -> list[int] | None:
    """Those that can be ids at all: of others there is nothing to find."""
    return None if given is None else [pk for pk in given if 0 < pk < 2**63]


def _clean(query: str) -> str:
    """The question without half characters, which no other program would take, and not longer than a few pages."""
    return query[:LONGEST_QUERY].encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the answering embedding model sees it. No vector: not wanted, or not to be had."""

    generation: EmbeddingGeneration | None
    vector: Vector | None


def _asked(query: str, method: Method) -> Asked:
    serving = answering()
    if serving is None or method == "lexical" or not query.strip():
        return Asked(serving.generation if serving else None, None)
    try:
        vector = embedding.embed_query(query, serving.servers)
    except ModelError as error:
        logger.warning("The embedding server does not answer (%s); the search goes by words alone.", error)
        return Asked(serving.generation, None)
    return Asked(serving.generation, vector if len(vector) == serving.generation.dimensions else None)


def _find(query: str, asked: Asked, wanted: Wanted, method: Method, limit: int) -> Hits:
    hits = Hits()
    generation, vector = asked.generation, asked.vector
    hits.degraded = vector is None and method != "lexical"
    ground = survey(query, wanted, generation)
    lexical = method != "dense" or vector is None
    if limit <= 0 or not ground.scopes or not (vector is not None or (lexical and ground.terms)):
        return hits
    found = candidates(ground, wanted, pool=max(POOL, 2 * limit), generation=generation, vector=vector, lexical=lexical)
    measured = reliability(generation, query)
    foreign = _foreign(found, query)
    ranked = _ranked(found, ground, measured, method, vector is not None, foreign)
    hits.extend(hydrated(ranked, ground, limit, _held(found)))
    return hits


def _held(found: Sequence[Candidate]) -> dict[int, Sequence[int]] | None:
    """The keys of the question's terms that each holds; None unless that is known of all."""
    held = {candidate.passage_id: candidate.terms for candidate in found if candidate.terms is not None}
    return held if len(held) == len(found) else None


def _foreign(found: Sequence[Candidate], query: str) -> NDArray[np.bool_]:
    """Which candidates are in another language than the question."""
    language = main_language(count_scripts(query))
    if language == "und":
        return np.zeros(len(found), dtype=bool)
    known = (language, "und", "")
    languages = languages_of({candidate.version for candidate in found if candidate.version is not None})
    return np.array([languages.get(candidate.version, "") not in known for candidate in found], dtype=bool)


def _ranked(
    found: Sequence[Candidate],
    ground: Ground,
    measured: Reliability,
    method: Method,
    dense: bool,
    foreign: NDArray[np.bool_],
) -> Iterator[tuple[int, float, Why]]:
    """Passage ids with their score and reason, best first."""
    lexical = np.array([candidate.lexical for candidate in found])
    similarity = np.array([candidate.similarity for candidate in found])
    if not dense or method == "lexical":
        scores = lexical
    elif method == "dense":
        scores = np.nan_to_num(similarity, nan=-1.0)
    else:
        scores = fuse(lexical, similarity, measured, foreign)
    lexical_ranks, dense_ranks = _ranks(lexical, lexical > 0), _ranks(similarity, ~np.isnan(similarity))
    for index in order(scores).tolist():
        candidate = found[index]
        yield (
            candidate.passage_id,
            float(scores[index]),
            Why(
                dense_rank=dense_ranks[index],
                dense_similarity=None if math.isnan(candidate.similarity) else candidate.similarity,
                lexical_rank=lexical_ranks[index],
                lexical_score=candidate.lexical,
                lexical_share=candidate.lexical / ground.asked if ground.asked else 0.0,
            ),
        )


def _ranks(scores: NDArray[np.float64], counted: NDArray[np.bool_]) -> list[int | None]:
    ranks: list[int | None] = [None] * len(scores)
    for rank, index in enumerate(order(np.where(counted, scores, -np.inf)).tolist()[: int(counted.sum())], start=1):
        ranks[index] = rank
    return ranks


def _reranks(method: Method) -> bool:
    """Whether a rerank server orders the results: the offline one knows no more than what found them."""
    servers = settings.MODEL_SERVERS
    return method == "fused" and servers.rerank is not None and servers.rerank_model != LOCAL.rerank_model


def _reranked(query: str, hits: Hits, limit: int) -> Hits:
    """The hits in the rerank server's order; in their own, if it does not answer."""
    model = rerank_model(settings.MODEL_SERVERS)
    ordered = Hits(hits[:limit])
    ordered.degraded = hits.degraded
    if model is None or len(hits) < 2:
        return ordered
    try:
        ranked = model.rerank(query, [_shown(hit) for hit in hits], limit)
    except ModelError as error:
        logger.warning("The rerank server does not answer (%s); results keep their order.", error)
        return ordered
    ordered[:] = [replace(hits[i], score=score, why=replace(hits[i].why, rerank_score=score)) for i, score in ranked]
    return ordered


def _shown(hit: Hit) -> str:
    return "\n".join(part for part in (" > ".join((hit.title, *hit.heading_path)), hit.context, hit.text) if part)

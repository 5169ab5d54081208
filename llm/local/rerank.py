"""How relevant documents are to a query: the share of its terms they hold, and the likeness of their vectors."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm.chinese import simplified

from .embedder import embedder
from .text import question_terms, terms
from .wire import WireError

MAX_DOCUMENTS = 500


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """A request in the shape that Jina and Cohere share."""

    model: Any
    query: str
    documents: list[str]
    top_n: int
    return_documents: bool


def read_rerank_request(body: dict[str, Any]) -> RerankRequest:
    """Check a request's fields. Raises WireError 400 with the field that is wrong."""
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str) or not query.strip():
        raise WireError(400, "InvalidParameter", "Field `query` is required: a text.")
    if not isinstance(documents, list) or not documents:
        raise WireError(400, "InvalidParameter", "Field `documents` is required: a list of texts.")
    if len(documents) > MAX_DOCUMENTS:
        raise WireError(400, "InvalidParameter", f"At most {MAX_DOCUMENTS} documents can be ranked in one request.")
    given = [document.get("text") if isinstance(document, dict) else document for document in documents]
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise WireError(400, "InvalidParameter", 'Each of `documents` must be a text or {"text": …}.')
    top_n = body.get("top_n") or len(texts)
    if not isinstance(top_n, int) or top_n < 1:
        raise WireError(400, "InvalidParameter", "Field `top_n` must be a positive whole number.")
    return RerankRequest(body.get("model"), query, texts, top_n, bool(body.get("return_documents")))


def scores(query: str, documents: Sequence[str]) -> list[tuple[int, float]]:
    """(index, relevance 0 to 1), the most relevant first: BM25 of the query's terms, scaled, and cosine likeness."""
    asked = question_terms(simplified(query))
    bags = [Counter(terms(simplified(document))) for document in documents]
    average = sum(bag.total() for bag in bags) / len(bags) or 1.0
    weights = {term: _idf(sum(term in bag for bag in bags), len(bags)) for term in asked}
    # A term's BM25 part stays under 2.2 times its idf, so this share stays under 1.
    most = 2.2 * sum(weights.values()) or 1.0
    vectors = embedder().embed([query, *documents])
    likeness = (vectors[1:] @ vectors[0]).tolist()
    found = []
    for index, bag in enumerate(bags):
        norm = 1.2 * (0.25 + 0.75 * bag.total() / average)
        lexical = sum(w * 2.2 * bag[term] / (bag[term] + norm) for term, w in weights.items()) / most
        found.append((index, round(0.75 * lexical + 0.25 * max(likeness[index], 0.0), 6)))
    return sorted(found, key=lambda pair: -pair[1])


def _idf(frequency: int, count: int) -> float:
    return math.log(1 + (count - frequency + 0.5) / (frequency + 0.5))

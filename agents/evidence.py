"""Reading the knowledge base as the asker: searching, reading again what was shown, and proving a quote.

Each function is one short block of database work, for `in_thread`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.conf import settings

from agents.deps import Deps
from agents.disagreements import Saying
from agents.events import Conflict, Source, Statement
from agents.judging import FULLY_COVERED, coverage
from agents.language import language_of, tongue_of
from agents.sources import Shown
from kb import reading
from kb.access import acting_for_library, documents_for
from kb.days import Days, days_of
from kb.filters import ANYTHING, Filters
from kb.owners import owners
from kb.search import Hit, search, search_as
from llm.local.glossary import translated
from llm.profiles import LOCAL

LIMIT = 8
SHORT_LIMIT = 16
"""Passages of a first look where they are short: as many as read like eight of the usual length."""
READING = 5_000
"""Characters of such a look; a Chinese one counts twice."""
ABROAD = 4


def hits(
    deps: Deps,
    query: str,
    *,
    limit: int = LIMIT,
    collections: Sequence[int] | None = None,
    as_of: date | None = None,
    filters: Filters = ANYTHING,
) -> list[Hit]:
    """The best passages for a query that the asker may read, valid on `as_of`, or else on the run's day."""
    day = as_of or deps.as_of
    return search_as(
        deps.person,
        query,
        limit=limit,
        collections=collections,
        as_of=day,
        filters=filters,
        attached=deps.attached,
    )


def first_look(deps: Deps, query: str) -> list[Hit]:
    """What a run begins with: the best passages, what the other language has, and more where passages are short; first
    of all what the attached files have."""
    found = hits(deps, query, limit=SHORT_LIMIT, collections=deps.collections)
    own: list[Hit] = []
    if deps.attached_collection:
        own = hits(deps, query, limit=LIMIT // 2, collections=[deps.attached_collection])
    shown = [*own, *found[:LIMIT], *_abroad(deps, query, found[:LIMIT])]
    room = READING - sum(_width(hit.text) for hit in shown)
    for hit in found[LIMIT:]:
        room -= _width(hit.text)
        if room < 0 or len(shown) >= SHORT_LIMIT:
            break
        shown.append(hit)
    return list({hit.passage_id: hit for hit in shown}.values())


def _abroad(deps: Deps, query: str, found: Sequence[Hit]) -> list[Hit]:
    """The passages in the other language for the words that the offline models know there.

    Only where no multilingual model searches, and no passage found holds most of the question's words.
    """
    if settings.MODEL_SERVERS.embedding_profile.name != LOCAL.name or any(_speaks_of(hit, query) for hit in found):
        return []
    known = translated(query)
    other = Filters(languages=("en",) if language_of(query) == "zh" else ("zh",))
    return hits(deps, known, limit=ABROAD, collections=deps.collections, filters=other) if known else []


def _speaks_of(hit: Hit, query: str) -> bool:
    """Whether a passage in the question's language holds most of its words."""
    return speaks_of("\n".join((hit.title, *hit.heading_path, hit.text)), query)


def speaks_of(text: str, query: str) -> bool:
    """Whether a text in the question's language holds most of its words."""
    return tongue_of(text) == language_of(query) and coverage(query, [text]) >= FULLY_COVERED


def _width(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(char >= "\u2e80" for char in text)


def words_held(found: Iterable[Hit], query: str) -> float | None:
    """What of a question the words of the best passage in its language hold; None where there is no such passage."""
    language = language_of(query)
    return max((hit.why.lexical_share for hit in found if tongue_of(hit.text) == language), default=None)


def show(deps: Deps, found: Iterable[Hit]) -> list[Shown]:
    """Number passages as sources of the run. No database: called where the run's events are made, one at a time."""
    return [deps.sources.add(hit, (hit.effective_from or hit.updated_at.date()).isoformat()) for hit in found]


def restore(deps: Deps, sources: Iterable[Source]) -> list[Shown]:
    """The sources of an interrupted run with their texts, read again as the asker. What is gone stays away."""
    shown = []
    with deps.acting():
        for source in sources:
            if text := reading.read(source.version, source.start, source.end):
                shown.append(Shown(source, text))
    return shown


def may_be_hidden(deps: Deps) -> bool:
    """Whether documents that the asker may not see speak of the question. Nothing else of them leaves here.

    Only for installations whose administrator wants people to know: the answer, and the time it takes, tell something.
    """
    with deps.acting():
        readable = set(documents_for().values_list("pk", flat=True))
    with acting_for_library():
        found = search(deps.question, limit=LIMIT, method="lexical", as_of=deps.as_of)
    return any(
        hit.document_id not in readable and coverage(deps.question, [hit.text, hit.title]) >= FULLY_COVERED
        for hit in found
    )


def literal(deps: Deps, version: int, start: int, end: int, quote: str) -> bool:
    """Whether the asker may read the version, and the quote is what stands there from `start` to `end`."""
    with deps.acting():
        return reading.quote_is_literal(version, start, end, quote)


def owner_of(deps: Deps, document: int) -> str:
    """The name of whom to ask about a document; empty when nobody looks after it."""
    with deps.acting():
        return owners([document]).get(document, "")


def side_by_side(deps: Deps, groups: Sequence[Sequence[Saying]]) -> tuple[Conflict, ...]:
    """What disagrees, with the documents' days and owners, as far as the asker may read it and it stands there."""
    sayings = [saying for group in groups for saying in group]
    with deps.acting():
        names, days = owners({one.document for one in sayings}), days_of({one.version for one in sayings})
        stand = {
            one for one in sayings
            if one.version in days and reading.quote_is_literal(one.version, one.start, one.end, one.text)
        }  # fmt: skip
    conflicts = []
    for group in groups:
        left = [one for one in group if one in stand]
        latest = max((days[one.version].counts for one in left), default=None)
        newest = [one for one in left if days[one.version].counts == latest]
        if len(left) > 1:
            told = (_statement(one, days[one.version], names, newest=[one] == newest) for one in left)
            conflicts.append(Conflict(tuple(told)))
    return tuple(conflicts)


def _statement(one: Saying, days: Days, names: Mapping[int, str], *, newest: bool) -> Statement:
    return Statement(
        document=one.document,
        version=one.version,
        page=one.page,
        start=one.start,
        end=one.end,
        quote=one.text,
        number=one.number,
        title=one.title,
        section=one.section,
        effective_from=days.effective_from.isoformat() if days.effective_from else "",
        updated=days.updated.isoformat(),
        owner=names.get(one.document, ""),
        newest=newest,
    )

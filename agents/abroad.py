"""A second first search, by the question in the documents' other languages, where embeddings do not lead there.

One short call of the Instruct model translates the question. It is made only where it may matter: a server's model is
configured, a notable share of the readable documents is in another language, what was found is in the question's own,
and it is weak or thought about anyway. So a quick answer with good evidence waits for nothing, and what fails or is
slow leaves the run with what it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

from django.conf import settings
from django.core.cache import cache

from agents import prompts
from agents.deps import Deps
from agents.events import ToolCalled, ToolReturned
from agents.evidence import ABROAD as LIMIT
from agents.evidence import hits, show, speaks_of
from agents.json_replies import object_in
from agents.memory import ABROAD, Memory
from agents.sources import Shown, framed
from agents.threads import in_thread
from kb.filters import LANGUAGES as KNOWN
from kb.filters import Filters, Language
from kb.parsing.languages import count_scripts, main_language
from kb.search import Hit
from kb.tongues import languages
from llm.errors import ModelError
from llm.messages import Message
from llm.profiles import LOCAL

logger = logging.getLogger(__name__)

NOTABLE = 0.1
"""Share of the readable documents from which on a language is worth a search of its own."""
MOST_LANGUAGES = 2
LONGEST = 1_000
KEPT_SECONDS = 86_400
TOOL = "search_knowledge"


async def look_abroad(
    deps: Deps, memory: Memory, shown: list[Shown], query: str
) -> AsyncIterator[ToolCalled | ToolReturned]:
    """The search by translated queries and what it found, added to `shown`; nothing where it is not called for."""
    if memory.abroad:
        return
    if called := memory.looking_abroad:
        queries = _of_call(called)
    elif wanted := await in_thread(languages_to_try, deps, query, shown):
        queries = await translations(deps, query, wanted)
    else:
        return
    if not queries:
        return
    if not memory.looking_abroad:
        yield ToolCalled(ABROAD, TOOL, {"query": " · ".join(queries.values()), "queries": dict(queries)})
    found = show(deps, await in_thread(_search, deps, queries))
    known = {one.source.source for one in shown}
    shown += [one for one in found if one.source.source not in known]
    sources = tuple(one.source for one in found)
    titles = "; ".join(dict.fromkeys(source.title for source in sources))
    memory.abroad = ToolReturned(ABROAD, TOOL, titles[:300], len(sources), sources)
    yield memory.abroad


def is_weak(query: str, shown: Sequence[Shown]) -> bool:
    """Whether no passage in the question's language holds most of its words."""
    return not any(speaks_of(f"{one.source.title}\n{one.source.section}\n{one.text}", query) for one in shown)


def languages_to_try(deps: Deps, query: str, shown: Sequence[Shown]) -> tuple[Language, ...]:
    """The other languages in which there is enough to be found, and from which nothing was, the commonest first."""
    asked = main_language(count_scripts(query))
    if not settings.TRANSLATED_SEARCH or deps.servers.profile.name == LOCAL.name or asked == "und":
        return ()
    with deps.acting():
        shares = languages(deps.collections)
    bridged: set[str] = set()
    if deps.servers.embedding_profile.name != LOCAL.name:
        # A model that finds passages in another language by their meaning needs no translation.
        bridged = {main_language(count_scripts(one.text)) for one in shown}
    tried = [one for one in KNOWN if one != asked and one not in bridged and shares.get(one, 0) >= NOTABLE]
    return tuple(sorted(tried, key=lambda one: -shares[one])[:MOST_LANGUAGES])


async def translations(deps: Deps, query: str, wanted: Sequence[Language]) -> dict[Language, str]:
    """The query in those of the languages that the Instruct model gave; nothing where it fails or is slow."""
    model = deps.model("instruct")
    try:
        async with asyncio.timeout(settings.TRANSLATED_SEARCH_SECONDS):
            name = await model.resolve()
            key = _key(name, query, wanted)
            if (kept := cache.get(key)) is not None:
                return dict(kept)
            reply = await model.complete(messages(query, wanted), max_tokens=200 * len(wanted))
    except (ModelError, TimeoutError) as error:
        logger.warning("Run %s goes without a translated search: %s", deps.run_id, error)
        return {}
    if reply.usage:
        deps.count(reply.usage, name)
    found = read(reply.text, wanted)
    if found:
        cache.set(key, found, KEPT_SECONDS)
    return found


def messages(query: str, wanted: Sequence[Language]) -> list[Message]:
    """The request; the query is one line of data that no text can close."""
    asked = framed({"query": query[:LONGEST], "languages": list(wanted)})
    return [{"role": "system", "content": prompts.text("translate")}, {"role": "user", "content": asked}]


def read(text: str, wanted: Sequence[Language]) -> dict[Language, str]:
    """The queries in a reply that are really in their language, each on one line."""
    return _usable(object_in(text).get("queries"), wanted)


def _usable(queries: object, wanted: Sequence[Language]) -> dict[Language, str]:
    found: dict[Language, str] = {}
    for language in wanted:
        query = queries.get(language) if isinstance(queries, Mapping) else None
        if isinstance(query, str) and _is_in(language, query):
            found[language] = " ".join(query.split())[:LONGEST]
    return found


def _is_in(language: Language, query: str) -> bool:
    """Whether a query is in a language as far as its script tells; a Japanese one may have hardly any kana."""
    written = main_language(count_scripts(query))
    return written == language or (language == "ja" and written == "zh")


def _of_call(called: ToolCalled) -> dict[Language, str]:
    """What a run that broke off was about to search."""
    return _usable(called.arguments.get("queries"), KNOWN)


def _search(deps: Deps, queries: Mapping[Language, str]) -> list[Hit]:
    return [
        hit
        for language, query in queries.items()
        for hit in hits(deps, query, limit=LIMIT, collections=deps.collections, filters=Filters(languages=(language,)))
    ]


def _key(model: str, query: str, wanted: Sequence[Language]) -> str:
    asked = json.dumps([model, query, list(wanted)])
    return f"translated:{hashlib.sha256(asked.encode()).hexdigest()}"

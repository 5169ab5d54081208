"""A second look at the claims that words and facts leave doubtful: does the quote mean what the sentence says?

The rules of `agents.checks` decide what numbers, dates, names and denials say. Where only the wording differs, meaning
is compared: by the embedding model, against passages that the claim does not cite, and, where an Instruct model of a
server is configured, by one short call for all doubtful claims of the answer. It comes after the answer has streamed;
what fails, is slow or makes no sense leaves the claim as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from agents import prompts
from agents.checks import Evidence, verdict_of
from agents.citations import plain
from agents.deps import Deps
from agents.events import Checked, Claim, Support
from agents.facts import denials
from agents.json_replies import object_in
from agents.language import language_of
from agents.sources import framed
from agents.threads import in_thread
from kb.embedding import model as answering_embedder
from llm.errors import ModelError
from llm.messages import Message
from llm.profiles import LOCAL

logger = logging.getLogger(__name__)

MOST_CLAIMS = 12
QUOTE_CHARACTERS = 1_200
ROW_TOKENS = 24
FEWEST_OTHERS = 4
"""Passages that a claim does not cite, from which on its similarity to its quote can be judged."""
STANDS_OUT = 2.0
"""Standard deviations above those passages from which on a quote means the same."""

Answer = Literal["yes", "partly", "no"]


class Row(BaseModel):
    """One decision as the model writes it."""

    pair: int
    supported: Answer


async def look_again(deps: Deps, answer: str, checked: Checked, evidence: Evidence, others: Sequence[str]) -> Checked:
    """The claims with their doubtful ones looked at again, and the verdict that follows.

    Args:
        others: texts of passages that were shown; those that a claim cites are left out by their text.
    """
    doubtful = [place for place, claim in enumerate(checked.claims) if is_doubtful(claim)][:MOST_CLAIMS]
    if not doubtful or settings.SECOND_LOOK == "off":
        return checked
    quotes = {one.number: one.quote for one in evidence.citations}
    pairs = [
        (plain(claim.text).strip(), "\n".join(quotes.get(number, "") for number in claim.citations)[:QUOTE_CHARACTERS])
        for claim in (checked.claims[place] for place in doubtful)
    ]
    asks_model = settings.SECOND_LOOK == "model" and deps.servers.profile.name != LOCAL.name
    found = await _asked(deps, pairs) if asks_model else {}
    if not asks_model:
        found = await in_thread(by_meaning, pairs, others)
    claims = list(checked.claims)
    for place, decided in ((doubtful[at], decided) for at, decided in found.items()):
        claims[place] = revised(claims[place], decided)
    return replace(checked, claims=tuple(claims), verdict=verdict_of(answer, claims, evidence))


def is_doubtful(claim: Claim) -> bool:
    """Whether nothing but the wording speaks against a cited claim."""
    return bool(claim.citations) and claim.reason == "terms" and claim.support != "supported"


def revised(claim: Claim, decided: Answer) -> Claim:
    """The claim after a second look. What was weak is never made worse than unsupported, nor a fact overruled."""
    support: dict[Answer, Support] = {"yes": "supported", "partly": "weak", "no": "unsupported"}
    return replace(claim, support=support[decided], reason="" if decided == "yes" else claim.reason)


async def _asked(deps: Deps, pairs: Sequence[tuple[str, str]]) -> dict[int, Answer]:
    """What the Instruct model says of each pair; nothing of those it leaves out, and nothing where it fails."""
    model = deps.model("instruct")
    try:
        async with asyncio.timeout(settings.SECOND_LOOK_SECONDS):
            reply = await model.complete(messages(pairs), max_tokens=100 + ROW_TOKENS * len(pairs))
            name = await model.resolve()
    except (ModelError, TimeoutError) as error:
        logger.warning("Run %s goes without a second look: %s", deps.run_id, error)
        return {}
    if reply.usage:
        deps.count(reply.usage, name)
    return dict(read(reply.text, len(pairs)))


def messages(pairs: Sequence[tuple[str, str]]) -> list[Message]:
    """The request: each pair is one line of data that no text can close."""
    lines: list[Mapping[str, Any]] = [
        {"pair": number, "statement": said, "quote": quote} for number, (said, quote) in enumerate(pairs, 1)
    ]
    content = "".join(f"{framed(dict(line))}\n" for line in lines)
    return [
        {"role": "system", "content": prompts.text("second_look")},
        {"role": "user", "content": f"<pairs>\n{content}</pairs>"},
    ]


def read(text: str, count: int) -> Iterator[tuple[int, Answer]]:
    """The decisions in a reply by their pair's place, as far as they can be used; the first one of each counts."""
    rows = object_in(text).get("rows")
    seen: set[int] = set()
    for row in rows if isinstance(rows, list) else ():
        try:
            judged = Row.model_validate(row)
        except ValidationError:
            continue
        if 1 <= judged.pair <= count and judged.pair not in seen:
            seen.add(judged.pair)
            yield judged.pair - 1, judged.supported


def by_meaning(pairs: Sequence[tuple[str, str]], others: Sequence[str]) -> dict[int, Answer]:
    """Which quotes stand out in meaning from passages that were found for the same question but are not cited."""
    texts = [text[:QUOTE_CHARACTERS] for text in dict.fromkeys(others)]
    if len(texts) < FEWEST_OTHERS:
        return {}
    try:
        embedder = answering_embedder()
        claims = embedder.embed([said for said, _ in pairs], "query")
        quotes = embedder.embed([quote for _, quote in pairs], "document")
        rest = embedder.embed(texts, "document")
    except ModelError as error:
        logger.warning("Meaning was not compared: %s", error)
        return {}
    found: dict[int, Answer] = {}
    for at, (said, quote) in enumerate(pairs):
        uncited = [place for place, text in enumerate(texts) if quote[:40] not in text]
        if len(uncited) >= FEWEST_OTHERS and stands_out(claims[at], quotes[at], rest[uncited]):
            found[at] = "yes" if in_other_words(said, quote) else "partly"
    return found


def in_other_words(said: str, quote: str) -> bool:
    """Whether the words cannot be the same, as between two languages, and neither denies what the other says.

    In one language, a sentence that shares few words with its quote stays weakly supported: closeness alone proves
    little.
    """
    ours, theirs = denials(said), denials(quote)
    alike = all(bool(one) == bool(other) for one, other in zip(ours, theirs, strict=True))
    return language_of(said) != language_of(quote) and alike


def stands_out(claim: NDArray[np.float32], quote: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    """Whether a claim is so much closer to its quote than to all others that they mean the same.

    Unit vectors, of shapes (dimensions,), (dimensions,) and (passages, dimensions). Similarities differ in level
    between models and between languages, so what a quote is held against is measured on the same claim.
    """
    similarities = others @ claim
    own = float(quote @ claim)
    spread = max(float(similarities.std()), 1e-3)
    return own > float(similarities.max()) and (own - float(similarities.mean())) / spread >= STANDS_OUT

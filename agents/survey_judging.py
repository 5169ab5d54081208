"""Documents held against a criterion by the Instruct model: a few documents in one call, one row for each.

What the model says is checked: a row that says "yes" needs a quote that literally stands in a passage of that very
document, and values that the passages bear out. What cannot be used after a second try is undecided, never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from agents import prompts
from agents.compare import figures_stand
from agents.deps import Deps
from agents.events import SurveyRow
from agents.json_replies import object_in
from agents.sources import framed
from agents.survey_question import Criterion
from kb.coverage import Close, Covered
from kb.matching import occurrences
from llm.errors import ModelError
from llm.messages import Message

AT_ONCE = 4
"""Calls under way for one run."""
DOCUMENTS, CHARACTERS = 10, 16_000
"""What one call holds at most."""
DOCUMENT_CHARACTERS = 4_000
ROW_TOKENS = 160
LONGEST_QUOTE, LONGEST_VALUE = 400, 120
TRIES = 2
# Such a failure is about the text that was sent: fewer documents in a call may do.
ABOUT_THE_TEXT = ("content_filter", "context_length", "bad_output", "truncated", "invalid_request")


class Judged(BaseModel):
    """One row as the model writes it."""

    document: int
    meets: Literal["yes", "no", "unclear"]
    source: int = 0
    quote: str = ""
    values: list[str] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The documents of one call, their passages numbered through."""

    documents: tuple[Covered, ...]
    passages: dict[int, tuple[Covered, Close]]


async def judge(deps: Deps, criterion: Criterion, documents: Sequence[Covered]) -> list[SurveyRow]:
    """The rows of the documents that meet the criterion or cannot be decided, in the documents' order.

    Raises:
        ModelError: when the model server fails.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(group: Sequence[Covered]) -> list[SurveyRow]:
        async with gate:
            return await _group(deps, criterion, group)

    tasks = [asyncio.ensure_future(one(group)) for group in groups(documents)]
    try:
        found = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return [row for rows in found for row in rows]


def groups(documents: Sequence[Covered]) -> Iterator[list[Covered]]:
    """The documents in as many as one call holds."""
    group: list[Covered] = []
    room = CHARACTERS
    for document in documents:
        size = min(sum(len(close.text) + len(close.context) for close in document.passages), DOCUMENT_CHARACTERS)
        if group and (len(group) == DOCUMENTS or size > room):
            yield group
            group, room = [], CHARACTERS
        group.append(document)
        room -= size
    if group:
        yield group


async def _group(deps: Deps, criterion: Criterion, documents: Sequence[Covered]) -> list[SurveyRow]:
    """The rows of one call's documents; of those that the model left out or got wrong, those of a second call."""
    rows: dict[int, SurveyRow | None] = {}
    left = list(documents)
    for _ in range(TRIES):
        try:
            rows |= await _asked(deps, criterion, left)
        except ModelError as error:
            if error.kind not in ABOUT_THE_TEXT:
                raise
            if len(left) > 1:
                half = len(left) // 2
                for part in (left[:half], left[half:]):
                    again = {row.document: row for row in await _group(deps, criterion, part)}
                    rows |= {document.document: again.get(document.document) for document in part}
        left = [document for document in left if document.document not in rows]
        if not left:
            break
    rows |= {document.document: undecided(document) for document in left}
    return [row for document in documents if (row := rows[document.document])]


async def _asked(deps: Deps, criterion: Criterion, documents: Sequence[Covered]) -> dict[int, SurveyRow | None]:
    """The rows that one call gave, by document; None for one that does not meet the criterion."""
    page = sheet(documents)
    model = deps.model("instruct")
    reply = await model.complete(
        messages(deps, criterion, page), max_tokens=400 + len(documents) * (ROW_TOKENS + 40 * len(criterion.columns))
    )
    if reply.usage:
        deps.count(reply.usage, await model.resolve())
    return read(reply.text, page, criterion)


def sheet(documents: Sequence[Covered]) -> Sheet:
    passages: dict[int, tuple[Covered, Close]] = {}
    for document in documents:
        room = DOCUMENT_CHARACTERS
        for place, close in enumerate(document.passages):
            room -= len(close.text) + len(close.context)
            if room < 0 and place:
                break
            passages[len(passages) + 1] = (document, close)
    return Sheet(tuple(documents), passages)


def messages(deps: Deps, criterion: Criterion, page: Sheet) -> list[Message]:
    lines = "".join(f"{framed(_shown(document, page))}\n" for document in page.documents)
    asked = framed(
        {
            "question": criterion.question,
            "kind": "" if criterion.any_kind else criterion.kind,
            "condition": criterion.condition,
            "columns": list(criterion.columns),
        }
    )
    return [
        {"role": "system", "content": prompts.fill("survey", today=deps.today.isoformat())},
        {
            "role": "user",
            "content": f"<documents>\n{lines}</documents>\n\n<criterion>\n{asked}\n</criterion>",
        },
    ]


def _shown(document: Covered, page: Sheet) -> dict[str, Any]:
    return {
        "document": document.document,
        "title": document.title,
        "collection": document.collection,
        "tags": list(document.tags),
        "file": document.filename,
        "date": document.date,
        "passages": [
            {"source": number, "section": close.section, "context": close.context, "text": close.text}
            for number, (owner, close) in page.passages.items()
            if owner is document
        ],
    }


def read(text: str, page: Sheet, criterion: Criterion) -> dict[int, SurveyRow | None]:
    """What a reply says of each document, as far as it can be used."""
    by_number = {document.document: document for document in page.documents}
    rows: dict[int, SurveyRow | None] = {}
    for judged in _rows(text):
        document = by_number.get(judged.document)
        if document is None or document.document in rows:
            continue
        if judged.meets == "no":
            rows[document.document] = None
        elif judged.meets == "unclear":
            rows[document.document] = undecided(document)
        elif row := _proved(judged, document, page, criterion):
            rows[document.document] = row
    return rows


def _rows(text: str) -> Iterator[Judged]:
    """The rows in a reply: the JSON object in it, whatever is written around it."""
    rows = object_in(text).get("rows")
    for row in rows if isinstance(rows, list) else ():
        try:
            yield Judged.model_validate(row)
        except ValidationError:
            continue


def _proved(judged: Judged, document: Covered, page: Sheet, criterion: Criterion) -> SurveyRow | None:
    """The row with the place of its quote; None when the quote stands nowhere in what was shown of the document."""
    own = [close for owner, close in page.passages.values() if owner is document]
    named = page.passages.get(judged.source)
    if named and named[0] is document:
        own.sort(key=lambda close: close is not named[1])
    for close in own:
        for start, end in occurrences(close.text, judged.quote.strip()):
            end = min(end, start + LONGEST_QUOTE)
            return SurveyRow(
                document=document.document,
                version=document.version,
                result="yes",
                title=document.title,
                page=close.page,
                start=close.start + start,
                end=close.start + end,
                quote=close.text[start:end],
                section=close.section,
                date=document.date,
                values=_values(judged.values, document, len(criterion.columns)),
            )
    return None


def _values(given: Sequence[str], document: Covered, wanted: int) -> tuple[str, ...]:
    """The values for the columns; one with a number that the document's passages do not have is left empty."""
    there = "\n".join(text for close in document.passages for text in (close.context, close.text, document.date))
    values = [" ".join(value.split())[:LONGEST_VALUE] for value in given[:wanted]]
    values = [value if figures_stand(value, there) else "" for value in values]
    return tuple(values + [""] * (wanted - len(values)))


def undecided(document: Covered) -> SurveyRow:
    return SurveyRow(document.document, document.version, "unclear", document.title, date=document.date)

"""An answer's raw text → text with the numbers people see, and the citations that explain them.

Numbers are 1, 2, … in order of first appearance, one for each cited place. A mark whose source was never shown, or
whose quote is not literally in its version, does not leave.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

from agents.citations import Mark, MarkReader, align
from agents.deps import Deps
from agents.events import Citation, Cited, Text
from agents.evidence import literal, owner_of
from agents.threads import in_thread

_LAST_MARKS = re.compile(r"(?:\[\d+\])+\s*$")
Place = tuple[int, int, int]


class Citer:
    """Cites for one run. `begin` starts an answer; it is started again when the text before was only a remark."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self.begin()

    def begin(self, answer: str = "", citations: Iterable[Citation] = ()) -> None:
        """A new answer, or one of which there is a first half already."""
        self._reader = MarkReader(answer)
        self._numbers: dict[Place, int] = {(one.version, one.start, one.end): one.number for one in citations}
        last = _LAST_MARKS.search(answer)
        self._here = {int(number) for number in re.findall(r"\d+", last[0])} if last else set[int]()

    async def feed(self, piece: str) -> AsyncIterator[Text | Cited]:
        async for event in self._events(self._reader.feed(piece)):
            yield event

    async def end(self) -> AsyncIterator[Text | Cited]:
        async for event in self._events(self._reader.end()):
            yield event

    async def _events(self, items: Iterable[str | Mark]) -> AsyncIterator[Text | Cited]:
        for item in items:
            if isinstance(item, str):
                if item.strip():
                    self._here = set()
                yield Text(item)
                continue
            space = item.space
            for number in item.sources:
                if (citation := await self._citation(number, item.sentence)) is None:
                    continue
                place = (citation.version, citation.start, citation.end)
                is_new = self._numbers.get(place) is None
                self._numbers.setdefault(place, citation.number)
                if citation.number not in self._here:
                    self._here.add(citation.number)
                    yield Text(f"{space}[{citation.number}]")
                    space = ""
                if is_new:
                    yield Cited((citation,))

    async def _citation(self, number: int, sentence: str) -> Citation | None:
        shown = self._deps.sources.get(number)
        if shown is None:
            return None
        source = shown.source
        span = align(sentence, shown.text)
        start, end = source.start + span.start, source.start + span.end
        quote = shown.text[span.start : span.end]
        known = self._numbers.get((source.version, start, end))
        owner = ""
        if known is None:
            is_literal = await in_thread(literal, self._deps, source.version, start, end, quote)
            if not is_literal:
                return None
            owner = await in_thread(owner_of, self._deps, source.document)
        return Citation(
            number=known or len(self._numbers) + 1,
            document=source.document,
            version=source.version,
            page=source.page,
            start=start,
            end=end,
            quote=quote,
            title=source.title,
            section=source.section,
            date=source.date,
            owner=owner,
        )

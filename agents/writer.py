"""From a run's events as they happen to stored and delivered ones: pieces of text are gathered for a moment first.

Followers see stored events only, so whoever comes back after a reload reads the very pieces that the others read. A
piece is stored at once when nothing was for `interval` seconds, so the first words do not wait; after that, what has
come meanwhile is stored together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError

from agents import survey_report
from agents.events import (
    ANSWER_BEGINS,
    LAST,
    Asked,
    Checked,
    Cited,
    Escalated,
    Event,
    Finished,
    Kept,
    Routed,
    Surveyed,
    Text,
    Thinking,
    ToolCalled,
)
from agents.journal import Addition, Numbered, append, storable
from agents.live import Live
from agents.memory import EVIDENCE
from agents.storing import Storing
from agents.survey_report import Survey
from agents.threads import in_thread

logger = logging.getLogger(__name__)
INTERVAL = 0.12
PAUSES = (0.2, 0.5, 1, 2, 4)
"""Seconds before storing is tried again."""


class Summary:
    """What the columns of a run say about its events so far."""

    def __init__(self) -> None:
        self.road = ""
        self.pieces: list[str] = []
        self.citations: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.conflicts: list[dict[str, Any]] = []
        self.usage: dict[str, int] = {}
        self.survey: Survey | None = None
        self.asks = False

    def add(self, event: Event) -> None:
        if isinstance(event, Text):
            self.pieces.append(event.text)
        elif isinstance(event, ANSWER_BEGINS):
            self.pieces.clear()
            self.citations.clear()
            if isinstance(event, (Escalated, Kept)):
                self.claims, self.conflicts = [], []
                self.road = "thinking" if isinstance(event, Escalated) else "fast"
        elif isinstance(event, Cited):
            self.citations += [asdict(citation) for citation in event.citations]
        elif isinstance(event, Checked):
            self.claims = [asdict(claim) for claim in event.claims]
            self.conflicts = [asdict(conflict) for conflict in event.conflicts]
        elif isinstance(event, Routed):
            self.road = event.mode
        elif isinstance(event, Asked):
            self.asks = True
        elif isinstance(event, Finished):
            self.usage = event.usage
        elif isinstance(event, Surveyed):
            self.survey = self.survey or Survey()
            self.survey.add(event)

    def columns(self, *, ended: bool = True) -> dict[str, Any]:
        answer, citations = "".join(self.pieces), self.citations
        if ended and self.survey and not answer:
            # A check of every document that ends early still tells what it found, and how far it came.
            answer = survey_report.answer_of(self.survey)
            citations = [asdict(citation) for citation in survey_report.citations_of(self.survey)]
        return {
            "road": self.road,
            "answer": answer,
            "citations": citations,
            "claims": self.claims,
            "conflicts": self.conflicts,
            "usage": self.usage,
            "asks": self.asks,
        }


class Writer:
    """Stores one run's events under this process' lease and hands them on."""

    def __init__(
        self, run_id: UUID, storing: Storing, past: list[Numbered], live: Live, interval: float = INTERVAL
    ) -> None:
        self.run_id = run_id
        self.storing = storing
        self.live = live
        self.interval = interval
        self.last_seq = past[-1][0] if past else 0
        self.summary = Summary()
        for _, event in past:
            self.summary.add(event)
        self._waiting: list[Event] = []
        self._flushed_at = 0.0
        self._storing = asyncio.Lock()
        self._flusher: asyncio.Task[None] | None = None

    async def put(self, event: Event) -> None:
        """Store an event: a piece of text soon, anything else now.

        Raises:
            LeaseLost: when the run is no longer this process' own.
        """
        if self._flusher and self._flusher.done():
            flusher, self._flusher = self._flusher, None
            flusher.result()
        if isinstance(event, ToolCalled) and event.more:
            self._waiting.append(event)
        elif not _nobody_waits(event):
            self._waiting.append(event)
            # Storing goes on when the run is cancelled meanwhile: half-known numbers would end it without an end.
            await asyncio.shield(asyncio.ensure_future(self._flush()))
        elif not isinstance(event, (Text, Thinking)) or event.text:
            self._gather(event)
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._flush_soon())

    def _gather(self, event: Event) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Text) and isinstance(event, Text):
            self._waiting[-1] = Text(last.text + event.text)
        elif (
            isinstance(last, Thinking) and isinstance(event, Thinking) and last.field == event.field and not event.anew
        ):
            self._waiting[-1] = replace(last, text=last.text + event.text)
        else:
            self._waiting.append(event)

    async def _flush_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(max(0.0, self._flushed_at + self.interval - time.monotonic()))
            await self._flush()

    async def _flush(self) -> None:
        """Store what waits, show it to those who follow here, and count it in."""
        async with self._storing:
            if not self._waiting:
                return
            events, self._waiting = [storable(event) for event in self._waiting], []
            for event in events:
                self.summary.add(event)
            is_text = all(isinstance(event, (Text, Thinking)) for event in events)
            numbered = await self._stored(events, hurry=not is_text or not self._flushed_at)
            self.last_seq = numbered[-1][0]
            if isinstance(events[-1], (Text, Thinking)):
                self._flushed_at = time.monotonic()
            self.live.publish(numbered)

    async def _stored(self, events: list[Event], *, hurry: bool) -> list[Numbered]:
        """Store events, with patience for a database that is away for a moment."""
        for pause in PAUSES:
            try:
                return await self._store(events, hurry)
            except (OperationalError, InterfaceError):
                logger.warning("Run %s: the database did not take %s events, trying again", self.run_id, len(events))
                await asyncio.sleep(pause)
        return await self._store(events, hurry)

    async def _store(self, events: list[Event], hurry: bool) -> list[Numbered]:
        if isinstance(events[-1], LAST):
            columns = self.summary.columns()
            return await in_thread(append, self.run_id, self.storing.lease, self.last_seq, events, **columns)
        road = self.summary.road if any(isinstance(event, (Routed, Escalated, Kept)) for event in events) else None
        await self.storing.store(Addition(self.run_id, self.last_seq, events, road), hurry=hurry)
        return list(enumerate(events, self.last_seq + 1))

    async def drain(self) -> None:
        """Store what waits."""
        await asyncio.shield(asyncio.ensure_future(self._flush()))

    async def close(self) -> None:
        """Wait for what is being stored. What it raises was raised to whoever put an event, or concerns nobody now."""
        if self._flusher:
            await asyncio.gather(self._flusher, return_exceptions=True)


def _goes_on(last: Thinking, event: Thinking) -> bool:
    return last.field == event.field and not event.anew


def _nobody_waits(event: Event) -> bool:
    """Whether work goes on while the event is stored: pieces of text, and the first search, on which the first word
    of the answer waits. It changes nothing, so a run that breaks off before it is stored searches again."""
    return isinstance(event, (Text, Thinking, Routed)) or getattr(event, "call_id", "") == EVIDENCE

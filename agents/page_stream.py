"""A run's events for the chat page: the same frames as the API's, with the parts of the page that changed, as HTML.

The first frame of each connection carries the whole turn as it then stands, so a reload, a second tab or a lost
connection can neither miss text nor show it twice. After that, text is rendered from the last block on that can still
change: what is finished is sent once.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import Person
from agents.conversations import begin_conflicts, begin_nearest, new_turn, suggest, turn_of
from agents.event_stream import ALIVE, SILENCE_SECONDS, with_silences
from agents.events import LAST, Event, Text, Thinking, to_data
from agents.models import Run
from agents.rendering import render, stable_end
from agents.runs import follow
from agents.threads import in_thread
from kb.access import acting_as

PAUSE = 0.1
"""Seconds in which pieces of text are gathered, so that a stream that catches up is not rendered piece by piece."""


async def page_frames(run: Run, person: Person, after_seq: int, language: str) -> AsyncIterator[bytes]:
    """Frames with the events after `after_seq` and the parts of the page they change, until the run's last event."""
    page = Page(run, language)
    sent_at = time.monotonic()
    async for item in with_silences(follow(run.pk), lambda: PAUSE if page.behind else SILENCE_SECONDS):
        now = time.monotonic()
        if item is None:
            sent_at = now
            yield page.waiting() or ALIVE
            continue
        seq, event = item
        if seq <= after_seq:
            page.turn.add(event)
            continue
        if isinstance(event, LAST):
            if frame := page.waiting():
                yield frame
            yield _frame(seq, event.kind, to_data(event) | {"parts": await in_thread(_final, run.pk, person, language)})
            return
        page.add(seq, event)
        if not isinstance(event, (Text, Thinking)) or now - sent_at >= PAUSE:
            sent_at = now
            yield page.waiting()


class Page:
    """What one connection has been sent of a turn."""

    def __init__(self, run: Run, language: str) -> None:
        self.turn = new_turn(run)
        self.language = language
        self._events: list[tuple[int, Event]] = []
        self._stable = 0
        self._shown = ""
        self._first = True

    @property
    def behind(self) -> bool:
        """Whether something has come that is not yet sent."""
        return bool(self._events)

    def add(self, seq: int, event: Event) -> None:
        """Take in an event; it is sent with `waiting`."""
        self.turn.add(event)
        self._events.append((seq, event))

    def waiting(self) -> bytes:
        """The frames of what has come since the last time. The parts ride on the last of them."""
        if not self._events:
            return b""
        events, self._events = _joined(self._events), []
        only_text = all(isinstance(event, (Text, Thinking)) for _seq, event in events)
        with override(self.language):
            parts = self._parts(only_text)
        out = b"".join(_frame(seq, event.kind, to_data(event)) for seq, event in events[:-1])
        seq, event = events[-1]
        return out + _frame(seq, event.kind, to_data(event) | {"parts": parts})

    def _parts(self, only_text: bool) -> dict[str, Any]:
        turn = self.turn
        parts: dict[str, Any] = {}
        if self._first or not only_text:
            parts["steps"] = render_to_string("agents/_steps.html", {"turn": turn})
            parts["quick"] = render_to_string("agents/_quick.html", {"turn": turn})
        if self._first or not only_text or not self._shown:
            parts["how"] = render_to_string("agents/_how.html", {"turn": turn})
        if turn.thought:
            parts["thought"] = turn.thought
        if self._first or not turn.answer.startswith(self._shown):
            parts["clear"] = True
            self._stable, self._shown = 0, ""
        if turn.answer != self._shown or not only_text:
            end = max(stable_end(turn.answer), self._stable)
            if end > self._stable:
                parts["stable"] = render(turn.answer[self._stable : end], turn.citations)
                self._stable = end
            parts["tail"] = render(turn.answer[self._stable :], turn.citations)
        self._shown, self._first = turn.answer, False
        return parts


def _joined(events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Neighbouring pieces of text as one event, under the number of the last."""
    out: list[tuple[int, Event]] = []
    for seq, event in events:
        if out and isinstance(event, Text) and isinstance(last := out[-1][1], Text):
            out[-1] = (seq, Text(last.text + event.text))
        else:
            out.append((seq, event))
    return out


def _final(run_id: Any, person: Person, language: str) -> dict[str, str]:
    """The parts of an ended turn, as a reload shows them."""
    turn = turn_of(Run.objects.get(pk=run_id))
    begin_nearest(person, [turn])
    begin_conflicts(person, [turn])
    with acting_as(person, turn.conversation_id):
        suggest([turn])
    with override(language):
        return {
            name: render_to_string(f"agents/_{name}.html", {"turn": turn})
            for name in ("how", "steps", "answer", "after")
        }


def _frame(seq: int, kind: str, data: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, kind.encode(), orjson.dumps(data, default=str))

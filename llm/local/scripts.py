"""Traditional Chinese for models that know Simplified: read in Simplified characters, quoted as it is written.

All that a request says is folded at the door, each character in its place, so that every rule meets one script. What
the reply takes over from a source, or from the question, is given back as it stands there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llm.chinese import simplified

from .conversation import Source, content_text
from .reply import Call, Reply
from .transcript import Transcript

_MARKS = re.compile(r"((?:\[\d+\])+)")
_LABEL = re.compile(r"\*\*[^*\n]{1,80}\*\*")
_NUMBER = re.compile(r"\d+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SHORTEST = 2  # a single character from anywhere says nothing of the script around it


def in_simplified(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The messages in Simplified characters; None where they are so already."""
    read: list[dict[str, Any]] = folded(list(messages))
    return read if read != list(messages) else None


def folded(value: Any) -> Any:
    """A value of JSON with all its texts in Simplified characters."""
    if isinstance(value, str):
        return simplified(value)
    if isinstance(value, list):
        return [folded(one) for one in value]
    return {key: folded(one) for key, one in value.items()} if isinstance(value, dict) else value


def as_written(reply: Reply, transcript: Transcript, messages: Sequence[dict[str, Any]]) -> Reply:
    """A reply made from folded messages, with what it took over in the script in which it was written.

    What stands before a mark comes from the source that the mark names, and what a tool is called with from the
    question or from what a tool said. `transcript` is read from the `messages` that came.
    """
    question = transcript.conversation.question
    sources = {source.number: _whole(source) for source in transcript.sources}
    told = [content_text(message) for message in messages if message.get("role") == "tool"]
    calls = tuple(Call(call.name, _restored(call.arguments, [question, *reversed(told)])) for call in reply.calls)
    reasoning = restored(reply.reasoning, [question], _SHORTEST)
    return replace(reply, text=_marked(reply.text, sources, question), reasoning=reasoning, calls=calls)


def _whole(source: Source) -> str:
    return "\n".join((source.text, source.header, source.section, source.title))


def _marked(text: str, sources: Mapping[int, str], question: str) -> str:
    """Each stretch of a text from the sources that it is marked with; what has no mark is the model's own."""
    parts = _MARKS.split(text)
    for place in range(0, len(parts) - 1, 2):
        named = [sources[number] for number in map(int, _NUMBER.findall(parts[place + 1])) if number in sources]
        parts[place] = restored(parts[place], named, 1)
    return _LABEL.sub(lambda label: restored(label.group(), [question], _SHORTEST), "".join(parts))


def _restored(value: Any, originals: Sequence[str]) -> Any:
    if isinstance(value, str):
        return restored(value, originals, 1)
    if isinstance(value, list):
        return [_restored(one, originals) for one in value]
    return {key: _restored(one, originals) for key, one in value.items()} if isinstance(value, dict) else value


def restored(text: str, originals: Sequence[str], shortest: int) -> str:
    """The text with its longest stretches that stand in `originals`, but for the script, as they stand there."""
    pairs = [(simplified(original), original) for original in originals]
    pairs = [(simple, original) for simple, original in pairs if simple != original]
    if not pairs or text.isascii():
        return text
    told: list[str] = []
    place = 0
    while place < len(text):
        length, original = max((_stretch(text, place, *pair) for pair in pairs), key=lambda found: found[0])
        if length >= shortest and _HAN.match(text, place):
            told.append(original)
            place += length
        else:
            told.append(text[place])
            place += 1
    return "".join(told)


def _stretch(text: str, place: int, simple: str, original: str) -> tuple[int, str]:
    """How much of a text from a place on stands in an original, folded to `simple`, and how it is written there."""
    length, at = 0, 0
    while place + length < len(text) and (found := simple.find(text[place : place + length + 1], at)) >= 0:
        length, at = length + 1, found
    return length, original[at : at + length]

"""What a list of chat messages holds for the local models: sources, question, earlier turns, tool results."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_SOURCES = re.compile(r"<sources>\s*(.*?)\s*</sources>", re.DOTALL)
_QUESTION = re.compile(r"<question>\s*(.*?)\s*</question>", re.DOTALL)
_SO_FAR = re.compile(r"<answer_so_far>\n?(.*?)\n?</answer_so_far>", re.DOTALL)
_HELD = re.compile(r"^No source holds more than (\d+) % of the words of the question", re.MULTILINE)
_TODAY = re.compile(r"Today is (\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Source:
    """One passage shown to the model. `number` is what an answer cites; `header` a table's header row, if any."""

    number: int
    text: str
    document: int = 0
    title: str = ""
    section: str = ""
    page: int | None = None
    date: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The last question with the sources shown with it, and the questions and answers before it.

    `so_far` is the beginning of an answer that broke off and is to be continued. `held` is the share of the question's
    words (0 to 1, rare ones counting most) that some source holds, as far as the caller says.
    """

    question: str
    sources: tuple[Source, ...] = ()
    earlier: tuple[tuple[str, str], ...] = ()
    today: str = ""
    framed: bool = False
    so_far: str = ""
    held: float = 1.0


def read_source(data: Any) -> Source | None:
    """A source from its JSON object, or None when it is not one."""
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return None
    number, document, page = data.get("source"), data.get("document"), data.get("page")
    if not isinstance(number, int):
        return None
    return Source(
        number=number,
        text=data["text"],
        document=document if isinstance(document, int) else 0,
        title=str(data.get("title") or ""),
        section=str(data.get("section") or ""),
        page=page if isinstance(page, int) else None,
        date=str(data.get("date") or ""),
        header=str(data.get("context") or data.get("header") or ""),
    )


def read_sources(block: str) -> Iterator[Source]:
    """The sources of a block with one JSON object a line; a line that is none is passed over."""
    for line in block.splitlines():
        try:
            source = read_source(json.loads(line))
        except json.JSONDecodeError:
            continue
        if source:
            yield source


def content_text(message: dict[str, Any]) -> str:
    """A message's content as plain text, whether it is a string or a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def read_question(text: str) -> str:
    """The question inside a user message: the framed one, or the whole message when there is no frame."""
    framed = _QUESTION.search(text)
    return html.unescape(framed.group(1)) if framed else text.strip()


def question_at(messages: Sequence[dict[str, Any]]) -> int:
    """Where the question stands: the last framed user message, else the last user message, else -1.

    A user message without a frame after a framed one is a word of the caller's about the run, not a question.
    """
    asked = [i for i, message in enumerate(messages) if message.get("role") == "user"]
    framed = [i for i in asked if "<question>" in content_text(messages[i])]
    return max(framed or asked, default=-1)


def read_conversation(messages: Sequence[dict[str, Any]]) -> Conversation:
    """Read the conversation up to and including its last user message; what follows it is the tools' part."""
    last = question_at(messages)
    text = content_text(messages[last]) if last >= 0 else ""
    block = _SOURCES.search(text)
    today = next(
        (day.group(1) for m in messages if m.get("role") == "system" if (day := _TODAY.search(content_text(m)))),
        "",
    )
    return Conversation(
        question=read_question(text),
        sources=tuple(read_sources(block.group(1))) if block else (),
        earlier=tuple(_turns(messages[: max(last, 0)])),
        today=today,
        framed=block is not None or "<question>" in text,
        so_far=html.unescape(begun.group(1)) if (begun := _SO_FAR.search(text)) else "",
        held=int(told.group(1)) / 100 if (told := _HELD.search(text.rpartition("</question>")[2])) else 1.0,
    )


def _turns(messages: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    question = ""
    for message in messages:
        if message.get("role") == "user":
            question = read_question(content_text(message))
        elif message.get("role") == "assistant" and question and content_text(message):
            yield question, content_text(message)
            question = ""

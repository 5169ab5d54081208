"""What happens in a run, as values. Pure.

The page, the API, the stored history, the tests and the evaluation read these same events. Names of kinds and of
fields are stored and streamed, so they are for ever: add fields with a default, never rename one.

In a run's order: `routed`, then tool calls (the first search is one too), thinking and text, `cited` right after the
text whose marks it explains, `checked` after the answer, and last exactly one of `finished`, `failed`, `cancelled`.
On the exhaustive road `surveyed` events stand in the place of tool calls.
Text before a `tool_called`, an `escalated` or a `kept` was a remark on the way, not the answer: see `answer_of`. An
`escalated` that comes after `checked` carries the quick answer that stands until the thinking one is there; `revised`
then says what became of it, and `kept` that it is the answer after all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter

from kb.attached_file import AttachedFile

Road = Literal["fast", "thinking", "exhaustive"]
Support = Literal["supported", "weak", "unsupported"]
Verdict = Literal["good", "partly", "unsupported", "not_in_documents", "disagree", "uncited", "asks"]
HeldBack = Literal["", "asked", "budget"]


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a document at their exact place: literally the version's text from `start` to `end` (characters).

    `number` is the mark in the answer, 1, 2, … in order of first appearance; one number is one place.
    """

    number: int
    document: int
    version: int
    page: int | None
    start: int
    end: int
    quote: str
    title: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Citation(Quote):
    """The place that a cited sentence comes from. `owner` is the name of whom to ask about the document."""

    date: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that was shown to the model under `source`. Its text is read again when it is needed, as the asker."""

    source: int
    document: int
    version: int
    start: int
    end: int
    title: str = ""
    section: str = ""
    page: int | None = None
    date: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer: where it stands in it, the numbers it cites, and whether its quotes support it.

    `reason` names what is missing or differs: "number", "date", "name", "negation", "unit", "comparative", "terms"
    or "uncited".
    """

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    support: Support
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Statement(Quote):
    """What one of several documents that disagree says. `number` is 0 where the answer does not cite it.

    `effective_from` is empty where nobody said from when on the version is in force. `newest`: the others are older.
    """

    effective_from: str = ""
    updated: str = ""
    owner: str = ""
    newest: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """What documents, all of them in force, say differently of one matter: a statement of each."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """A document that meets the condition ("yes"), or of which that could not be decided ("unclear").

    `quote` is literally the version's text from `start` to `end`; a row that says "yes" always has one.
    """

    document: int
    version: int
    result: Literal["yes", "unclear"]
    title: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0
    quote: str = ""
    section: str = ""
    date: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that could not be checked. `reason`: "failed", "not_ready" or "no_text"."""

    document: int
    title: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """Which road is taken. `reason` is a word: "asked", "simple", or the router's feature that decided."""

    kind: ClassVar = "routed"
    mode: Road
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the model's reasoning, in the field of the protocol it came in.

    `anew`: the reply that was under way broke off, and the model was asked for it again.
    """

    kind: ClassVar = "thinking"
    text: str
    field: str = "reasoning_content"
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan as it now stands."""

    kind: ClassVar = "planned"
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """How far the files of the conversation are read. The answer begins when they are `ready`, which those that
    cannot be read are too."""

    kind: ClassVar[str] = "attached"
    files: tuple[AttachedFile, ...] = ()
    ready: bool = True


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A call of a tool. `more` counts the calls of the same reply that follow; all of them are stored at once."""

    kind: ClassVar = "tool_called"
    call_id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    more: int = 0


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """What a tool gave. `found` counts passages, matches or documents. `error` is a sentence, empty when it worked.

    `result` is what the model read, with each passage replaced by its source number.
    """

    kind: ClassVar = "tool_returned"
    call_id: str
    name: str
    summary: str = ""
    found: int = 0
    sources: tuple[Source, ...] = ()
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """How far the check of every document has come, with the rows and the unreadable documents found since the last.

    `checked` of `total` documents have been looked at; `unreadable` of them could not be read. `skipped` are not in
    force on the day asked for, and are not in `total`. `after` is the last document looked at, `until` the last of
    all; `complete` stands in the last event of a check that came to its end. `criterion` is in the first event.
    """

    kind: ClassVar = "surveyed"
    checked: int
    total: int
    unreadable: int = 0
    skipped: int = 0
    rows: tuple[SurveyRow, ...] = ()
    unread: tuple[Unreadable, ...] = ()
    after: int = 0
    until: int = 0
    complete: bool = False
    criterion: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escalated:
    """The fast road hands over to the Thinking agent; `reason` is the model's own sentence or a word of ours.

    The words are those of `agents.judging`. After a quick answer that its evidence does not carry, that answer stands
    here with what explains it.
    """

    kind: ClassVar = "escalated"
    reason: str = ""
    answer: str = ""
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    verdict: str = ""
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The quick answer stands after all and follows again; `reason`: "asked", or the kind of the failure."""

    kind: ClassVar = "kept"
    reason: str = "asked"


@dataclass(frozen=True, slots=True)
class Asked:
    """The run ends with a question to the person, which is its answer; `options` are answers to choose from."""

    kind: ClassVar = "asked"
    question: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revised:
    """What thinking changed in the quick answer, sentence by sentence. `changed` pairs the old with the new."""

    kind: ClassVar = "revised"
    reason: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    same: int = 0
    new_documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer in Markdown, with marks like `[1]` that `cited` explains."""

    kind: ClassVar = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    kind: ClassVar = "cited"
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer held against its evidence.

    `weakness` says in a word of `agents.judging` why more thought might help, `held_back` why it is not given:
    "asked" (the person chose the fast road) or "budget" (today's is used up). `hidden`: the administrator lets people
    know that documents which they may not see might answer. `conflicts`: what documents at hand say differently.
    """

    kind: ClassVar = "checked"
    claims: tuple[Claim, ...] = ()
    verdict: Verdict = "good"
    weakness: str = ""
    held_back: HeldBack = ""
    hidden: bool = False
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit was reached ("steps", "seconds", "tokens", "cost"); the answer that follows is the best so far."""

    kind: ClassVar = "limited"
    limit: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer. `usage` counts prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens."""

    kind: ClassVar = "finished"
    mode: Road
    answer: str
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, or one that broke off. `error` is a `ModelError`'s kind or a word of ours.

    The two sentences say what happened and what to do; `retry`: asking again may help.
    """

    kind: ClassVar = "failed"
    error: str
    message_en: str
    message_zh: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    kind: ClassVar = "cancelled"


Event = (
    Routed | Thinking | Planned | ToolCalled | ToolReturned | Surveyed | Escalated | Text | Cited | Checked | Limited
    | Asked | Revised | Kept | Attached | Finished | Failed | Cancelled
)  # fmt: skip
KINDS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        Routed, Thinking, Planned, ToolCalled, ToolReturned, Surveyed, Escalated, Text, Cited, Checked, Limited,
        Asked, Revised, Kept, Attached, Finished, Failed, Cancelled,
    )
}  # fmt: skip
LAST = (Finished, Failed, Cancelled)
"""A run's last event is one of these; nothing follows it."""
ANSWER_BEGINS = (ToolCalled, Escalated, Kept)
"""Text before one of these is not the answer."""


def to_data(event: Event) -> dict[str, Any]:
    """The event's fields as JSON data, without its kind."""
    return asdict(event)


def from_data(kind: str, data: dict[str, Any]) -> Event:
    """The event that `to_data` made `data` from. Fields it does not know are passed over.

    Raises:
        KeyError: for a kind that there is not.
        pydantic.ValidationError: for data that is not of this kind.
    """
    event: Event = _adapter(kind).validate_python(data)
    return event


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def answer_of(events: Iterable[Event]) -> str:
    """The answer so far: the text since the last tool call, hand-over or return to the quick answer."""
    pieces: list[str] = []
    for event in events:
        if isinstance(event, ANSWER_BEGINS):
            pieces.clear()
        elif isinstance(event, Text):
            pieces.append(event.text)
    return "".join(pieces)

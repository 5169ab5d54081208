"""Messages that say little by themselves: told with the question that they answer, and with what was asked next."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .messages import asks_writer
from .questions import AnswerType, answer_type
from .ranking import Evidence
from .text import language_of, question_terms
from .units import Unit, units

_SHORT = 6  # words, or pairs of characters, that do not stand by themselves
_SAID_AGAIN = 0.3  # of the question's words: such a reply stands by itself
_BRIEF = 4
_FULL = 3  # units of an answer
_NEAR = 2
_REPLY = re.compile(
    r"(?:yes|yep|yeah|no|nope|ok(?:ay)?|sure|agreed|approved|done|right|exactly|correct|not yet|i am|i will|i do|me)\b"
    r"|(?:好|可以|行|对|是|不|没|批|得|冇|系|嗯|同意|确认|已|我去|我来)",
    re.IGNORECASE,
)
_TOLD: frozenset[AnswerType] = frozenset(("person", "date", "number", "duration", "place"))


def in_full(picked: Sequence[Evidence]) -> list[Evidence]:
    """The evidence with, before each message that is but a reply, what was asked, and with all of that message.

    Once that makes an answer of several, no more evidence follows that is not said yet.
    """
    told: list[Evidence] = []
    for evidence in picked:
        if len(told) >= _FULL and len(told) > len(picked):
            break
        around = _exchange(evidence.unit) if _is_reply(evidence.unit) else (evidence.unit,)
        for unit in around:
            if unit not in [one.unit for one in told]:
                told.append(evidence if unit == evidence.unit else replace(evidence, unit=unit, also=()))
    return told


def _is_reply(unit: Unit) -> bool:
    if unit.writer is None or unit.kind != "sentence" or not unit.heading.endswith(("?", "？")):
        return False
    asked, said = set(question_terms(unit.heading)), set(question_terms(unit.text))
    if len(asked & said) >= _SAID_AGAIN * len(asked):
        return False
    return len(said) <= _SHORT or _REPLY.match(unit.text) is not None


def _exchange(reply: Unit) -> Iterator[Unit]:
    """The question that a reply answers, and the reply's message to its end."""
    shown = units(reply.source)
    asked = [unit for unit in shown[: reply.place] if unit.kind == "heading" and unit.text == reply.heading]
    if asked and asked[-1].writer is not None:
        yield asked[-1]
    place = reply.place
    while place > 0 and shown[place - 1].writer == reply.writer and shown[place - 1].kind == "sentence":
        place -= 1
    while place < len(shown) and shown[place].writer == reply.writer and shown[place].kind == "sentence":
        yield shown[place]
        place += 1


def said_next(question: str, best: Evidence) -> list[Evidence]:
    """The message that answers `question` after the one that speaks of it, or nothing.

    That is the reply to a short question that asks for the same ("Who goes?" "I do."), or where it is asked who said or
    agreed to something, the next writer's reply ("We need two more." "Agreed.").
    """
    kind = answer_type(question, language_of(question))
    unit = best.unit
    if unit.writer is None or kind not in _TOLD:
        return []
    shown = units(unit.source)
    for place in range(unit.place + 1, min(unit.place + 1 + _NEAR, len(shown))):
        asked, *replies = shown[place : place + 2]
        if asks_writer(question) and asked.writer not in (None, unit.writer) and _REPLY.match(asked.text):
            return [replace(best, unit=asked, also=())]
        brief = asked.kind == "heading" and len(question_terms(asked.text)) <= _BRIEF
        same = brief and answer_type(asked.text, language_of(asked.text)) == kind
        if same and replies and replies[0].writer not in (None, asked.writer):
            return [replace(best, unit=replies[0], also=())]
    return []

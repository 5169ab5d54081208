"""The local Instruct model: answers with sentences of the sources, each cited, or says that they do not answer."""

import re
from collections.abc import Sequence
from dataclasses import replace

from .columns import rows_of_column
from .conflicts import contradicting
from .conversation import Conversation
from .dialogue import in_full, said_next
from .extremes import extreme_rows
from .features import make_query
from .questions import answer_type
from .ranking import Evidence, Ranking, rank
from .text import Language, has_han, language_of, question_terms, terms
from .units import Unit, answer_column, units

REFUSAL = {
    "en": "The documents do not answer this. Try other words, or ask for the collection to be completed.",
    "zh": "文档中没有找到相关内容。请换一种问法，或请管理员补充资料。",
}
UNANSWERED = {
    "en": "The passages found do not answer the question, so other words have to be tried.",
    "zh": "已找到的内容不能回答问题，需要换一种方式再查。",
}
_DISAGREE = {
    "en": "Two documents give different values, so they have to be set side by side.",
    "zh": "两份文档给出的数值不同，需要对照。",
}
_OTHER_LANGUAGE = {
    "en": "The source is in Chinese; the passage reads:",
    "zh": "原文为英文，相关内容如下：",
}
_FOLLOW_UP = re.compile(
    r"^(?:and|but|also|what about|how about|then|so)\b|^(?:那么?|那|还有|另外|而|对于)|呢[？?]?$|"
    r"\b(?:it|they|them|that|those|this|he|she|his|her|their)\b|它|他们|这个|那个|该",
    re.IGNORECASE,
)
# How far below the best unit another may score and still be quoted with it: in any case, and when it adds something.
_VERY_CLOSE = 1.5
_CLOSE = 3.0
_LIMIT = 3
_ENDED = re.compile("[.!?…。！？；：:;][\"'”’」』）)]*\\s*$")
_LONGEST_LIST = 10
_TAG, _AS_CODE = re.compile(r"</?[A-Za-z][^<>`\n]{0,100}>"), r"`\g<0>`"
_ASKS_LIST = re.compile(
    r"\bwhat (?:are|steps|documents|items|things)\b|\bwhat (?:do|does|should|must) .+ (?:need|have to|do|bring)\b"
    r"|\bwhich (?:steps|documents|items|things)\b|哪些|哪几|需要.{0,6}什么|流程|步骤"
    r"|什么(?:材料|条件|步骤|流程|要求|资料|手续)",
    re.IGNORECASE,
)


def answer(conversation: Conversation) -> str:
    """An answer of at most three quoted sentences with `[n]` marks, or the refusal, in the question's language."""
    language = language_of(conversation.question)
    chosen = choose(conversation)
    if not chosen:
        return REFUSAL[language]
    return write(chosen, language)


def disagreement(conversation: Conversation) -> str:
    """Why the answer has to be weighed: a sentence in the question's language where sources contradict each other."""
    ranking = rank(
        make_query(conversation.question, asked_before(conversation), held=conversation.held), conversation.sources
    )
    if not ranking.answers or not contradicting(ranking.evidence[:1], ranking.evidence):
        return ""
    return _DISAGREE[language_of(conversation.question)]


def choose(conversation: Conversation) -> list[Evidence]:
    """The evidence to quote, first the best; empty when the sources do not cover the question."""
    query = make_query(conversation.question, asked_before(conversation), held=conversation.held)
    rows = extreme_rows(query.text, conversation.sources)
    if rows := rows or rows_of_column(query.text, query.kind, conversation.sources):
        return [Evidence(row, 0.0, 1.0) for row in rows]
    ranking = rank(query, conversation.sources)
    if not ranking.answers:
        return []
    best = ranking.evidence[0]
    return whole_list(conversation.question, best) or [*best_of(ranking), *said_next(conversation.question, best)]


def whole_list(question: str, best: Evidence) -> list[Evidence]:
    """All of the list, with what introduces it, that the best unit is of, where steps or several things are asked for.

    Nothing where the list is long, or where what stands over it says nothing of the question.
    """
    if not _ASKS_LIST.search(question) and answer_type(question, language_of(question)) != "procedure":
        return []
    shown = units(best.unit.source)
    start = end = best.unit.place + (best.unit.kind == "sentence" and best.unit.text.endswith((":", "：")))
    while start > 0 and _in_list(shown, start - 1, best.unit):
        start -= 1
    while end < len(shown) and _in_list(shown, end, best.unit):
        end += 1
    items = shown[start:end]
    leads = shown[start - 1 : start] if start and shown[start - 1].text.endswith((":", "：")) else ()
    over = " ".join((best.unit.heading, *(unit.text for unit in leads)))
    if _ASKS_LIST.search(question):
        over += f" {best.unit.source.title} {best.unit.source.section}"
    if not 2 <= len(items) <= _LONGEST_LIST or not set(terms(over)) & set(question_terms(question)):
        return []
    return [replace(best, unit=unit, also=()) for unit in (*(u for u in leads if u.kind == "sentence"), *items)]


def _in_list(shown: Sequence[Unit], place: int, best: Unit) -> bool:
    unit = shown[place]
    return unit.kind == "item" and unit.heading == best.heading


def best_of(ranking: Ranking) -> list[Evidence]:
    """The best unit, and up to two more that come very close to it, or come close and add words that were asked for.

    Another writer's message has to say something of the question itself: what was asked before stands over it. Nothing
    in another language goes with what answers in the question's own.
    """
    best, *others = ranking.evidence
    if best.typed and not _is_foreign(best.unit, ranking.language):
        others = [other for other in others if not _is_foreign(other.unit, ranking.language)]
    return [best, *(e for e in others[: _LIMIT - 1] if _goes_with(best, e))]


def _goes_with(best: Evidence, other: Evidence) -> bool:
    behind = best.score - other.score
    if other.unit.writer not in (None, best.unit.writer) and not other.held:
        return False
    return behind <= _VERY_CLOSE or (behind <= _CLOSE and not other.held <= best.held)


def asked_before(conversation: Conversation) -> str:
    """The earlier question a follow-up leans on, or nothing when the question stands by itself."""
    if not conversation.earlier:
        return ""
    short = len(question_terms(conversation.question)) <= 2
    if short or _FOLLOW_UP.search(conversation.question.strip()):
        return conversation.earlier[-1][0]
    return ""


def write(chosen: Sequence[Evidence], language: Language) -> str:
    """Quoted units as running text: the best first, then the others, a source's together and in reading order."""
    first, *rest = chosen
    order = list(dict.fromkeys(evidence.unit.source.number for evidence in chosen))
    picked = [first, *sorted(rest, key=lambda one: (order.index(one.unit.source.number), one.unit.place))]
    text = _joined(in_full(picked), language)
    if _is_foreign(first.unit, language):
        return f"{_OTHER_LANGUAGE[language]}\n\n{text}"
    return text


def _is_foreign(unit: Unit, language: Language) -> bool:
    """Whether a unit is in another language; rows of tables in two languages are in both."""
    if unit.kind == "row" and language == "zh":
        return not has_han(" ".join((*unit.header, unit.text)))
    return language_of(unit.text) != language


def _joined(picked: Sequence[Evidence], language: Language) -> str:
    text = ""
    several = len({evidence.unit.writer for evidence in picked}) > 1
    for before, evidence in zip((None, *picked), picked, strict=False):
        unit = evidence.unit
        told = quoted(unit, evidence.also)
        begins = before is None or before.unit.writer != unit.writer
        if unit.writer and not begins:
            told = told.removeprefix(str(unit.writer))
        if unit.kind != "sentence":
            text += ("\n" if text and not text.endswith("\n") else "") + f"- {told}\n"
        elif several and begins:
            text += ("\n" if text and not text.endswith("\n") else "") + f"- {told}"
        elif before is not None and before.unit.kind != "sentence":
            text += f"\n{told}"  # after an empty line, or it would be a part of the last item
        elif before is not None and not _ENDED.search(before.unit.text):
            text += f"\n{told}"  # or nobody could tell the two statements apart
        else:
            text += ("" if not text or text.endswith("\n") or language == "zh" else " ") + told
    return text.strip()


def quoted(unit: Unit, also: Sequence[int] = ()) -> str:
    """A unit as it is quoted, with the marks of its source and of those that say the same.

    A row is told with its header, a message with its writer; tags are told as code, for an answer is Markdown.
    """
    return f"{_TAG.sub(_AS_CODE, _told(unit))} {_marks(unit, also)}"


def _marks(unit: Unit, also: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in (unit.source.number, *also))


def _told(unit: Unit) -> str:
    if unit.kind == "row" and len(unit.header) == len(unit.cells):
        if (answer := answer_column(unit.header)) is not None and unit.cells[answer]:
            return unit.cells[answer]
        cells = zip(unit.header, unit.cells, strict=True)
        return "; ".join(f"{name}: {cell}" if name else cell for name, cell in cells if cell)
    return f"{unit.writer or ''}{unit.text}"

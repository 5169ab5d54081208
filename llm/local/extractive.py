"""The local Instruct model: answers with sentences of the sources, each cited, or says that they do not answer."""

import re
from collections.abc import Sequence

from .conflicts import contradicting
from .conversation import Conversation
from .ranking import Evidence, Ranking, make_query, rank
from .text import Language, language_of, question_terms
from .units import Unit

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


def answer(conversation: Conversation) -> str:
    """An answer of at most three quoted sentences with `[n]` marks, or the refusal, in the question's language."""
    language = language_of(conversation.question)
    chosen = choose(conversation)
    if not chosen:
        return REFUSAL[language]
    return write(chosen, language)


def disagreement(conversation: Conversation) -> str:
    """Why the answer has to be weighed: a sentence in the question's language where sources contradict each other."""
    ranking = rank(make_query(conversation.question, asked_before(conversation)), conversation.sources)
    if not ranking.answers or not contradicting(ranking.evidence[:1], ranking.evidence):
        return ""
    return _DISAGREE[language_of(conversation.question)]


def choose(conversation: Conversation) -> list[Evidence]:
    """The evidence to quote, first the best; empty when the sources do not cover the question."""
    ranking = rank(make_query(conversation.question, asked_before(conversation)), conversation.sources)
    return best_of(ranking) if ranking.answers else []


def best_of(ranking: Ranking) -> list[Evidence]:
    """The best unit, and up to two more that come very close to it, or come close and add words that were asked for."""
    best = ranking.evidence[0]
    return [best, *(e for e in ranking.evidence[1:_LIMIT] if _goes_with(best, e))]


def _goes_with(best: Evidence, other: Evidence) -> bool:
    behind = best.score - other.score
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
    first, *rest = [evidence.unit for evidence in chosen]
    order = list(dict.fromkeys(unit.source.number for unit in (first, *rest)))
    picked = [first, *sorted(rest, key=lambda unit: (order.index(unit.source.number), unit.place))]
    text = _joined(picked, language)
    if language_of(" ".join(unit.text for unit in picked)) != language:
        return f"{_OTHER_LANGUAGE[language]}\n\n{text}"
    return text


def _joined(picked: Sequence[Unit], language: Language) -> str:
    text = ""
    for unit in picked:
        if unit.kind == "sentence":
            text += ("" if not text or text.endswith("\n") or language == "zh" else " ") + quoted(unit)
        else:
            text += ("\n" if text and not text.endswith("\n") else "") + f"- {quoted(unit)}\n"
    return text.strip()


def quoted(unit: Unit) -> str:
    """A unit as it is quoted, with its mark. A table row is told with its header."""
    if unit.kind == "row" and len(unit.header) == len(unit.cells):
        told = "; ".join(
            f"{name}: {cell}" if name else cell for name, cell in zip(unit.header, unit.cells, strict=True) if cell
        )
        return f"{told} [{unit.source.number}]"
    return f"{unit.text} [{unit.source.number}]"

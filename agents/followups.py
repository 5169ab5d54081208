"""A question that leans on the one before it → words that find its sources on their own. Pure, and in both languages.

No model is asked for it: the search gets the subject of the earlier question along, the model gets the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LEANS_EN = re.compile(
    r"^(?:and|but|so|or|then|also|what about|how about|same for|what if|why(?: not)?\W*$|how so)\b"
    r"|\b(?:it|its|they|them|their|theirs|he|she|him|his|hers?|that one|this one|those|these|"
    r"the (?:same|former|latter)|the (?:first|second|third|last|other) one|there)\b",
    re.IGNORECASE,
)
_LEANS_ZH = re.compile(
    r"^(?:那|那么|还有|另外|以及|而|但|如果是?|换成|同样)|(?:它|他|她)们?的?|这个|那个|这些|那些|这种|那种|上述|其中|前者|后者|该(?=[\u4e00-\u9fff])|"
    r"呢[？?]?$|^为什么[？?]?$|^怎么[办做弄][？?]?$"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_NEW_SUBJECT = re.compile(r"[\"“「『《]|\b[A-Z][\w-]*(?:\s+[A-Z][\w-]*)+")
SHORT_WORDS, SHORT_HAN = 4, 7
LOOKED_AT = 1_000


def leans(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    text = question.strip()[:LOOKED_AT]
    if _HAN.search(text):
        return bool(_LEANS_ZH.search(text)) or (len(_HAN.findall(text)) <= SHORT_HAN and not _NEW_SUBJECT.search(text))
    return bool(_LEANS_EN.search(text)) or (len(text.split()) <= SHORT_WORDS and not _NEW_SUBJECT.search(text))


def standalone(question: str, earlier: Sequence[tuple[str, str]]) -> str:
    """The words to search with: the question, and before it the questions it leans on.

    The nearest earlier question that stands by itself carries the subject; those between it and now lean on it too.
    """
    if not leans(question):
        return question
    subjects: list[str] = []
    for before, _answer in reversed(earlier):
        subjects.insert(0, before)
        if not leans(before):
            break
    return "\n".join([*subjects[-2:], question])

"""What a question asks about a person or an amount by a word of its own: a relation, or which figure of several."""

import re
from collections.abc import Sequence

from .text import terms

_RELATIONS = {
    "spouse": r"\b(?:wife|wives|husband|spouse|marri(?:ed|es|age)|widow(?:er)?|bride)\b|妻|夫|配偶|[娶嫁婚]|太太",
    "child": r"\b(?:sons?|daughters?|child(?:ren)?)\b|儿|[长次幼独养嫡庶][子女]|女儿|子女|孩子|之[子女]|生[子女了下]",
    "parent": r"\b(?:father|mother|parents?|son of|daughter of|born to)\b|父|母|[爸妈]|之子|之女",
    "sibling": r"\b(?:brothers?|sisters?|siblings?|twin)\b|兄|弟|[姐姊妹]",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _RELATIONS.items()}
_OF = r"(?:'s|’s|\b(?:his|her))\s(?:\w+\s)?"
_ASKED = {
    name: re.compile(rf"{_OF}(?P<english>{english})\b|(?P<chinese>{chinese})(?:是|叫)", re.IGNORECASE)
    for name, english, chinese in (
        ("spouse", "wife|husband|spouse", "妻子|丈夫|夫人|配偶|太太|老婆|老公"),
        ("child", "sons?|daughters?|child(?:ren)?", "儿子|女儿|子女|孩子"),
        ("parent", "father|mother|parents?", "父亲|母亲|父母|爸爸|妈妈"),
        ("sibling", "brothers?|sisters?|siblings?", "哥哥|弟弟|姐姐|妹妹|兄弟|姐妹"),
    )
}
_FIGURE = re.compile(
    r"\b(?P<most>maximum|highest|peak)\b|\b(?P<least>minimum|lowest)\b|\b(?P<mean>average|mean|median)\b|(?P<of_mean>平均|均值)"
    r"|\b(?P<other>deepest|shallowest|largest|smallest|longest|shortest|tallest)\b|(?P<han>最[深浅高低大小长短重轻快慢多少远宽窄热冷])",
    re.IGNORECASE,
)


def asked_relation(question: str) -> str:
    """The relation to a person that a question asks about, or nothing."""
    return next((name for name, pattern in _ASKED.items() if pattern.search(question)), "")


def relations(text: str) -> frozenset[str]:
    """The relations that a text speaks of."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))


def relation_terms(question: str) -> tuple[str, ...]:
    """The terms of the word by which a question asks about a relation."""
    found = next((match for pattern in _ASKED.values() if (match := pattern.search(question))), None)
    return terms(found["english"] or found["chinese"]) if found else ()


def in_relation(question: str, texts: Sequence[str]) -> list[bool]:
    """Which texts speak of the relation that a question asks about."""
    asked = asked_relation(question)
    return [bool(asked) and asked in relations(text) for text in texts]


def figures_named(text: str) -> frozenset[str]:
    """The means, maxima and minima that a text speaks of: "mean", "most", "最深"."""
    return frozenset(
        (found.lastgroup or "").removeprefix("of_")
        if found.lastgroup not in ("other", "han")
        else found.group().lower()
        for found in _FIGURE.finditer(text)
    )

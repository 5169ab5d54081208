"""Currencies that a question asks for and a text has sums in."""

import re

_CURRENCIES = {
    "EUR": r"\beuros?\b|\bEUR\b|€|欧元",
    "USD": r"\bUSD\b|\bUS dollars?\b|US\$|(?<![A-Z])\$(?=\s?\d)|(?<!加拿大)美元|美金",
    "GBP": r"\bpounds?(?! of\b)\b|\bsterling\b|\bGBP\b|£|英镑",
    "JPY": r"\byen\b|\bJPY\b|日元|日圆",
    "HKD": r"\bHKD\b|HK\$|\bHong Kong dollars?\b|港币|港元",
    "CNY": r"\bCNY\b|\bRMB\b|\byuan\b|人民币",
    "TWD": r"\bTWD\b|NT\$|新台币|台币",
    "SGD": r"\bSGD\b|S\$|\bSingapore dollars?\b|新元|新加坡元",
    "CHF": r"\bCHF\b|\b(?:Swiss )?francs?\b|瑞士法郎",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CURRENCIES.items()}
_ASKED = re.compile(
    rf"(?:\bhow (?:many|much)\s(?:in\s)?|\bin\s|多少万?)(?P<currency>{'|'.join(_CURRENCIES.values())})", re.IGNORECASE
)


def asked_currency(question: str) -> str:
    """The currency in which a question wants a sum, or nothing."""
    found = _ASKED.search(question)
    return next(iter(sorted(currencies(found["currency"]))), "") if found else ""


def currencies(text: str) -> frozenset[str]:
    """The currencies that a text names."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))

"""The hard facts of a sentence, in forms that compare: numbers with units, months, negation, names. Pure."""

from __future__ import annotations

import re
from collections import defaultdict

from agents.terms import han_number, number
from agents.terms import numbers as all_numbers

_MONTHS = "january february march april may june july august september october november december"
_MONTH_NUMBERS = {name: value for value, name in enumerate(_MONTHS.split(), 1)}
_MONTH_WORD = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May)|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
_MONTH_NUMBER = re.compile(
    r"\b\d{4}[-/.](\d{1,2})[-/.]\d{1,2}\b|(\d{1,2}|[一二三四五六七八九十]{1,2})\s*月(?:份|\d|初|底|末|[^\w]|$)"
)

_UNITS = {
    "percent": r"%|％|per ?cent|个百分点",
    "day": r"(?:calendar |working |business |consecutive )?days?|个?(?:工作|自然)?[日天]",
    "week": r"weeks?|周|个?星期",
    "month": r"months?|个月",
    "year": r"years?|年|岁|周年",
    "hour": r"(?:working |business )?hours?|hrs?|个?小时|钟头",
    "minute": r"min(?:ute)?s?|分钟",
    "second": r"sec(?:ond)?s?|秒",
    "euro": r"euros?|eur|€|欧元",
    "dollar": r"dollars?|usd|us\$|\$|美元|美金",
    "yuan": r"yuan|rmb|cny|￥|¥|元|人民币",
    "pound": r"pounds?|gbp|£|英镑",
    "person": r"people|persons?|employees?|members?|个?人|名|位",
    "times": r"times|次|倍",
    "metre": r"met(?:re|er)s?|km|kilomet(?:re|er)s?|米|公里|千米",
    "kilogram": r"kg|kilograms?|公斤|千克",
    "byte": r"[kmgt]i?b|bytes?",
}
_AFTER = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _UNITS.items())
_SCALE = r"(?:\s?(?:thousand|million|billion|k|m|bn|万|亿|千))?"
_NUMERAL = "一二两三四五六七八九十百千万"
# A number is read from its first character on and is never long, so that rows of digits cost no more than other text.
_NUMBER = rf"(?<!\d)(?<!\d,)\d++(?:,\d++)*+(?:\.\d++)?|(?<![{_NUMERAL}])[{_NUMERAL}]{{1,20}}"
_WITH_UNIT = re.compile(rf"({_NUMBER}){_SCALE}\s?-?(?:{_AFTER})(?![A-Za-z])", re.IGNORECASE)
_BEFORE = {
    "€": "euro",
    "$": "dollar",
    "£": "pound",
    "￥": "yuan",
    "¥": "yuan",
    "eur": "euro",
    "usd": "dollar",
    "rmb": "yuan",
}
_UNIT_BEFORE = re.compile(r"(€|\$|£|￥|¥|\beur|\busd|\brmb)\s?(\d(?:[\d,]*\d)?(?:\.\d+)?)", re.IGNORECASE)
_PERCENT_BEFORE = re.compile(r"百分之([\d.]+|[一二三四五六七八九十百]+)")

# "No more than 5" denies nothing: it is a limit.
_LIMITS = re.compile(
    r"\b(?:no|not) (?:more|less|fewer|later|earlier|longer|lower|higher) than\b|\b(?:not|never) (?:to )?exceed\w*\b|"
    r"\bnot only\b|\bwhether or not\b|\bno later\b|"
    r"不得?(?:超过|少于|低于|高于|多于|大于|小于|晚于|早于|迟于|足|满|限)|不仅|不但|不同|无论|不管|不论",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nobody|nothing|forbidden|prohibited|banned|excluded|ineligible|"
    r"disallowed|denied|refused|unable|unpaid|unlimited)\b|n['’]t\b|"
    r"不(?!同|断|久|过[，,])|没有|没(?=[\u4e00-\u9fff])|未(?!来|休|满|使用|用)|无(?!锡|线|人机)|禁止|严禁|非(?=[\u4e00-\u9fff]{2})|除外|拒绝|免(?:费|除|于)",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Za-z]+-?\d+[\w-]*\b|\b[A-Z]{2,}[\w-]*\b|(?<![.!?:;•|#*\-\n] )(?<!^)\b[A-Z][A-Za-z]+\b")
_QUOTED = re.compile(r"[《「『]([^》」』]{2,40})[》」』]")


_ISO_DATE = re.compile(r"\b(\d{4})[-/.]\d{1,2}[-/.](\d{1,2})\b")
_MONTH_DIGITS = re.compile(r"(?:\d{1,2}|[一二三四五六七八九十]{1,2})\s*月(?!份?内)")


def numbers(text: str) -> set[str]:
    """The numbers of a text without those of months, which are written as words as well."""
    return all_numbers(_MONTH_DIGITS.sub(" ", _ISO_DATE.sub(r"\1 \2", text)))


def months(text: str) -> set[int]:
    """The months of the dates in a text, by number."""
    words = {word.lower()[:3] for word in _MONTH_WORD.findall(text)}
    found = {value for name, value in _MONTH_NUMBERS.items() if name[:3] in words}
    for iso, written in _MONTH_NUMBER.findall(text):
        digits = iso or (written if written.isdigit() else han_number(written))
        found.add(int(digits))
    return {month for month in found if 1 <= month <= 12}


def units(text: str) -> dict[str, set[str]]:
    """Which units each number of a text is counted in."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for match in _WITH_UNIT.finditer(text):
        found[_digits(match[1])].add(str(match.lastgroup))
    for sign, digits in _UNIT_BEFORE.findall(text):
        found[_digits(digits)].add(_BEFORE[sign.lower()])
    for digits in _PERCENT_BEFORE.findall(text):
        found[_digits(digits)].add("percent")
    return dict(found)


def _digits(text: str) -> str:
    return number(text) if text[0].isdigit() else han_number(text)


def negations(text: str) -> int:
    """How often a text says no."""
    return len(_NEGATION.findall(_LIMITS.sub(" ", text)))


def names(text: str) -> set[str]:
    """Names and codes in a text, in lower case: capitalised words inside sentences, abbreviations, `HR-204`, 《…》."""
    return {name.lower() for name in _NAME.findall(text)} | {name.lower() for name in _QUOTED.findall(text)}

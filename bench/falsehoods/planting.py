"""Sentences made false in one place: a number, a date, a name, a negation, a unit or a limit, English and Chinese.

It knows nothing of how claims are checked: what it changes, it finds by patterns of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

KINDS = ("number", "date", "name", "negation", "unit", "comparative")
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_NAMES_EN = ("Robert Fox", "Maria Keller", "Helen Ortiz", "Tom Barker")
_CITIES_EN = ("Lisbon", "Oslo", "Toronto", "Madrid", "Warsaw")
_NAMES_ZH = ("李娜", "周建国", "吴晓东", "郑敏", "黄志强")
_CITIES_ZH = ("成都", "青岛", "南京", "厦门", "大连")
_KNOWN_CITIES_ZH = "杭州|上海|北京|新加坡|柏林|深圳|广州|东京|巴黎|慕尼黑|汉堡|中国|美国|日本|德国|英国|法国"
_FAMILY = "孙王陈林周沈李张刘赵吴郑黄徐何韩"
Swap = tuple[str, str]
_NEGATE_EN: tuple[Swap, ...] = (
    (r"\b(must|may|can|should|shall|will|could|would) not\b", r"\1"),
    (r"\b(is|are|was|were|has|have|does|do|did) not\b", r"\1"),
    (r"\bcannot\b", "can"),
    (r"\bnever\b", "always"),
    (r"\b(must|may|can|should|shall|will)\b(?! not)", r"\1 not"),
    (r"\b(is|are|was|were)\b(?! not)", r"\1 not"),
)
_NEGATE_ZH: tuple[Swap, ...] = (
    ("不得", "可以"), ("不需要|无需|不必", "需要"), ("不能", "能"), ("没有", "有"), ("禁止", "允许"),
    ("不可", "可"),
    ("未", "已"), ("必须", "无须"), ("可以", "不可以"), ("(?<!不)可(?=[^以能靠])", "不可"),
    ("应(?=[由当在于向提])", "不应"), ("(?<!但)是(?!否)", "不是"),
    ("须", "无须"), ("允许", "禁止"), ("(?<=[^没])有(?=[一权资])", "没有"),
)  # fmt: skip
_UNITS_EN: tuple[Swap, ...] = (
    (r"(?<=\d )(?:working |calendar )?days\b", "weeks"), (r"(?<=\d )weeks\b", "months"),
    (r"(?<=\d )months\b", "weeks"),
    (r"(?<=\d )hours\b", "minutes"), (r"(?<=\d )minutes\b", "hours"), (r"(?<=\d )years\b", "months"),
    (r"(?<=\d )percent\b|(?<=\d)%", " euros"), (r"(?<=\d )euros?\b", "dollars"), (r"\bCNY(?= \d)", "USD"),
    (r"\bEUR(?= \d)", "USD"),
    (r"(?<=\d )(?:USD|dollars)\b", "euros"), (r"(?<=\d )km\b", "miles"), (r"(?<=\d )kg\b", "g"),
    (r"(?<=\d )nights\b", "weeks"),
    (r"(?<=\d )(?:metres|meters)\b", "feet"), (r"\$(?=\d)", "€"), (r"£(?=\d)", "$"),
)  # fmt: skip
_UNITS_ZH: tuple[Swap, ...] = (
    (r"(?<=[\d十])个?工作日|(?<=[\d十])[天日](?!月)", "周"), (r"(?<=[\d十])个月", "年"),
    (r"(?<=\d)小时", "分钟"), (r"(?<=\d)分钟", "小时"),
    (r"(?<=\d)%", "元"), (r"(?<=\d)元", "美元"), (r"(?<=\d)美元", "欧元"), (r"(?<=\d)公里", "英里"),
    (r"(?<=\d)公斤", "克"),
    (r"(?<=\d)周(?!岁)", "个月"), (r"(?<=\d)岁", "个月"), (r"(?<=\d)米", "公里"), (r"(?<=\d)平方公里", "平方米"),
)  # fmt: skip
_LIMITS_EN: tuple[Swap, ...] = (
    (r"\bat least\b", "at most"), (r"\bat most\b", "at least"), (r"\bup to\b(?= \S*\d)", "at least"),
    (r"\bmore than\b", "less than"),
    (r"\bless than\b", "more than"), (r"\bor more\b", "or less"), (r"\bbefore\b", "after"),
    (r"\bafter\b", "before"),
    (r"\bwithin\b(?= \d)", "after at least"), (r"\bhigher\b", "lower"), (r"\blower\b", "higher"),
    (r"\babove\b", "below"),
    (r"\bincreased\b", "decreased"), (r"\bmaximum\b", "minimum"), (r"\bminimum\b", "maximum"),
    (r"\blargest\b", "smallest"),
)  # fmt: skip
_LIMITS_ZH: tuple[Swap, ...] = (
    ("至少", "至多"), ("最多", "至少"), ("至多", "至少"), ("不超过", "不少于"), ("不得超过", "不得少于"),
    ("超过", "低于"), ("以上", "以下"), ("以下", "以上"),
    ("以内|(?<=[天日月])内", "以上"), ("之前|(?<=[日天])前", "之后"), ("之后|(?<=[日天])后", "之前"),
    ("高于", "低于"), ("低于", "高于"),
    ("增长", "下降"), ("增加", "减少"), ("最高", "最低"), ("最低", "最高"), ("最大", "最小"),
)  # fmt: skip
_NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "ten", "twelve")


def planted(sentence: str, kind: str, chinese: bool, chance: random.Random) -> str | None:
    """`sentence` with one thing of the kind changed, or None where it has no such thing."""
    changed = _CHANGES[kind](sentence, chinese, chance)
    return changed if changed and changed != sentence else None


def _swapped(sentence: str, swaps: Sequence[Swap]) -> str | None:
    for pattern, other in swaps:
        changed, count = re.subn(pattern, other, sentence, count=1)
        if count:
            return changed
    return None


def _number(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    dates = rf"\d{{4}}-\d|\d{{1,2}} (?:{'|'.join(_MONTHS)})|(?:{'|'.join(_MONTHS)}) \d|\d+\s?[年月日号]|\d:\d"
    blocked = [match.span() for match in re.finditer(dates, sentence)]
    places = [
        match
        for match in re.finditer(r"(?<![\d.,\w-])\d[\d,]*(?:\.\d+)?(?![\d:]|[年月日号]|-\d)", sentence)
        if not any(start < match.end() and match.start() < end for start, end in blocked)
    ]
    if not places:
        return _number_word(sentence, chinese, chance)
    match = chance.choice(places)
    digits = match[0]
    while (new := _other_digits(digits, chance)) in sentence:
        digits = new
    return sentence[: match.start()] + new + sentence[match.end() :]


def _other_digits(digits: str, chance: random.Random) -> str:
    place = chance.choice([i for i, char in enumerate(digits) if char.isdigit()])
    new = chance.choice([char for char in "123456789" if char != digits[place]])
    return digits[:place] + new + digits[place + 1 :]


def _number_word(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    if chinese:
        match = re.search(r"(?<![一二三四五六七八九十百第])[二两三四五六七八九十](?=[年个天周次名位项条种])", sentence)
        return (
            f"{sentence[: match.start()]}{'九' if match[0] != '九' else '四'}{sentence[match.end() :]}"
            if match
            else None
        )
    match = re.search(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", sentence)
    if not match:
        return None
    new = chance.choice([word for word in _NUMBER_WORDS if word != match[0]])
    return sentence[: match.start()] + new + sentence[match.end() :]


def _date(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    if match := re.search(rf"\b(?:{'|'.join(_MONTHS)})\b", sentence):
        if match[0] == "May" and not re.search(r"\d May|May \d", sentence):
            return None
        new = chance.choice([month for month in _MONTHS if month != match[0] and month not in sentence])
        return sentence[: match.start()] + new + sentence[match.end() :]
    if match := re.search(r"(\d{1,2})(?=月)", sentence):
        new = chance.choice(
            [str(month) for month in range(1, 13) if str(month) != match[0] and f"{month}月" not in sentence]
        )
        return sentence[: match.start()] + new + sentence[match.end() :]
    if match := re.search(r"(?<!\d)(?:19|20)\d\d(?=年)|(?<=\b[Ii]n )(?:1[89]|20)\d\d\b", sentence):
        new = str(int(match[0]) + chance.choice((-7, -3, -2, 2, 3, 9)))
        return sentence[: match.start()] + new + sentence[match.end() :]
    if match := re.search(r"(?<![\d:])(\d{1,2})(?=:\d\d)", sentence):
        return (
            sentence[: match.start()] + str((int(match[0]) + chance.choice((1, 2, 3))) % 24) + sentence[match.end() :]
        )
    return None


def _name(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    if chinese:
        if match := re.search(_KNOWN_CITIES_ZH, sentence):
            new = chance.choice([city for city in _CITIES_ZH if city not in sentence])
            return sentence[: match.start()] + new + sentence[match.end() :]
        if match := re.search(
            rf"(?<=[由向请报是为任席理师监管])[{_FAMILY}][\u4e00-\u9fff](?=[或和、，。审批负提及报])", sentence
        ):
            return sentence[: match.start()] + chance.choice(_NAMES_ZH) + sentence[match.end() :]
        return None
    skipped = r"(?!CNY|EUR|USD|SGD|The|A|An|In|On|It|If|For|PDF|" + "|".join(_MONTHS) + r")"
    pair = re.search(rf"(?<=[a-z,] ){skipped}[A-Z][a-z]+ [A-Z][a-z]+\b", sentence)
    if pair:
        return sentence[: pair.start()] + chance.choice(_NAMES_EN) + sentence[pair.end() :]
    if match := re.search(rf"(?<=[a-z,] ){skipped}[A-Z][a-z]{{2,}}\b", sentence):
        return (
            sentence[: match.start()]
            + chance.choice([c for c in _CITIES_EN if c not in sentence])
            + sentence[match.end() :]
        )
    return None


def _negation(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    return _swapped(sentence, _NEGATE_ZH if chinese else _NEGATE_EN)


def _unit(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    return _swapped(sentence, _UNITS_ZH if chinese else _UNITS_EN)


def _comparative(sentence: str, chinese: bool, chance: random.Random) -> str | None:
    return _swapped(sentence, _LIMITS_ZH if chinese else _LIMITS_EN)


_CHANGES: dict[str, Callable[[str, bool, random.Random], str | None]] = {
    "number": _number,
    "date": _date,
    "name": _name,
    "negation": _negation,
    "unit": _unit,
    "comparative": _comparative,
}

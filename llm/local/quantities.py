"""Amounts in text, and the sum that a question asks to be made of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .text import Language, question_terms, terms
from .units import Unit

Operation = Literal["sum", "difference", "percent", "remaining", "average"]

_UNIT_NAMES: dict[str, str] = {}
for _name, _spellings in {
    "day": "day days 天 日 工作日 个工作日",
    "night": "night nights 晚 夜 间夜",
    "week": "week weeks 周 星期",
    "month": "month months 月 个月",
    "year": "year years 年",
    "hour": "hour hours 小时 个小时",
    "minute": "minute minutes 分钟",
    "person": "person persons people employee employees head traveller travelers 人 名 位",
    "percent": "% percent 个百分点",
    "EUR": "eur euro euros € 欧元",
    "USD": "usd dollar dollars $ 美元",
    "CNY": "cny rmb yuan ¥ ￥ 元 块 人民币",
    "GBP": "gbp pounds £ 英镑",
    "time": "times 次",
    "unit": "unit units piece pieces item items licence licences license licenses seat seats 件 个 台 套 份 块 张",
    "km": "km kilometres kilometers kilometre kilometer 公里 千米",
    "GB": "gb",
    "MB": "mb",
}.items():
    _UNIT_NAMES |= dict.fromkeys(_spellings.split(), _name)
_SPELLED = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_UNITS = "|".join(sorted(map(re.escape, _UNIT_NAMES), key=len, reverse=True))
_LATIN_UNITS = "|".join(sorted((u for u in _UNIT_NAMES if u[0].isascii() and u.isalpha()), key=len, reverse=True))
_OTHER_UNITS = "|".join(
    sorted((re.escape(u) for u in _UNIT_NAMES if not (u[0].isascii() and u.isalpha())), key=len, reverse=True)
)
_AMOUNT = re.compile(
    rf"(?P<before>[$€£¥￥]|\b(?:EUR|USD|CNY|RMB|GBP)\s?)?"
    rf"(?P<number>(?<![\w.])\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|"
    rf"(?<![A-Za-z\d.])\d+(?:\.\d+)?|"
    rf"\b(?:{'|'.join(w for w in _SPELLED if w.isascii())})\b"
    rf"|[{''.join(w for w in _SPELLED if not w.isascii())}](?=个?(?:{_OTHER_UNITS})))"
    rf"(?P<scale>\s?(?:万|亿|million|billion|thousand|k(?![a-z])))?"
    rf"(?P<gap>[\s-]{{0,2}}(?:(?:working|business|calendar|paid|full|extra|additional)\s)?个?)"
    rf"(?P<unit>(?:{_LATIN_UNITS})\b|{_OTHER_UNITS})?",
    re.IGNORECASE,
)
_CODE_BEFORE = re.compile(
    r"(?:[A-Za-z]-?|[§#])$|(?:\b(?:section|article|chapter|version|page|no\.|step|table|"
    r"level|priority|tier|grade)|第)\s?$",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"调整(?:为|到|至)|改为|变更为|[提升降减增](?:高|低|少|加)?(?:到|至|为)|\b(?:raised|increased|lowered|reduced|changed|cut)\b.{0,40}\bto\b",
    re.IGNORECASE,
)
_ANY_UNIT = re.compile(rf"\b(?:{_LATIN_UNITS})\b|{_OTHER_UNITS}", re.IGNORECASE)
_CURRENCY = re.compile(r"\bcurrency\b|币种|货币", re.IGNORECASE)
_CODE = re.compile("[A-Z]{3}")
_SCALES = {"万": 1e4, "亿": 1e8, "million": 1e6, "billion": 1e9, "thousand": 1e3, "k": 1e3}
_PER = re.compile(
    rf"(?:\b(?:per|each|every|an?|/)\s?|/\s?|每)(?:个)?(?P<unit>(?:{_LATIN_UNITS})\b|{_OTHER_UNITS})", re.IGNORECASE
)
_OPERATIONS: dict[Language, tuple[tuple[Operation, str], ...]] = {
    "en": (
        ("percent", r"\bpercent\w*\b.*\b(?:increase|decrease|change|higher|lower|more|less|rise|growth|"
            r"grow)|\bby what (?:percent|share)"),
        ("remaining", r"\bleft\b|\bremain\w*\b|\bstill have\b"),
        ("average", r"\baverage\b"),
        ("difference", r"\bdifferen\w+\b|\bhow (?:much|many)\b.*\b(?:more|less|fewer|longer|shorter|higher|"
            r"lower|larger|cheaper)\b|\bchange[sd]?\b|\b(?:more|less|fewer|longer|higher|lower|"
            r"older|cheaper|larger|smaller|shorter|later|earlier)\b.*\bor\b|\bcompare"),
        ("sum", r"\btotal\b|\bsum\b|\baltogether\b|\bcombined\b|\btogether\b|\boverall\b|\bhow much\b|\bhow many\b"),
    ),
    "zh": (
        ("percent", r"百分之|百分比|比例|增长率|涨幅|幅度|增幅"),
        ("remaining", r"剩|还有多少|还能"),
        ("average", r"平均"),
        ("difference", r"相差|差多少|差额|多多少|少多少|[高低长短贵大小早晚多少]多少|差异|区别|变化|相比|对比|比较|更"),
        ("sum", r"一共|总共|合计|总计|共计|总额|加起来|共|多少"),
    ),
}  # fmt: skip
_OPERATION_RES = {
    language: tuple((operation, re.compile(pattern, re.IGNORECASE)) for operation, pattern in rows)
    for language, rows in _OPERATIONS.items()
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what it counts. `per` names the unit it is given for: 180 EUR per night."""

    value: float
    unit: str = ""
    per: str = ""
    start: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """An amount found for a part of the question, and the number of the source that holds it."""

    label: str
    amount: Amount
    source: int


def amounts(text: str) -> list[Amount]:
    """The amounts of a text in order; years, dates, section and version numbers are left out."""
    found = []
    for match in _AMOUNT.finditer(text):
        unit = match["unit"] or (match["before"] or "").strip()
        if _is_no_amount(text, match, unit):
            continue
        digits = match["number"].replace(",", "").lower()
        value = float(_SPELLED[digits]) if digits in _SPELLED else float(digits)
        value *= _SCALES.get((match["scale"] or "").strip().lower(), 1)
        per = _PER.search(text, max(0, match.start() - 12), match.end() + 24)
        rate = _UNIT_NAMES.get(per["unit"].lower(), "") if per and not (per.start() < match.start() < per.end()) else ""
        found.append(Amount(value, _UNIT_NAMES.get(unit.lower(), ""), rate, match.start()))
    return found


def _is_no_amount(text: str, match: re.Match[str], unit: str) -> bool:
    number = match["number"]
    year = re.fullmatch(r"(?:19|20)\d\d", number) and (not unit or unit in ("年", "year"))
    date = unit in ("月", "日", "年") and (bool(year) or re.match(r"\d{1,2}\s*[月日号]", text[match.start() :]))
    code = _CODE_BEFORE.search(text[: match.start()][-12:])
    iso = re.match(r"\d+[-:/]\d", text[match.start() :]) or re.search(r"\d[-:/]$", text[: match.start()][-2:])
    spelled_alone = not number[0].isdigit() and not unit
    of_month = unit in ("日", "号") and text[: match.start()].rstrip().endswith("月")
    return bool(year or of_month or (date and unit != "日") or code or iso or spelled_alone)


def operation_of(question: str, language: Language) -> Operation | None:
    """The sum a question asks for, or None when it asks for none."""
    for operation, pattern in _OPERATION_RES[language]:
        if pattern.search(question):
            return operation
    return None


def amount_in(unit: Unit, wanted: str, question_amounts: Sequence[Amount]) -> Amount | None:
    """The amount of a unit that answers `wanted`: in a table row the cell under the best header, else the nearest."""
    given = {amount.value for amount in question_amounts}
    if unit.kind == "row" and len(unit.header) == len(unit.cells):
        return _amount_in_row(unit, wanted)
    found = [amount for amount in amounts(unit.text) if amount.value not in given or amount.unit not in ("", "day")]
    if not found:
        return None
    if changed := _CHANGED.search(unit.text):
        # "Raised from 150 to 185": what holds is what comes last.
        found = [amount for amount in found if amount.start >= changed.end()] or found
    asked = set(question_terms(wanted))
    return max(found, key=lambda amount: (bool(amount.unit), _nearness(unit.text, amount, asked)))


def _amount_in_row(unit: Unit, wanted: str) -> Amount | None:
    """The cell under the header most like `wanted`; a column of currencies says what its row's amounts are in."""
    asked = set(terms(wanted))
    cells = zip(unit.header, unit.cells, strict=True)
    currency = next((cell for name, cell in cells if _CURRENCY.search(name) and _CODE.fullmatch(cell)), "")
    best: tuple[int, Amount] | None = None
    for name, cell in zip(unit.header, unit.cells, strict=True):
        inside = amounts(cell)
        overlap = len(set(terms(name)) & asked)
        if inside and (best is None or overlap > best[0]):
            best = (overlap, _under_header(inside[0], name))
    if best is None:
        return None
    return replace(best[1], unit=currency) if currency and not best[1].unit else best[1]


def _under_header(amount: Amount, name: str) -> Amount:
    """A cell's amount with what its column's name says of it: "Limit per night (EUR)"."""
    rate = _PER.search(name)
    rest = _PER.sub(" ", name)
    named = _ANY_UNIT.search(rest)
    return Amount(
        amount.value,
        amount.unit or (_UNIT_NAMES[named.group().lower()] if named else ""),
        amount.per or (_UNIT_NAMES[rate["unit"].lower()] if rate else ""),
    )


def _nearness(text: str, amount: Amount, asked: set[str]) -> float:
    """How close the asked-for terms stand to an amount: the sum of their inverse distances in characters."""
    total = 0.0
    for match in re.finditer(r"[A-Za-z]+|[\u3400-\u9fff]{2}", text):
        if set(terms(match.group())) & asked:
            # A number belongs rather to the words before it than to those after it.
            gap = amount.start - match.start()
            total += 1 / (8 + (gap if gap > 0 else -2 * gap))
    return total


def expression(operation: Operation, facts: Sequence[Fact], given: Sequence[Amount]) -> str | None:
    """The sum as a Python expression, or None when the facts do not make one.

    A fact given "per night" is multiplied by the nights the question names; the facts are then added, subtracted or
    related to each other, as the operation says.
    """
    told = [_multiplied(fact.amount, given) for fact in facts]
    multiplied = any("*" in term for term in told)
    if operation == "remaining" and facts:
        used = [a for a in given if a.unit in ("", facts[0].amount.unit)]
        return f"{told[0]} - {plain_number(used[0].value)}" if used else None
    if len(told) >= 2 and len({fact.amount.unit for fact in facts}) == 1:
        first, last = told[0], told[-1]
        if operation == "percent":
            return f"({last} - {first}) / {first} * 100"
        if operation == "difference":
            return f"{last} - {first}" if facts[-1].amount.value >= facts[0].amount.value else f"{first} - {last}"
        if operation == "average":
            return f"({' + '.join(told)}) / {len(told)}"
        return " + ".join(told)
    return told[0] if len(told) == 1 and multiplied and operation == "sum" else None


def _multiplied(amount: Amount, given: Sequence[Amount]) -> str:
    factors = [plain_number(a.value) for a in given if a.unit and a.unit in _counts_as(amount.per)]
    people = [plain_number(a.value) for a in given if a.unit == "person" and amount.per and amount.per != "person"]
    return " * ".join([*(factors or []), *(people if factors else []), plain_number(amount.value)])


def _counts_as(per: str) -> tuple[str, ...]:
    return {"night": ("night",), "day": ("day",), "": ()}.get(per, (per,))


def plain_number(value: float) -> str:
    """A number without a needless fraction: 180, 12.5."""
    return str(int(value)) if value == int(value) else repr(round(value, 6))

"""Numbers with their units, limits and precision, in a form that compares: English and Chinese, digits and words. Pure.

"two weeks" and "14 天" are the same quantity; "at most 5 days" and "至少5天" are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from agents.terms import han_number
from agents.units import AFTER, CURRENCIES, CURRENCY_BEFORE, PAID, SCALES, unit_of

Bound = Literal["", "min", "max"]


class Quantity(NamedTuple):
    """`written` as it stands, `value` in the unit of its `dimension`. `step`: what the last digit stands for.

    `soft`: a "one" or "first" that may be no number at all. `about`: the text says that it is rounded. `per`: the
    unit of time that it is paid, given or limited for ("a month"), `trend`: "up" or "down" for what rose or fell by it;
    both empty where the text does not say.
    """

    written: Fraction
    value: Fraction
    dimension: str
    bound: Bound
    step: Fraction
    about: bool
    soft: bool
    start: int
    end: int
    per: str = ""
    trend: str = ""

    @property
    def counts(self) -> bool:
        """Whether it tells an amount: it is surely a number, and not only the place in an order."""
        return not self.soft and self.dimension != "ordinal"


_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_CARDINALS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: value for value, word in enumerate(_TENS.split(), 2) for value in (value * 10,)
}
_MAGNITUDES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
_NTH = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINALS = {word: value for value, word in enumerate(_NTH.split(), 1)}
_CARDINAL = "|".join(_CARDINALS)
_WORD = "|".join([*_CARDINALS, *_MAGNITUDES])
_SCALE = re.compile(
    r"(?:\s?(?:(?:thousand|million|billion|trillion|mn|bn|dozen)\b|k\b)|\s?(?:万亿|[十百千]万|[百千万亿]))",
    re.IGNORECASE,
)
# "EUR 84.6m", "£2bn": an m behind an amount of money is a million, and no metre.
_SCALE_OF_MONEY = re.compile(r"\s?(?:(?P<m>m)|(?P<b>b))\b", re.IGNORECASE)
_HAN = "零〇一二两三四五六七八九十百千万亿"
_MEASURES = (
    "个天日月年周次名人位元块倍章条项号岁小工种层件份秒米公斤吨度页张台套晚夜期级成届家处季折美欧英港星礼自克升课"
)
# A number is read from its first character on and is never long, so that rows of digits cost no more than other text.
_NUMBER = re.compile(
    r"(?P<digits>(?<!\d)(?<!\d\.)(?:(?<![A-Za-z_])|(?<=eur|usd|rmb|gbp|cny|hkd|sgd|chf|"
    r"jpy))(?<![A-Za-z]-)\d{1,40}+(?:,\d{3})*+(?:\.\d{1,12}+)?(?!\d)(?:(?P<th>st|nd|rd|th)\b)?)|"
    rf"(?P<words>\b(?:{_CARDINAL}|(?<=\ba )(?:hundred|thousand|million|billion|"
    rf"dozen))\b(?:[ -](?:(?<=hundred )and |(?<=thousand )and |(?<=million )and )?(?:{_WORD})\b){{0,9}}"
    r"(?: and (?:a|one) half\b)?)|"
    rf"(?P<ordinal>\b(?:{'|'.join(_ORDINALS)})\b)|"
    r"(?P<half>\b(?:half an?|half)\b|(?<![上下])半(?=个?[年月天日小]))|(?P<q>\bQ[1-4](?!\w))|"
    rf"(?P<percent>[百千万]分之(?:[{_HAN}]{{1,12}}(?:点[{_HAN}]{{1,9}})?|\d{{1,9}}(?:\.\d{{1,9}})?))|"
    rf"(?P<han>(?<![{_HAN}])(?:第)?[{_HAN}]{{1,20}}+(?:点[零〇一二三四五六七八九]{{1,9}}+)?(?![零〇一二两三四五六七八九十]))",
    re.IGNORECASE,
)
_REAL_HAN = re.compile(
    r"[十百千万亿].*[一二两三四五六七八九]|[一二两三四五六七八九].*[十百千万亿]|[零〇一二三四五六七八九]{4}"
)

# "35 euros a month", 每月三百元: an amount of one is not an amount of the other.
_PER = (
    ("minute", r"minute|分钟?"), ("hour", r"hour|小时"), ("day", r"day|[天日]"), ("night", r"night|[晚夜]"),
    ("week", r"week|周(?!年)|星期"), ("month", r"month|个?月"), ("quarter", r"quarter|个?季度?"),
    ("year", r"year|annum|年"),
)  # fmt: skip
_PERIOD = "(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _PER) + ")"
_PER_AFTER = re.compile(
    r"\s?(?:(?:a|an|per|each|every)\s(?:[a-z]+ (?:and|per|a) )?(?:calendar |full |working )?|[/／每]\s?)"
    rf"{_PERIOD}s?(?![a-z])",
    re.IGNORECASE,
)
_PER_BEFORE = re.compile(rf"每{_PERIOD}(?!度)[^，。；、,;\d每零〇一二两三四五六七八九十百千万亿]{{0,12}}\Z")
_PAY_BEFORE = re.compile(rf"(?<!每){_PERIOD}(?:费|薪|租金?|工资|奖金?)[^，。；\d]{{0,4}}\Z")
_ADVERBS = (
    ("hour", "hourly"), ("day", "daily"), ("week", "weekly"), ("month", "monthly"), ("quarter", "quarterly"),
    ("year", "yearly|annually|annual"),
)  # fmt: skip
_ADVERB = "(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _ADVERBS) + ")"
_ADVERB_AFTER = re.compile(rf"\s{_ADVERB}\b(?!\s[a-z]+s\b)", re.IGNORECASE)
_ADVERB_BEFORE = re.compile(rf"\b{_ADVERB} (?:[a-z]+ ){{1,3}}(?:of |is |are |: )?[$€£￥¥]?\Z", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:(?<!\bno )(?<!\bnot )\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|circa|"
    r"close to|over|more than|just under|"
    r"just over)|[~≈]|大?约|接近|将近|近|(?<!不)(?<!得)(?<!能)超过|逾|大概)\W{0,3}(?:us|hk)?[$€£￥¥]?\Z",
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(r"\s?(?:or so\b|左右|上下|[余多])", re.IGNORECASE)
_FILLER = (
    r"\W{0,2}(?:(?:of|the|an?|about|for|is|are|to|by|with|为|是|在|达|仅|可以|可|只能|提前|放宽到|报销|支付|结转)\W{0,2}){0,3}"
    r"(?:us|hk|s)?[$€£￥¥]?(?:usd|eur|rmb|cny)?\s?\Z"
)
_MIN_BEFORE = re.compile(
    r"(?:\bat least|\b(?:no|not) (?:less|fewer|lower|shorter|earlier|sooner) than|\bminimum|\bmin\.|"
    r"(?<!no )(?<!not )\b(?:more|greater|longer|"
    r"higher|larger|older) than|\bover|\babove|(?<!not )(?<!not to )(?<!never )\bexceed(?:s|ed|ing)?|"
    r"至少|不得?(?:少于|低于|小于|短于|早于)|最少|最低|起码|(?<!不)(?<!得)(?<!能)(?<!不可)(?:超过|多于|高于|"
    r"大于)|逾|满)" + _FILLER,
    re.IGNORECASE,
)
_MAX_BEFORE = re.compile(
    r"(?:\bat (?:the )?most|\bup to|\b(?:no|not) (?:more|greater|longer|higher|later|larger) than|\bmaximum|\bmax\.?|"
    r"(?<!no )(?<!not )\b(?:less|fewer|lower|shorter|younger) than|\bunder|\bbelow|\bwithin|\b(?:not|"
    r"never) (?:to )?exceed(?:ing)?|"
    r"\blimited to|\bcapped at|最多|至多|(?:不得?|不能|不可|不应)(?:超过|多于|高于|大于|晚于|迟于)|最高|最长|"
    r"上限|(?<!不)(?<!得)(?:少于|低于|小于)|不足|不满)" + _FILLER,
    re.IGNORECASE,
)
# "Nobody under eighteen may", "do not … for longer than ten seconds": who is not to be below has to be above.
_EXCLUDED = re.compile(
    r"(?:\b(?:nobody|no one|no persons?|no employees?) (?:(?:may|can|shall|is to|must)(?: [a-z]+){1,4} )?|"
    r"\b(?:do|may|must|shall|can|should)(?: not|not) (?:[a-z]+ ){1,4}?(?:for )?)"
    r"(?:more|longer|less|fewer|greater|younger|older|under|below|over|above)(?: than)? ?\Z|"
    r"(?:不得|不能|不可|不应|不许|禁止|严禁)[^，。；超]{1,8}(?:超过|多于|高于)\Z",
    re.IGNORECASE,
)
_MIN_AFTER = re.compile(
    r"(?:[（(]含[)）])?\s?\W?\s?(?:(?:or|and) (?:more|above|over|longer|older|higher)\b|"
    r"(?:at )?(?:the )?(?:minimum|least)\b|及?以上|起(?!草|步|来))",
    re.IGNORECASE,
)
_MAX_AFTER = re.compile(
    r"(?:[（(]含[)）])?\s?\W?\s?(?:or (?:less|fewer|under|below|shorter)\b|(?:at )?(?:the )?(?:maximum|most)\b|及?以下|"
    r"[以之]?内(?!部|容|蒙|[地外])|为限|封顶|为上限)",
    re.IGNORECASE,
)
_HAN_RANGE = re.compile(rf"[至到][{_HAN}]")
_RANGE = re.compile(r"\s?(?:-|–|—|~|～|to|and|or|至|到|或|、|,)\s?(?:us|hk|s)?[$€£￥¥]?")


MOST = 1000
"""Quantities that are read of one text: no passage has so many, and rows of digits shall cost little."""


def quantities(text: str) -> list[Quantity]:
    """The quantities of a text in order. Dates and times of day should have been taken out before."""
    found: list[Quantity] = []
    for match in _NUMBER.finditer(text):
        if len(found) == MOST:
            break
        if (not found or match.start() >= found[-1].end) and (one := _quantity(text, match)):
            found.append(one)
    # "3 to 5 days": the unit behind the second number is the first one's too.
    for i in range(len(found) - 2, -1, -1):
        one, after = found[i], found[i + 1]
        if not one.dimension and after.dimension and _RANGE.fullmatch(text, one.end, after.start):
            factor = after.value / after.written if after.written else Fraction(1)
            found[i] = one._replace(value=one.value * factor, step=one.step * factor, dimension=after.dimension)
    return _added_up(text, found)


def _added_up(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """ "1 hour 10 minutes", 1小时10分钟: one time, of 70 minutes."""
    together: list[Quantity] = []
    for one in found:
        last = together[-1] if together else None
        if last and _continues(text, last, one):
            unit = one.value / one.written
            value = last.value + one.value
            together[-1] = one._replace(
                written=value / unit, value=value, bound=last.bound or one.bound, about=last.about, start=last.start
            )
        else:
            together.append(one)
    return together


def _continues(text: str, one: Quantity, after: Quantity) -> bool:
    timed = one.dimension == after.dimension == "time" and one.written and after.written
    if not timed or not re.fullmatch(r"\s?(?:and\s|零|又)?", text[one.end : after.start]):
        return False
    return one.value / one.written >= one.step >= 60 and after.value < one.value / one.written


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    kind = str(match.lastgroup if match.lastgroup != "th" else "digits")
    value, step, soft, known = _value(match, kind)
    if value is None:
        return None
    end, dimension, factor = match.end(), "", Fraction(1)
    if kind in ("digits", "han", "words") and (scale := _SCALE.match(text, end)):
        times = SCALES[scale[0].strip().lower()]
        value, step, end = value * times, step * times, scale.end()
    before = CURRENCY_BEFORE.search(text, max(0, match.start() - 6), match.start())
    if before and kind == "digits" and end == match.end() and (scale := _SCALE_OF_MONEY.match(text, end)):
        times = 10**6 if scale["m"] else 10**9
        value, step, end = value * times, step * times, scale.end()
    if kind == "percent":
        dimension = "percent"
    elif match["th"] or kind == "ordinal" or match[0].startswith("第"):
        dimension = "ordinal"
        if (unit := AFTER.match(text, end)) and unit_of(unit)[0] == "quarter":
            dimension, end = "quarter", unit.end()
    elif before:
        dimension = CURRENCIES[str(before.lastgroup)]
    elif kind == "q":
        dimension = "quarter"
    elif (unit := AFTER.match(text, end)) and not _belongs_to_next(text, unit):
        (dimension, factor), end = unit_of(unit), unit.end()
        soft = soft and dimension in ("person", "occasion", "times", "page")
        if text.startswith("半", end):
            value, end = value + Fraction(1, 2), end + 1
    elif kind == "half" or (kind == "han" and not known and not _is_counted(text, end)):
        return None
    before_text = text[max(0, match.start() - 40) : match.start()]
    rounded = bool(_ABOUT.search(before_text) or _ABOUT_AFTER.match(text, end))
    return Quantity(
        value,
        value * factor,
        dimension,
        _bound(before_text, text, end),
        step * factor,
        rounded,
        soft,
        match.start(),
        end,
        _per(before_text, text, end, dimension),
        _trend(before_text),
    )


def _belongs_to_next(text: str, unit: re.Match[str]) -> bool:
    """Whether a sign of currency stands before the next number: "in 2024 $842"."""
    return unit_of(unit)[0] in PAID and re.match(r"\s?\d", text[unit.end() : unit.end() + 2]) is not None


_UP = re.compile(
    r"(?:\b(?:up|rose|risen|grew|grown|increased?|gained|climbed)(?: by| of)?|"
    r"上升|增长|增加|提高|上涨|上调|[高多升涨增贵](?=[了出]))(?:了|出|约)? ?\Z",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"(?:\b(?:down|fell|fallen|declined?|decreased?|dropped|reduced|shrank|lost)(?: by| of)?|"
    r"下降|减少|降低|下跌|下调|[低少降跌减](?=[了出]))(?:了|出|约)? ?\Z",
    re.IGNORECASE,
)


def _trend(before: str) -> str:
    return "up" if _UP.search(before) else "down" if _DOWN.search(before) else ""


def _per(before: str, text: str, end: int, dimension: str) -> str:
    if not dimension or dimension in ("ordinal", "quarter", "percent"):
        return ""
    found = _PER_AFTER.match(text, end) or _ADVERB_AFTER.match(text, end) or _PER_BEFORE.search(before)
    if not found and dimension in PAID:
        found = _ADVERB_BEFORE.search(before) or _PAY_BEFORE.search(before)
    return str(found.lastgroup) if found else ""


def _is_counted(text: str, end: int) -> bool:
    """Whether a Chinese numeral stands before a measure word or a second numeral, and is not a part of a word."""
    return end < len(text) and (text[end] in _MEASURES or _HAN_RANGE.match(text, end) is not None)


def _value(match: re.Match[str], kind: str) -> tuple[Fraction | None, Fraction, bool, bool]:
    """The number, its last digit's worth, whether it may be none, and whether it surely is one."""
    text = match[0].lower()
    if kind == "digits":
        digits = re.sub(r"[a-z,]", "", text)
        fraction = len(digits.partition(".")[2])
        return Fraction(digits), Fraction(1, 10**fraction), False, True
    if kind == "words":
        number = _from_words(text)
        return number, Fraction(1), number == 1, True
    if kind == "ordinal":
        value = _ORDINALS[text]
        return Fraction(value), Fraction(1), value <= 2, True
    if kind == "half":
        return Fraction(1, 2), Fraction(1, 2), False, True
    if kind == "q":
        return Fraction(text[1]), Fraction(1), False, True
    if kind == "percent":
        rest = text[3:]
        value_text = rest if rest[0].isdigit() else _han(rest)
        return Fraction(value_text) / {"百": 1, "千": 10, "万": 100}[text[0]], Fraction(1), False, True
    numeral = text.removeprefix("第")
    surely = text.startswith("第") or bool(_REAL_HAN.search(numeral)) or "点" in numeral
    value_text = _han(numeral)
    return Fraction(value_text), Fraction(1), value_text == "1", surely


def _han(numeral: str) -> str:
    whole, _, fraction = numeral.partition("点")
    return han_number(whole) + (f".{''.join(han_number(char) for char in fraction)}" if fraction else "")


def _from_words(text: str) -> Fraction:
    half = re.search(r" and (?:a|one) half$", text)
    text = text[: half.start()] if half else text
    total = section = 0
    for word in re.findall(r"[a-z]+", text):
        if word in _CARDINALS:
            section += _CARDINALS[word]
        elif word == "hundred" or word == "dozen":
            section = (section or 1) * _MAGNITUDES[word]
        elif word in _MAGNITUDES:
            total += (section or 1) * _MAGNITUDES[word]
            section = 0
    return total + section + (Fraction(1, 2) if half else Fraction(0))


def _bound(before: str, text: str, end: int) -> Bound:
    if _MAX_BEFORE.search(before):
        return "min" if _EXCLUDED.search(before) else "max"
    if _MIN_BEFORE.search(before):
        return "max" if _EXCLUDED.search(before) else "min"
    if _MAX_AFTER.match(text, end):
        return "max"
    return "min" if _MIN_AFTER.match(text, end) else ""


def spans(found: Iterable[Quantity]) -> Iterator[tuple[int, int, str]]:
    """Where each stands, and a word that is the same for the same quantity."""
    for one in found:
        yield one.start, one.end, f"#{one.value}{one.dimension}"

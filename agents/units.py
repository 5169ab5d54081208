"""Units as they are written behind numbers and before them, and words of magnitude: English and Chinese. Pure."""

from __future__ import annotations

import re
from fractions import Fraction

_DAY = 86_400
# name: (dimension, factor, how it is written after a number). The first that fits counts.
_UNITS: tuple[tuple[str, Fraction | int, str], ...] = (
    ("percent", 1, r"%|％|per ?cent|percentage points?|pct\b|个百分点"),
    ("percent", 10, r"成(?![本为员功立])"),
    ("workday", 1, r"(?:working|business|work)[ -]days?|个?工作日"),
    ("time", 7 * _DAY, r"(?:calendar |consecutive )?weeks?|周(?!年|岁|[一二三四五六日末])|个?(?:星期|礼拜)"),
    ("time", 14 * _DAY, r"fortnights?"),
    ("month", 12, r"(?:calendar |full |fiscal )?(?:years?|yrs?)(?: old)?|周?年(?!度|级|代|[末初底])|周?岁"),
    ("month", 120, r"decades?"),
    ("month", 1, r"(?:calendar |full )?months?|个月"),
    ("quarter", 1, r"quarters?|个?季度"),
    ("time", 1, r"seconds?\b|secs?\b|秒"),
    ("time", 60, r"min(?:ute)?s?\b|分钟"),
    ("time", 3600, r"(?:working |business |full )?(?:hours?|hrs?|h)\b|个?(?:小时|钟头)|课时|学时"),
    ("time", _DAY, r"(?:calendar |consecutive |full |paid |natural )?days?|个?(?:自然|日历)?(?:日(?!元)|天)"),
    ("night", 1, r"nights?|[晚夜]"),
    ("dollar", 1, r"(?:us |u\.s\. )?dollars?|usd|us\$|\$|美元|美金"),
    ("hk dollar", 1, r"hkd|hk\$|hong kong dollars?|港元|港币"),
    ("sg dollar", 1, r"sgd|s\$|singapore dollars?|新加坡元|新元|新币"),
    ("cent", 1, r"cents?\b|¢"),
    ("euro", 1, r"euros?\b|eur\b|€|欧元"),
    ("yen", 1, r"yen\b|jpy|日元"),
    ("won", 1, r"krw|韩元"),
    ("rupee", 1, r"rupees?|inr\b|卢比"),
    ("franc", 1, r"(?:swiss )?francs?|chf|瑞士法郎|瑞郎"),
    ("sterling", 1, r"pounds? sterling|gbp|£|英镑"),
    ("yuan", 1, r"yuan\b|rmb|cny|renminbi|￥|¥|元|人民币|块钱"),
    ("pound", 1, r"pounds?\b|lbs?\b|磅"),
    ("square metre", 10**6, r"square kilomet(?:re|er)s?|km²|平方公里|平方千米"),
    ("square metre", 10**4, r"hectares?|公顷"),
    ("square mile", 1, r"square miles?|平方英里"),
    ("cubic metre", 1, r"cubic met(?:re|er)s?|m³|立方米"),
    ("metre", 1000, r"kilomet(?:re|er)s?|km\b|公里|千米"),
    ("metre", Fraction(1, 100), r"centimet(?:re|er)s?|cm\b|厘米"),
    ("metre", Fraction(1, 1000), r"millimet(?:re|er)s?|mm\b|毫米"),
    ("square metre", 1, r"(?:square met(?:re|er)s?|m²|sqm|平方米|平米)"),
    ("metre", 1, r"met(?:re|er)s?|m\b(?!²)|米"),
    ("mile", 1, r"miles?|英里"),
    ("foot", 1, r"feet|foot|ft\b|英尺"),
    ("inch", 1, r"inch(?:es)?|英寸"),
    ("gram", 1000, r"kilograms?|kilos?\b|kg\b|公斤|千克"),
    ("gram", Fraction(1, 1000), r"milligrams?|mg\b|毫克"),
    ("gram", 1_000_000, r"tonn?es?\b|tons?\b|吨"),
    ("gram", 1, r"grams?\b|g\b|克"),
    ("litre", Fraction(1, 1000), r"millilit(?:re|er)s?|ml\b|毫升"),
    ("litre", 1, r"lit(?:re|er)s?|l\b|升"),
    ("celsius", 1, r"(?:degrees? celsius|°\s?c\b|℃|摄氏度)"),
    ("fahrenheit", 1, r"(?:degrees? fahrenheit|°\s?f\b|℉|华氏度)"),
    ("byte", 10**3, r"kb\b|kilobytes?"),
    ("byte", 10**6, r"mb\b|megabytes?"),
    ("byte", 10**9, r"gb\b|gigabytes?"),
    ("byte", 10**12, r"tb\b|terabytes?"),
    ("watt", 1000, r"kw\b|kilowatts?|千瓦(?!时)"),
    ("watt", 1, r"w\b|watts?|瓦"),
    ("volt", 1, r"v\b|volts?|伏"),
    ("hertz", 1, r"hz\b|hertz|赫兹"),
    ("hertz", 1000, r"khz\b|千赫"),
    ("hertz", 10**6, r"mhz\b|兆赫"),
    ("hertz", 10**9, r"ghz\b"),
    ("page", 1, r"pages?|页"),
    ("person", 1, r"people|persons?|employees?|staff|members?|colleagues|个?人(?!民)|名|位(?!数)"),
    ("times", 1, r"times (?:as|the|more|higher)|[- ]?fold|倍"),
    ("occasion", 1, r"times\b|次|回"),
)
AFTER = re.compile(
    r"\s?-?(?:\b(?!(?:of|or|and|to|in|per|for|the|at|on|by|from|is|are|was|were|has|had)\s)[a-z]{3,12}\s)?(?:"
    + "|".join(f"(?P<u{i}>{pattern})" for i, (_, _, pattern) in enumerate(_UNITS))
    + r")(?![A-Za-z])",
    re.IGNORECASE,
)
CURRENCY_BEFORE = re.compile(
    r"(?:(?P<hk>hk\$|hkd|港币)|(?P<sg>s\$|sgd|新币)|(?P<dollar>us\$|usd|\$|美元)|(?P<euro>€|eur)|(?P<gbp>£|gbp)|"
    r"(?P<yen>jpy)|(?P<franc>chf)|(?P<yuan>￥|¥|rmb|cny|人民币))\s?\Z",
    re.IGNORECASE,
)
CURRENCIES = {
    "hk": "hk dollar", "sg": "sg dollar", "dollar": "dollar", "euro": "euro", "gbp": "sterling", "yen": "yen",
    "franc": "franc", "yuan": "yuan",
}  # fmt: skip
PAID = ("yuan", "dollar", "hk dollar", "sg dollar", "euro", "yen", "won", "rupee", "franc", "sterling", "pound")
"""Units of money."""
SCALES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12, "k": 10**3, "mn": 10**6,
    "bn": 10**9, "百": 100, "千": 10**3, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8,
    "万亿": 10**12,
}  # fmt: skip


def unit_of(match: re.Match[str]) -> tuple[str, Fraction]:
    """The dimension that a match of `AFTER` names, and what one of it is worth in that dimension's own unit."""
    dimension, factor, _pattern = _UNITS[int(str(match.lastgroup)[1:])]
    return dimension, Fraction(factor)

"""Words that stand for different things of one kind: who exchanges one for another says something else. Pure.

Only words that a text tells apart on purpose are here: parties of a contract, departments, directions, periods. Names
and numbers compare by themselves.
"""

from __future__ import annotations

import re
from functools import cache

_KINDS = """
buyer seller; employer employee; landlord tenant; lender borrower; lessor lessee; licensor licensee
customer supplier; sender recipient; parent subsidiary; plaintiff defendant; treatment control; insurer policyholder
weekday weekend holiday saturday sunday; morning afternoon evening night; spring summer autumn winter
north south east west; northern southern eastern western; left right; upper lower; ground basement
daily weekly monthly quarterly yearly nightly hourly; day week month quarter year
full-time part-time; permanent temporary; junior senior; domestic international; inbound outbound; import export
credit debit; asset liability; gross net; revenue cost; male female; mother father
red green blue yellow black white; gold silver bronze; electric diesel petrol; written oral; paper electronic
甲方 乙方 丙方; 买方 卖方; 出租方 承租方; 出租人 承租人; 委托方 受托方; 转让方 受让方; 债权人 债务人
华东 华南 华北 华中 西南 西北 东北 东南; 东侧 西侧 南侧 北侧; 东门 西门 南门 北门
上午 下午 晚上; 工作日 周末 节假日; 春季 夏季 秋季 冬季; 上半年 下半年; 上旬 中旬 下旬
正式员工 试用期员工 实习生; 全职 兼职; 国内 国外; 进口 出口; 收入 支出; 借方 贷方; 男 女; 书面 口头; 纸质 电子
市场部 销售部 财务部 法务部 研发部 采购部 行政部 人事部 人力资源部 客服部 运营部 生产部
"""


_TEAMS = """
    marketing sales security finance accounting logistics procurement operation development engineering legal production
    support
"""
_TIMES = """
    daily weekly monthly quarterly yearly nightly hourly day week month quarter year morning afternoon evening night
    spring summer autumn winter left right upper lower net gross revenue cost import export
    上午 下午 晚上 春季 夏季 秋季 冬季 上半年 下半年 上旬 中旬 下旬 收入 支出
"""
_DEPARTMENTS = _TEAMS.split()
_OWN_NOTHING = frozenset(_TIMES.split())
_PARTIES = {"a": "甲方", "b": "乙方", "c": "丙方"}
_LETTER = re.compile(r"[A-Z][座栋区楼级类班号]?")


@cache
def _kinds() -> dict[str, int]:
    rows = (row.split() for line in _KINDS.strip().splitlines() for row in line.split(";"))
    return {word: number for number, row in enumerate([*rows, _DEPARTMENTS]) for word in row}


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted(set(_kinds()) - set(_DEPARTMENTS), key=len, reverse=True)
    latin = "|".join(re.escape(word) for word in words if word.isascii())
    chinese = "|".join(word for word in words if not word.isascii())
    team = "|".join(_DEPARTMENTS)
    return re.compile(
        rf"\b(?:{latin})(?=s?\b)|\b(?:{team})(?=s? (?:team|department|division|office|staff)\b)|"
        rf"(?<=head of )(?:{team})\b|(?<=director of )(?:{team})\b|{chinese}"
    )


def kinds(text: str) -> dict[int, set[str]]:
    """The words of a text that have counterparts, by their kind."""
    found: dict[int, set[str]] = {}
    text = re.sub(r"\bparty ([abc])\b", lambda match: _PARTIES[match[1]], text.lower())
    for word in _pattern().findall(text):
        found.setdefault(_kinds()[word], set()).add(word)
    return found


def owners(text: str) -> dict[int, set[str]]:
    """The words of `kinds` that something may belong to: parties, departments, regions, not periods."""
    found = {kind: words - _OWN_NOTHING for kind, words in kinds(text).items()}
    return {kind: words for kind, words in found.items() if words}


def contrasted_owners(said: str, source: str) -> bool:
    """Whether a party, department or region is said where the source has only counterparts of it."""
    theirs = owners(source)
    return any(theirs.get(kind) and not words & theirs[kind] for kind, words in owners(said).items())


def contrasted(here: str, there: str) -> bool:
    """Whether one text has a word where the other has only counterparts of it."""
    ours, theirs = kinds(here), kinds(there)
    if _LETTER.fullmatch(here) and _LETTER.fullmatch(there):
        return here[0] != there[0] and here[1:] == there[1:]
    return any(words and theirs.get(kind) and not words & theirs[kind] for kind, words in ours.items())

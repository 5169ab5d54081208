"""Sums of money: which questions ask for one, and whether a sentence or a row of a table tells one."""

import re
from collections.abc import Iterable

from .text import content_runs, has_han
from .units import Unit

# Of these "how much is" may ask for a share, a weight, or a time.
_NO_PRICE = (
    r"discount|share|rate|premium|interest|surcharge|margin|growth|tax|vat|commission|contribution|weight|limit|capacity|"
    r"power|storage|space|notice|leave|time|overtime|maximum|minimum|increase|reduction|difference|needed|required|left|"
    r"allowed|covered|known"
)
_PRICED = r"prices?|costs?|fees?|charges?|rent|rental|salary|budget|fare|deposit|tuition"
_ASKS = re.compile(
    r"\bhow much (?:does|do|did|will|would|can|should)\b.+\b(?:costs?|charged?|paid|pay)\b"
    rf"|\bhow much (?:is|are|was|were)\b(?! (?:\w+ ){{0,3}}?(?:{_NO_PRICE})\b)"
    rf"|\bwhat (?:is|was|are|were) the (?:[\w-]+ ){{0,3}}(?:{_PRICED})\b(?! (?:of living|cent(?:er|re)s?)\b)"
    r"|\bwhat (?:does|do|did|will|would) .+ (?:cost|pay(?: for .+)?(?=\?|$))"
    r"|多少钱|几多?钱|多贵|贵不贵|(?:怎么|如何|怎样)收费"
    r"|(?:价格|价钱|售价|单价|报价|租金|月租|费用|收费|运费|押金|订金|定金|预算|保额|金额|票价|门票|房价|学费)(?:标准)?"
    r"(?:一?共|是|为|要|大概|大约|收)*(?:多少|几多)|收(?:费)?多少"
    r"|(?:价格|价钱|售价|单价|报价|租金|月租|运费|押金|票价|门票|房价|学费)[？?]?$",
    re.IGNORECASE,
)
_ASKS_PRICE = re.compile(r"\bcosts?\b|\bprices?\b|多少钱|几多?钱|[价租]", re.IGNORECASE)
_CURRENCY = (
    r"[$€£¥￥]|\b(?:EUR|USD|CNY|RMB|GBP|HKD|TWD|NTD|SGD|JPY|CHF|AUD|CAD|INR|KRW|MYR|THB|SEK|DKK|NOK|PLN)\b"
    r"|人民币|港[币元]|[新台]{1,2}币|[美欧日英新加澳韩泰]元|日圆|英镑|澳门元"
)
_COUNTED = (
    r"元|块钱?|蚊|[角毛分]钱|円|\b(?:euros?|dollars?|pounds?|yuan|yen|francs?|rupees?|ringgit|baht|won|kron(?:or|er|e)|"
    r"cents?|pence|quid|bucks)\b|(?<=\d)p\b"
)
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_SCALE = r"(?:[千百万亿]{1,2}|k|m|bn|(?:hundred|thousand|million|billion))?"
_MONEY = re.compile(
    rf"(?:{_CURRENCY})\s?[-(（−]?{_NUMBER}|{_NUMBER}\s?{_SCALE}\+?\s?(?:{_COUNTED}|{_CURRENCY})"
    r"|[一二两三四五六七八九十百千万亿零〇]{1,12}(?:元|块钱?|蚊|[美欧日港]元)",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\d\s?(?:%|％|per ?cent\b)|百分之|\d\s?个月(?:工资|薪)", re.IGNORECASE)
_PRICE_WORD = (
    rf"\b(?:{_PRICED}|amount|cost|paid|pays?)\b|[价费租薪](?!用?途)|金额|工资|预算|保额|押金|[订定]金|收取|每[位人次晚]"
)
_OF_PRICES = re.compile(rf"{_PRICE_WORD}|{_CURRENCY}|[（(][^)）]*元[^)）]*[)）]", re.IGNORECASE)
_PRICED_TEXT = re.compile(rf"(?:{_PRICE_WORD})[^.。;；]{{0,30}}?{_NUMBER}", re.IGNORECASE)
_FREE = re.compile(
    r"\bfree\b|\bno (?:extra |additional )?(?:cost|charge|fee)s?\b|\bincluded\b|免费|不收|无需付|不要钱|[免含]在",
    re.IGNORECASE,
)
_NO_ITEM = re.compile(
    r"多少|人民币|[欧美日港台新澳加]元|英镑|价格|价钱|售价|单价|报价|租金|月租|费用|收费|运费|押金|[订定]金|预算|金额|标准|[价钱费收元块一支件台个次每买卖花付]|大概|大约|现在|目前"
)
_DIGIT = re.compile(r"\d")


def asks_sum(question: str) -> bool:
    """Whether a question asks for a sum of money, which nothing else answers."""
    return _ASKS.search(question) is not None


def knows_item(question: str, texts: Iterable[str]) -> bool:
    """Whether texts have each character of what a Chinese question asks the price of: a price list is full of things
    that are called much alike (洗衣机清洗, 空调清洗), and the question's own one may not be among them."""
    named = set("".join(_NO_ITEM.sub(" ", run) for run in content_runs(question)))
    return {character for character in named if has_han(character)} <= set("".join(texts))


def tells_sum(unit: Unit, question: str) -> bool:
    """Whether a unit tells a sum of money, or that nothing is to be paid; or a share of one, but for a price."""
    if _MONEY.search(unit.text) or _PRICED_TEXT.search(unit.text) or _FREE.search(unit.text):
        return True
    if not _ASKS_PRICE.search(question) and _SHARE.search(unit.text):
        return True
    return unit.kind == "row" and _has_priced_cell(unit)


def _has_priced_cell(row: Unit) -> bool:
    if len(row.header) != len(row.cells):
        return bool(_DIGIT.search(row.text))
    over = f"{row.cells[0]} {row.source.section} {row.heading} {row.lead}"
    cells = zip(row.header[1:], row.cells[1:], strict=True)
    return any(_DIGIT.search(cell) and _OF_PRICES.search(f"{name} {over}") for name, cell in cells)

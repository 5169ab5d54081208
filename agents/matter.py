"""What a rule is about, apart from what it sets: its words without amounts, days, limits, doers, and yes or no. Pure.

Two rules are of one matter where nothing is left over of either that the other does not say in some way: a word that
only one of them has may mean another subject, other people, a part or a condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from agents import facts
from agents.dates import moments
from agents.doers import Doer, doer
from agents.frequencies import frequencies
from agents.terms import STOP_WORDS, stem
from llm.chinese import simplified
from llm.local.glossary import known_words

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?(?:-\d+)?|\d[\w.,-]*|[\u3400-\u4dbf\u4e00-\u9fff]+")

# What is said in several ways, in both languages. A row's first word stands for all of it.
_ROWS = """
change changed changes renew renewed replace replaced rotate rotated | 更换 更改 修改 变更 更新
submit submitted hand handed file filed send sent claim claimed turned due | 提交 上交 递交 报送 提报
keep kept retain retained store stored preserve preserved | 保存 保留 留存 存档 保管
approve approved approval approves authorise authorised authorize authorized sign signed | 批准 审批 核准 签批 同意
inspect inspected inspection check checked checks examine examined | 检查 检验 巡检 点检 查验
reimburse reimbursed refund refunded pay paid repaid cover covered payable | 报销 支付 付款 发放 支给 计发
notify notified inform informed tell told report reported | 通知 告知 报告 上报 汇报
allowance subsidy | 补贴 津贴 补助
hotel accommodation lodging overnight | 酒店 住宿 宾馆 住宿费
limit cap ceiling standard rate amount | 限额 上限 标准 额度 金额
trip travel journey | 出差 差旅
employee employees staff people persons person colleague colleagues everyone everybody worker workers member members | \
员工 职工 雇员 人员 同事 全体员工
office offices | 办公室 办公区
book booked reserve reserved order ordered | 预订 预定 订购
meal meals eat eating food dine dining | 用餐 就餐 进餐 餐补 餐费
begin begins start starts begin commence commences | 开始 起始
end ends expire expires expired lapse lapses | 结束 到期 失效 过期 作废
bring bringing carry take | 携带 带入
visitor visitors guest guests | 访客 来访者 来宾
attend attending attendance participate participation | 参加 出席
quit resign resigns resignation leave-company | 辞职 离职
wear worn | 佩戴 穿戴
back-up backup backups | 备份
deliver delivered delivery | 交付 交货 送货
answer answered respond responded reply response | 答复 回复 响应
wage wages salary salaries remuneration pay-rate | 工资 薪资 薪酬 月薪
train training trainings | 培训
smoke smoking | 吸烟 抽烟
probation trial | 试用期 试用
private privately personal personally | 私人 私用 个人
photograph photographs photo photos picture pictures | 拍照 拍摄 照相 摄影
value worth | 价值 价格
fire | 消防 火灾
child children | 子女 孩子 儿童
workplace workstation desk | 工位 座位
notice | 通知期 提前通知
long length duration term period | 期限 期间 时长 长度
"""
_NARROWING_NOTHING = """
    employee company firm must please always generally normally usually currently regularly least most thing own receive
    get entitle entitled give given grant granted make made take place carry-out use used time times every each all any
    person set apply applies applicable need needs require required requires
"""
_GENERIC = frozenset(_NARROWING_NOTHING.split())
_GENERIC_HAN = re.compile(
    r"本公司|公司|全体|所有|一律|每[位名人]|各|均|应当|应该|应|须|将|要|为|是|的|了|在|于|由|和|与|及|或|其|并|等|后|内|前|时|"
    r"之|以|按|至|到|从|向|给|对|把|被|进行|进入|享有|享受|享|获得|给予|予以|提供|规定|有|设|达|共|者|也|都|即|起|达到|"
    r"一次|次|元|标准|个|名|位|期间|事先|办理|使用|予"
)
# How a thing is done, not what: "through the portal", 以书面形式.
_MANNER = re.compile(
    r"\b(?:via|through|using|by means of) (?:the |our |an? )?(?:[a-z-]+ ){0,2}?(?:portal|system|app|form|tool|intranet|"
    r"website|platform)\b|\bin (?:the )?(?:portal|system|app)\b|\bin writing\b|\bonline\b|\bby e-?mail\b|"
    r"(?:通过|在)[^，。；]{0,8}?(?:系统|平台|门户|邮件|流程)(?:中|上|内)?|以?书面(?:形式|方式)?|在线|线上",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:at (?:the )?(?:least|most|latest)|up to|(?:a )?(?:maximum|minimum)(?: of)?|"
    r"(?:no|not) (?:more|less|fewer|later|earlier|longer|lower|higher|shorter) than|"
    r"(?:not|never) (?:to )?exceed(?:ing)?|(?:is|are) (?:limited|capped) (?:to|at)|within|"
    r"or (?:more|less|fewer|longer)|(?:more|less|fewer|longer|shorter) than|above|below|over|under|every|per|"
    r"no later than|by|until)\b|"
    r"不[得能可应]?(?:超过|少于|低于|高于|多于|大于|小于|晚于|早于|迟于|短于|长于)|至少|最少|最低|起码|最多|至多|最高|最长|最短|"
    r"以上|以下|以内|之内|之前|以前|不足|超过|高于|低于|每|满",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\b(?:room|form|step|article|section|chapter|line|gate|level|grade|class|priority|tier|phase|stage|building|floor|"
    r"annex|appendix|table|type|category|group|zone|plan|version|band) (?:\d+(?:\.\d+)*|[A-Z])\b|"
    r"第[一二三四五六七八九十百\d]+[章条款项节类级期档层]|[一二三四五六七八九\dA-Z][级类档期号](?!内)",
    re.IGNORECASE,
)
# Of 每年盘点一次 what is counted; what is done stands between.
_HOW_OFTEN = re.compile(
    r"[a-z]+|[每逐隔一二两三四五六七八九十半个次回年月周日天季度\d晚夜]|星期|小时|分钟", re.IGNORECASE
)
_BEFORE = re.compile(
    r"\b(?:previously|formerly|used to|until now|so far|was|were|had|in the past|planned|proposed|draft)\b|"
    r"原为|原来|曾经?|此前|以前为|过去|拟|计划",
    re.IGNORECASE,
)

Stance = str
"""One of "forbids", "allows", "requires", "needless", "no", "yes"."""
_STANCES: tuple[tuple[Stance, re.Pattern[str]], ...] = (
    (
        "needless",
        re.compile(
            r"\b(?:do|does|is|are|need) ?(?:not|n['’]t) (?:be )?(?:need(?:ed)?|require[ds]?|necessary|mandatory|"
            r"compulsory|obligatory|have)(?: to)?\b|\bneed not\b|\bno (?=[a-z ]{1,30}(?:is|are) (?:needed|required|"
            r"necessary))|\b(?:needs?|requires?) no\b|\b(?:optional|voluntary)\b|"
            r"\bwithout (?=approval|permission|consent)|"
            r"无需|无须|毋须|不必|不需要?|不用|可选|自愿|非强制|不是必须",
            re.IGNORECASE,
        ),
    ),
    (
        "forbids",
        re.compile(
            r"\b(?:must|may|can|shall|should) ?(?:not|n['’]t|never)(?: be)?\b|\bcannot\b|\bcan['’]t\b|"
            r"\b(?:is|are) (?:not|n['’]t|never|no longer) (?:allowed|permitted|admitted)(?: to)?\b|"
            r"\b(?:is|are) (?:strictly )?(?:forbidden|prohibited|banned)(?: (?:to|from))?\b|"
            r"\b(?:forbids?|prohibits?)\b|"
            r"不得|禁止|严禁|不可以?|不能|不许|不准|不允许|不予|请勿|切勿",
            re.IGNORECASE,
        ),
    ),
    (
        "allows",
        re.compile(
            r"\b(?:may|can)(?: be)?\b|\b(?:is|are) (?:allowed|permitted|admitted|free)(?: to)?\b|"
            r"\ballows?\b|\bpermits?\b|"
            r"可以|允许|准许|有权|可(?=[\u4e00-\u9fff])",
            re.IGNORECASE,
        ),
    ),
    (
        "requires",
        re.compile(
            r"\b(?:must|shall|should|ought to|ha(?:ve|s) to|needs?(?: to)?|requires?|"
            r"(?:is|are) (?:required|needed|necessary|mandatory|compulsory|obligatory|obliged)(?: to)?)(?: be)?\b|"
            r"必须|务必|应当|应该|需要?|须|强制|应(?=[\u4e00-\u9fff])",
            re.IGNORECASE,
        ),
    ),
)
_NO = re.compile(r"\b(?:not|no|never|nobody)\b|n['’]t\b|不(?!同|含)|未|没有?|无(?!薪|线)", re.IGNORECASE)
_CONTRARY = frozenset(
    frozenset(pair)
    for pair in (
        ("forbids", "allows"), ("forbids", "requires"), ("forbids", "yes"), ("needless", "requires"),
        ("no", "yes"), ("no", "allows"), ("no", "requires"),
    )
)  # fmt: skip


class Unit(NamedTuple):
    """A word of the matter, and what it is in the other language: each a few words that together say it."""

    word: str
    others: tuple[tuple[str, ...], ...] = ()


class Matter(NamedTuple):
    """A rule without what it sets. `first`: where its first word stands."""

    units: tuple[Unit, ...]
    stance: Stance
    doer: Doer | None
    numbered: frozenset[str]
    tense: bool
    first: int


def _table() -> tuple[dict[str, str], re.Pattern[str], dict[str, str]]:
    english: dict[str, str] = {}
    chinese: dict[str, str] = {}
    for row in _ROWS.replace("\\\n", "").strip().splitlines():
        left, _, right = row.partition("|")
        name = "~" + left.split()[0]
        english |= {stem(word): name for word in left.split()}
        chinese |= dict.fromkeys(right.split(), name)
    return english, re.compile("|".join(sorted(chinese, key=len, reverse=True))), chinese


_ENGLISH, _CHINESE_WORDS, _CHINESE = _table()


@lru_cache(maxsize=4096)
def matter_of(text: str) -> Matter:
    """What a sentence is about."""
    text = simplified(text).rstrip(" .。;；")
    found = doer(text)
    numbered = frozenset(match[0].lower() for match in _NUMBERED.finditer(text))
    bare = _blanked(text, [(found.start, found.end)] if found else [])
    days = moments(bare)
    spans = [(one.start, one.end) for one in days]
    often = frequencies(_blanked(bare, spans))
    bare = _blanked(bare, spans)
    for start, end in ((one.start, one.end) for one in often):
        bare = bare[:start] + _HOW_OFTEN.sub(_blank, bare[start:end]) + bare[end:]
    counted = [one for one in facts.read(bare).quantities if not one.soft]
    # "3 training days": what stands between a number and its unit is of the matter.
    inner = [(one, re.search(r"(?<=\s)[a-z-]+(?: [a-z-]+)*(?=\s\S+$)", bare[one.start : one.end])) for one in counted]
    for one, kept in inner:
        first, last = kept.span() if kept else (one.end - one.start, one.end - one.start)
        bare = _blanked(bare, [(one.start, one.start + first), (one.start + last, one.end)])
    bare = _LIMIT.sub(_blank, _MANNER.sub(_blank, bare))
    bare, stance = _without_stance(bare)
    units = tuple(_units(bare))
    first = next((match.start() for match in _WORD.finditer(bare) if match[0].lower() not in STOP_WORDS), 0)
    return Matter(units, stance, found, numbered, bool(_BEFORE.search(text)), first)


def left_over(one: Matter, other: Matter) -> tuple[list[str], list[str]]:
    """The words of either that the other does not say in any way, without those that narrow nothing down."""
    return _unmatched(one.units, other.units), _unmatched(other.units, one.units)


def contrary(one: Stance, other: Stance) -> bool:
    """Whether one rule says yes and the other no, or one wants what the other calls needless."""
    return frozenset((one, other)) in _CONTRARY


_ANTONYMS = """
paid unpaid; reimburse unpaid; included excluded; include exclude; open closed; open close; free charged
refundable non-refundable; internal external; 带薪 无薪; 包含 不含; 免费 收费; 开放 关闭; 计入 不计
"""
_CONTRARY_WORDS = frozenset(
    frozenset(map(stem, pair.split())) for row in _ANTONYMS.strip().splitlines() for pair in row.split(";")
)


def contrary_words(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether what two rules do not share is one word each, and one is the contrary of the other."""
    mine, its = list(one), list(other)
    if len(mine) != 1 or len(its) != 1:
        return False
    a, b = (stem(word.removeprefix("~")) for word in (mine[0], its[0]))
    return frozenset((a, b)) in _CONTRARY_WORDS or f"un{a}" == b or f"un{b}" == a


def _unmatched(ours: Iterable[Unit], theirs: Iterable[Unit]) -> list[str]:
    ours, theirs = tuple(ours), tuple(theirs)
    mine, its = {unit.word for unit in ours}, {unit.word for unit in theirs}
    said = {word for unit in theirs for other in unit.others if mine.issuperset(other) for word in other}
    shared = {other for unit in theirs for other in unit.others}
    return [
        unit.word
        for unit in ours
        if unit.word not in its
        and unit.word not in said
        and not any(its.issuperset(other) or other in shared for other in unit.others)
    ]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _without_stance(text: str) -> tuple[str, Stance]:
    for stance, pattern in _STANCES:
        if pattern.search(text):
            for _, each in _STANCES:
                text = each.sub(_blank, text)
            return text, stance
    if _NO.search(text):
        return _NO.sub(_blank, text), "no"
    return text, "yes"


def _units(text: str) -> Iterable[Unit]:
    for match in _WORD.finditer(text):
        word = match[0]
        if _HAN.match(word):
            yield from _chinese_units(word)
        elif (low := word.lower()) not in STOP_WORDS:
            root = stem(low.partition("'")[0].partition("’")[0])
            named = _ENGLISH.get(root, root)
            if named.removeprefix("~") not in _GENERIC and root not in _GENERIC:
                yield Unit(named)


def _chinese_units(run: str) -> Iterable[Unit]:
    """The words of a run of characters: those that are known in both languages, and pairs of the characters left."""
    for match in _CHINESE_WORDS.finditer(run):
        if (named := _CHINESE[match[0]]).removeprefix("~") not in _GENERIC:
            yield Unit(named)
    run = _CHINESE_WORDS.sub(_blank, run)
    for start, end, phrases in known_words(run):
        yield Unit(run[start:end], tuple(tuple(_stems(phrase)) for phrase in phrases))
        run = _blanked(run, [(start, end)])
    for rest in _GENERIC_HAN.sub(" ", run).split():
        yield from (Unit(rest[i : i + 2]) for i in range(max(1, len(rest) - 1)))


def _stems(phrase: str) -> Iterable[str]:
    for word in phrase.lower().split():
        if word not in STOP_WORDS:
            yield _ENGLISH.get(stem(word), stem(word))

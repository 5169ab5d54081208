"""Which questions are exhaustive, and what they look for: the kind of document, the condition, the columns. Pure.

"Which policies mention …", "how many contracts end in 2026", "列出所有需要…批准的文件" ask about documents as such:
only who has looked at every one may answer. A question about what stands in them ("how many days of leave") is not
meant, nor one that weighs two of them against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agents.language import language_of

LOOKED_AT = 400
"""Characters: a question about every document is short, and what is pasted is no such question."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What every document is held against.

    `kind`: the noun in the question ("contracts", "制度"), empty for documents of any kind. `condition`: what they
    must say; empty where all of the kind are asked for. `columns`: what is to be told of each. `wording`: words in
    quotation marks, which count when they are literally there.
    """

    question: str
    kind: str = ""
    condition: str = ""
    columns: tuple[str, ...] = ()
    wording: tuple[str, ...] = ()
    count: bool = False

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Criterion:
        return cls(
            question=str(data.get("question", "")),
            kind=str(data.get("kind", "")),
            condition=str(data.get("condition", "")),
            columns=tuple(map(str, data.get("columns", ()))),
            wording=tuple(map(str, data.get("wording", ()))),
            count=bool(data.get("count")),
        )

    @property
    def any_kind(self) -> bool:
        return not self.kind or re.fullmatch(ANY_KIND, self.kind, re.IGNORECASE) is not None


ANY_KIND = r"documents?|files?|sources?|papers?|文件|文档|资料"
# Kinds that say what a document is. Forms, invoices or requests are counted in tables and systems more often.
_KIND = (
    "documents|files|policies|contracts|agreements|reports|manuals|guides|guidelines|handbooks|procedures|regulations|"
    "notices|memos|minutes|instructions|specifications|data ?sheets|circulars|letters|certificates|offers|quotations"
)
_KIND_ZH = (
    "规章制度|管理制度|管理办法|管理规定|实施细则|作业指导书|会议纪要|数据手册|文件|文档|资料|制度|政策|规定|办法|合同|协议|"
    "报告|手册|指南|通知|规范|细则|说明书|纪要|公告|证书|报价单"
)
_MANY = r"(?:all|every|each|any)(?: (?:of )?(?:the|our|those|these))?"
_SHOW = r"(?:list|show|name|find|give|count|enumerate|collect)(?: me| us)?"
_BEFORE = r"(?:(?!(?:two|both|three|following)\b)[\w&'’/-]+ ){0,3}?"
# "How many minutes before departure …" asks for a time, "how many minutes mention …" for documents.
_NO_TIME = r"(?!(?:more )?minutes\b(?! (?:that|which|mention|record|contain|say)))"
_EN = (
    rf"(?:which|what) (?:of (?:the|our|my) )?(?P<which>{_BEFORE})(?P<kind>{_KIND})\b(?P<rest>.*)",
    rf"(?:in )?how many {_NO_TIME}(?:of (?:the|our|my) )?(?P<which>{_BEFORE})(?P<kind>{_KIND})\b(?P<rest>.*)",
    rf"{_SHOW} {_MANY} (?P<which>{_BEFORE})(?P<kind>{_KIND})\b(?P<rest>.*)",
    rf"{_SHOW} the (?P<which>{_BEFORE})(?P<kind>{_KIND})\b"
    r"(?P<rest> (?:that|which|where|whose|mentioning|containing).*)",
    rf"check (?:{_MANY} )?(?P<which>{_BEFORE})(?P<kind>{_KIND}) (?:for|whether|that|which)\b(?P<rest>.*)",
)
_POLITE = re.compile(
    r"^(?:please|kindly|can you|could you|would you|i want to know|tell me)[, ]+(?:please )?", re.IGNORECASE
)
# What the person needs documents for, what they are weighed by, and what asks for a second thing.
_NOT_EN = re.compile(
    r"\b(?:do|does|must|should|can|may) (?:i|we|you|one|an? \w+|employees?|staff)\b(?! have\b(?: (?:that|which)|\?*$))|"
    r"^ ?(?:are|is) (?:needed|required|necessary)\b|"
    r"^ ?(?:need to|have to|must|should) be (?:submitted|handed|attached|signed)\b|"
    r"\b(?:more|less|stricter|better|worse|newer|older|latest|newest|conflict|contradict|differ|compare)\w*\b|"
    r"[,;] (?:and )?(?:who|what|how|why|which|where)\b|\?.+\?",
    re.IGNORECASE,
)
_LEAD_EN = re.compile(
    r"^(?:(?:that|which|who)\b|(?:are|is) there(?: that)?|do (?:we|you) have(?: that)?|exist\b|there are|"
    r"(?:in|of) (?:the|our) (?:knowledge base|library|company|archive))\s*",
    re.IGNORECASE,
)
_VERB_EN = re.compile(
    r"^(?:mention|refer|contain|discuss|cover|describe|require|need|expire|end|start|begin|name|say|state|talk|deal|"
    r"apply|allow|forbid|prohibit|include|set|have|has|were|was|are|is|do not|don't|without|with|from|by|about|on|"
    r"where|whose|in|concern|regulate|speak|address|list|give|specify|define|use|run|terminate|take effect)",
    re.IGNORECASE,
)
_NO_CONDITION = re.compile(r"^(?:and|or|of|than|to|as|fit|pages?)\b", re.IGNORECASE)
_COLUMNS_EN = re.compile(
    r",?(?:^| )(?:together )?with (?:their|its|the respective) (?P<names>[\w ,&-]+)$|,? and (?P<when>when)$",
    re.IGNORECASE,
)

_ASKED_ZH = "(?:请问|请帮我|帮我|请|麻烦)?"
_WHERE_ZH = "(?:我们|公司|知识库|库里|库中|目前|现在|现有|这里|里|中|的|一共|总共|共|在|有)*"
_MEASURE = "[份个篇条项种部]"
_ZH = (
    rf"^{_ASKED_ZH}{_WHERE_ZH}(?:哪些|哪几{_MEASURE})(?P<which>[^的，,。？?]{{0,6}}?)(?P<kind>{_KIND_ZH})(?P<rest>.*)$",
    rf"^{_ASKED_ZH}(?:统计(?:一下)?)?{_WHERE_ZH}(?:多少|几){_MEASURE}?(?P<which>[^的，,。？?]{{0,6}}?)(?P<kind>{_KIND_ZH})(?P<rest>.*)$",
    rf"^{_ASKED_ZH}(?:列出|找出|列举|罗列|查找|查出|统计|盘点|汇总|给出)(?:一下)?(?:所有|全部|每{_MEASURE})?(?P<rest>.*?)的?"
    rf"(?P<which>)(?P<all>所有|全部)?(?P<kind>{_KIND_ZH})(?:清单|列表|有哪些|有?(?:多少|几){_MEASURE}?)?$",
    rf"^{_ASKED_ZH}(?P<rest>.+)的(?P<which>)(?P<kind>{_KIND_ZH})(?:一共|总共|共)?(?:都)?有?(?:哪些|多少{_MEASURE}?|几{_MEASURE})$",
)
_NOT_ZH = re.compile(
    r"更|对比|比较|差异|区别|矛盾|冲突|不一致|分别|[，,；;].*(?:什么|哪|多少|怎么|如何|谁)|[？?].+[？?]"
)
_COUNT_ZH = re.compile(rf"多少|几{_MEASURE}|统计|数量")
_LISTS_ZH = re.compile("列出|找出|列举|罗列|查找|查出|统计|盘点|汇总|给出")
_COLUMNS_ZH = re.compile(
    "[，,]?(?:并|以及|及)?(?:列出|给出|注明|附上|写明|说明)(?:其|各自的|它们的|每[份个])?(?P<names>[^，,。]+)$"
)
_QUOTED = re.compile(r"[\"“「『《]([^\"”」』》]{2,80})[\"”」』》]")
_COUNT_EN = re.compile(r"\bhow many\b|^count\b", re.IGNORECASE)


# "Which of them …" asks about what was said before, not about every document.
_LEANS = re.compile(r"\b(?:them|those|these|they)\b|其中|这些|那些|上述|它们", re.IGNORECASE)


def read(question: str, *, follows: bool = False) -> Criterion | None:
    """What a question looks for in every document; None when it is no such question.

    `follows`: there are questions before it that it may lean on.
    """
    if len(question) > LOOKED_AT or (follows and _LEANS.search(question)):
        return None
    text = " ".join(question.split()).rstrip("?？。.! ！")
    found = _chinese(text) if language_of(question) == "zh" else _english(text)
    return found and Criterion(
        question=question.strip(),
        kind=found[0],
        condition=found[1],
        columns=found[2],
        wording=tuple(_QUOTED.findall(question)),
        count=bool((_COUNT_ZH if language_of(question) == "zh" else _COUNT_EN).search(text)),
    )


def forced(question: str) -> Criterion:
    """What to look for where the person wants every document checked, however the question is put."""
    whole = " ".join(question.split())
    return read(question) or Criterion(question.strip(), condition=whole, wording=tuple(_QUOTED.findall(question)))


Read = tuple[str, str, tuple[str, ...]]


def _english(text: str) -> Read | None:
    text = _POLITE.sub("", text)
    for pattern in _EN:
        match = re.match(pattern, text, re.IGNORECASE)
        if match is None:
            continue
        rest, which = match["rest"].strip(), match["which"].strip()
        if _NOT_EN.search(f" {rest}"):
            return None
        columns: tuple[str, ...] = ()
        if named := _COLUMNS_EN.search(rest):
            rest = rest[: named.start()]
            columns = ("date",) if named["when"] else _split(named["names"])
        bare = _LEAD_EN.sub("", _LEAD_EN.sub("", rest)).strip(" ,:")
        if _NO_CONDITION.match(bare):
            return None
        if text[:4].lower() == "what" and bare and not _VERB_EN.match(bare):
            return None
        return match["kind"].lower(), " ".join(part for part in (which, bare) if part), columns
    return None


def _chinese(text: str) -> Read | None:
    columns: tuple[str, ...] = ()
    if (named := _COLUMNS_ZH.search(text)) and named.start() > 0:
        text = text[: named.start()]
        columns = _split(named["names"])
    if _NOT_ZH.search(text):
        return None
    for place, pattern in enumerate(_ZH):
        match = re.match(pattern, text)
        if match is None:
            continue
        rest = match["rest"].strip("，,的 ")
        rest = re.sub("^(?:所有|全部|公司|我们|现有|目前|知识库[里中]?)+(?:的|有)?", "", rest)
        if place == 3 and re.search("(?:提交|准备|携带|提供|填写)$", rest):
            return None
        if place < 2 and re.match("(?:可以|需要?我|才能|是必需|要提交|要准备)", rest):
            return None
        return match["kind"], f"{match['which']}{rest}".strip(), columns
    return None


def _split(names: str) -> tuple[str, ...]:
    parts = re.split(r",| and |&|、|和|与|以及|及", names)
    return tuple(part.strip() for part in parts if part.strip())[:4]


def without_collection(question: str, names: Iterable[str]) -> tuple[str, list[str]]:
    """The question without the words that say in which collections to look, and the names of these."""
    found: list[str] = []
    for name in sorted(names, key=len, reverse=True):
        quoted = rf"[\"“「『《]?{re.escape(name)}[\"”」』》]?"
        said = re.compile(
            rf" ?\b(?:in|of|from|on) (?:the )?(?:collection |shelf ){quoted}|"
            rf" ?\b(?:in|of|from|on) (?:the )?{quoted} (?:collection|shelf)\b|"
            rf"(?:在)?(?:集合|文档集|资料库){quoted}(?:里|中|内)?的?|(?:在)?{quoted}(?:集合|文档集|资料库)(?:里|中|内)?的?",
            re.IGNORECASE,
        )
        if said.search(question):
            found.append(name)
            question = said.sub("", question)
    return question, found

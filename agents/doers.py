"""Who does what a rule names somebody for: who approves, is responsible, is asked or told. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from agents.dates import MONTHS, WEEKDAYS

_NP = r"(?:the |an? |our |your )?(?P<who>[A-Za-z][\w&'’-]*(?: (?:of|and|for) (?:the )?[\w&'’-]+| [\w&'’-]+){0,4}?)"
_DONE = r"(?:is|are|be|been|was|were) (?:[a-z]+ly )?[a-z]+(?: (?:up|out|off|over|after|back))?"
# By whom, not by when or by what means.
_NOBODY = (
    rf"(?!(?:{'|'.join((*MONTHS, *WEEKDAYS))})\b|the (?:end|first|second|third|[a-z]+th)\b|"
    r"(?:e-?mail|post|phone|hand|law|card|bank|train|car)\b)"
)
_DOES = (
    r"approves?|authori[sz]es?|signs?(?: off)?|grants?|decides?(?: on)?|manages?|handles?|leads?|heads?|chairs?|"
    r"supervises?|maintains?|organi[sz]es?|coordinates?|issues?|reviews?|audits?|releases?|carr(?:y|ies) out|"
    r"looks? after|confirms?|(?:is|are) responsible for|(?:is|are) in charge of|prepares?|conducts?|inspects?"
)
_END = r"(?=\s*(?:[,.;]|$)|\s(?:in|before|within|after|at|on|by|and|every|once|for)\b)"
_TITLES = (
    r"officer|manager|director|head|contact(?: person)?|owner|lead|chair(?:man|woman|person)?|representative|deputy"
)
_HAN = "[\u4e00-\u9fffA-Za-z]"
HAN_DOES = (
    "负责|审批|批准|审核|核准|管理|主持|签发|签署|签批|保管|处理|提供|承担|组织|受理|安排|维护|监督|牵头|制定|起草|编制|发放|"
    "核算|验收|采购|检查|办理|执行|实施|统筹|协调|决定|确认|登记|指导|培训|更新|发布|支付|复核|归档|招聘|评估|通知"
)
_FORMS = (
    re.compile(rf"\b{_DONE} by {_NOBODY}{_NP}{_END}", re.IGNORECASE),
    re.compile(rf"^(?:the |an? |our )?(?P<who>[A-Za-z][\w&'’-]*(?: [\w&'’-]+){{0,4}}?) (?:{_DOES})\b", re.IGNORECASE),
    re.compile(rf"\b(?:{_TITLES})(?: (?:for|of) [\w ]{{2,40}}?)? is (?P<who>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){{0,3}})"),
    re.compile(
        rf"\b(?:(?:go|goes|reports?|reported|submit|submitted|sent|send|addressed|apply) (?:[a-z]+ ){{0,3}}?to|"
        rf"contact|ask|inform|notify) {_NP}{_END}",
        re.IGNORECASE,
    ),
    re.compile(rf"由(?P<who>{_HAN}{{2,12}}?)(?={HAN_DOES})"),
    re.compile(rf"(?:向|报)(?P<who>{_HAN}{{2,12}}?)(?=报告|申请|提交|汇报|反映|备案|审批|批准|提出)"),
    re.compile(rf"(?:负责人|联系人|责任人|审批人|联络人|主管|总监|经理|组长)(?:[是为：:])\s?(?P<who>{_HAN}{{2,8}})"),
    re.compile(r"^(?P<who>(?:(?![需须无不可应经未])[\u4e00-\u9fff]){2,8}?)(?:负责|审批|批准|主持|审核|签发)"),
)
_LOOSE = re.compile(
    r"^(?:the|an?|our|your)\s|\s?(?:department|team|office|division)$|(?:部门?|科|处|室|同志|先生|女士)$"
)


class Doer(NamedTuple):
    """Somebody whom a rule names for a task, and where. `who` compares."""

    who: str
    start: int
    end: int


@lru_cache(maxsize=2048)
def doer(text: str) -> Doer | None:
    """The one whom a rule names."""
    for pattern in _FORMS:
        if found := pattern.search(text):
            who = _LOOSE.sub("", _LOOSE.sub("", " ".join(found["who"].lower().split())))
            return Doer(who, *found.span("who"))
    return None


def is_another(one: Doer, other: Doer) -> bool:
    """Whether two are surely not the same: neither name is a part of the other."""
    ours, theirs = set(one.who.split()), set(other.who.split())
    if ours <= theirs or theirs <= ours:
        return False
    return one.who not in other.who and other.who not in one.who and one.who.isascii() == other.who.isascii()


_ACT = re.compile(rf"[由经报请](?P<who>{_HAN}{{2,8}}?)(?P<does>{HAN_DOES})")
_TELLS = re.compile("通知|告知|报告|委托|授权|聘请|指导|监督|检查|移交给?|提醒|邀请|推荐|培训|赔偿|起诉")


def wrong_doer(said: str, source: str) -> bool:
    """Whether somebody is said to do in Chinese what the source has another do, who is named for something else there,
    or two have changed places around a verb."""
    there = [(match["who"], match["does"]) for match in _ACT.finditer(source)]
    for match in _ACT.finditer(said):
        doers = {who for who, does in there if does == match["does"]}
        named = any(match["who"] == who for who, _ in there)
        if doers and named and not any(match["who"] in who or who in match["who"] for who in doers):
            return True
    clauses = [clause for clause in re.split(r"[，,；;。\n]", source) if clause]
    return any(_about_face(one, clauses) for one in re.split(r"[，,；;。\n]", said) if one)


def _about_face(said: str, clauses: list[str]) -> bool:
    """Whether 甲通知乙 is said where a clause of the source is 乙通知甲."""
    if not (verb := _TELLS.search(said)):
        return False
    for clause in clauses:
        if not (same := _TELLS.search(clause)) or same[0] != verb[0]:
            continue
        subject, object_ = _shared(said, clause[same.end() :]), _shared(clause, said[verb.end() :])
        straight = _shared(said, clause), _shared(said[verb.end() :], clause[same.end() :])
        if min(subject, object_) >= 2 and max(straight) < 2:
            return True
    return False


def _shared(one: str, other: str) -> int:
    """With how many characters two texts begin alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))

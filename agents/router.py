"""Question → straight to the Thinking agent, or let the fast road try. Pure.

No model is asked and no document is looked at: the wording tells which questions plainly need several steps, because
they compare, gather, calculate, set conditions, or describe one thing by another. A question that only looks simple is
still handed over by the fast road itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agents.events import Road
from agents.language import language_of


@dataclass(frozen=True, slots=True)
class Feature:
    """A sign of several steps: its name is the reason people see, and how surely it speaks for them (1 is enough)."""

    name: str
    weight: float
    pattern: re.Pattern[str]


def _feature(name: str, weight: float, *patterns: str, case: bool = False) -> Feature:
    return Feature(name, weight, re.compile("|".join(patterns), 0 if case else re.IGNORECASE))


# A name: capitalised words, with the small words that hold them together; "2024" and "A" name things too.
NAME = r"(?:[A-Z][\w.'’&-]*(?:,? (?:of|the|de|von|van|and|for|in|to|&)(?= [A-Z]))?(?: (?=[A-Z0-9]))?)+"
ROLE = (
    r"(?:director|producer|author|writer|performer|singer|actors?|actress|composer|creator|founder|owner|president|leader|ruler|"
    r"spouse|wife|husband|father|mother|child|son|daughter|birthplace|capital|city|country|state|county|region|language|"
    r"company|employer|parent|publisher|manager|successor|predecessor|alma mater|citizenship|nationality|continent|"
    r"league|team|school|association|organi[sz]ation|group|band|film|song|book|essay|game|museum|person|man|woman|"
    r"magazine|institution|area|colony|scientists?)"
)
COMPARED = r"(?:\w{2,}er|more|less|fewer|first|last|earlier|later|better|worse|most|least|greater|(?:old|young|long|larg|high)est)"

ENGLISH = (
    _feature("comparison", 1, r"\bcompar(?:e|ed|ing|ison)\b", r"\bdiffer(?:s|ed|ence|ences)?\b(?! types?)", r"\bversus\b|\bvs\b",
             r"\bin common\b", r"\bconflicts? with\b|\bcontradict", r"\bwhat separates\b", r"\btrade-?offs?\b",
             r"\bpros and cons\b", r"\badvantages? .*\bdisadvantages?\b"),
    _feature("comparison", 1, rf"\b{COMPARED}\b[^?]*[\s,:][^?]* or [^?]+\?*$"),
    _feature("comparison", 1, r"^(?:between|of|out of) (?:the )?(?:two|three|\w+ and)\b.*\b(?:who|which|what)\b"),
    _feature("comparison", 1, r"^(?:are|were|is|was|do|does|did|have|has|can)\b.*\b(?:both|same|share|either|before|after|than)\b"),
    _feature("comparison", 1, r"\b(?:which|what|who)\b.*\b(?:more|less|better|worse) (?:\w+ )?(?:generous|than|off)\b"),
    _feature("comparison", 0.6, r"\bboth\b", r"\bthe same \w+(?: \w+)? (?:as|but)\b", r"\boverlap"),
    _feature("change", 1, r"\bhow (?:did|has|have|does|do) .*\b(?:change|evolve|develop)[ds]?\b.*\b(?:between|over|from|since|across)\b",
             r"\btimeline\b|\bchronolog"),
    _feature("gathering", 1, r"^(?:list|count|summari[sz]e|collect|find|show|name|give|tell me|enumerate)\b.*\b(?:all|every|each)\b",
             r"\b(?:list|show|name|find) (?:all|every|each)\b", r"\bhow many (?:of )?(?:our|the) (?:\w+ ){0,3}(?:mention|contain|require|refer)",
             r"\b(?:all|every|each) (?:the |of the |our )?(?:\w+ )?(?:documents?|policies|contracts?|handbooks?|services|departments?|conflicts?)\b",
             r"\bfor each\b|\bper (?:department|team|country|region)\b"),
    _feature("calculation", 1, r"\b(?:calculate|compute|work(?:ed)? out|add up|sum of|average|in total|percentage change)\b",
             r"\bhow much .* (?:left|altogether|together|remain)\b"),
    _feature("conditions", 1, r"\b(?:if|when|while|suppose|assuming)\b[^,?]+,[^?]*\b(?:and|which|what|who|how)\b[^?]*\b(?:and|which|who|while|then)\b"),
    _feature("conditions", 0.6, r"^(?:if|suppose|assuming|given)\b", r"\bwho has to\b.*\bif\b"),
    _feature("several_parts", 1, r"[,;:] ?(?:and )?(?:how|why|which|what|who|when|where) (?:\w+ )*?(?:is|are|do|does|did|should|would|of|have|has|policy)\b",
             r"\band (?:how|why|who|which|what|where|tell|say|explain)\b (?!year|date)\w+ (?:\w+ )*?(?:is|are|do|does|did|of|should|off|policy|one|document|back|explain)\b",
             r"\?\s+\S.*\?"),
    _feature("procedure", 1, r"\bstep by step\b", r"\bin (?:which|what) order\b", r"\bmigrat(?:e|ion) plan\b"),
    _feature("reasons", 1, r"\bwhy\b.*\b(?:according to|and do|and did|and which|and what)\b", r"\broot cause"),
)  # fmt: skip
CHAINED = (
    # "the city where …", "the state that borders …": one thing is described by another
    rf"\b(?:the|a|an|that|same) (?:[\w'’-]+ ){{0,4}}?(?:{ROLE}|\w+)(?:,)? (?:who|whom|whose|where|that|which|in which|of which|with which|by whom)\b",
    rf"\b(?:in|of|by|with|at|for|on|to) (?:which|whom|whose)\b",
    rf"\bof (?:the |a )?(?:[\w'’-]+ ){{0,2}}?{ROLE} (?:of|in|that|who|which|where)\b",
    rf"['’]s? (?:[\w'’-]+ ){{0,2}}?{ROLE}\b",
    rf"\b{ROLE} (?:\w+ )?(?:of|from|in|starring|directed by|written by|produced by|considered|called) (?:the |a )?{NAME}",
    r"\b(?:starring|directed by|written by|composed by|produced by|featured on|voiced|adaptation of|remade|known for|located in|released|criticized)\b",
)

CHINESE = (
    _feature("comparison", 1, r"对比|比较|对照|差异|区别|不同|异同|互相矛盾|相互矛盾|冲突|优缺点|利弊|哪(?:个|一[个份种家])[^？?]{0,8}更|更(?:高|低|多|少|大|好|优|严|划算|合适)"),
    _feature("gathering", 1, r"统计|汇总|列出|罗列|盘点|归纳|梳理|所有(?:的|提到|涉及|包含)|逐[条项个一]|做成.{0,6}表|一共有?(?:多少|几)|总共有?(?:多少|几)|分别(?:是|有|由|为)|各自"),
    _feature("calculation", 1, r"计算|算一下|合计|折算|平均(?:是|为|每)?|增长率|变化幅度|还剩(?:多少|几)"),
    _feature("change", 1, r"(?:历次|近[两二三几]年|每次).{0,10}(?:改动|变化|修订|调整)|按时间(?:顺序)?排列|演变|变迁"),
    _feature("conditions", 1, r"(?:如果|假如|假设|若|当).{4,}(?:同时|并且|而且|又|先后|按|应|怎么|如何)"),
    _feature("several_parts", 1, r"[，,；;].{0,6}(?:哪|怎么|如何|为什么|分别|并|说明|解释|指出|给出).*$", r"既.{2,}又", r"[？?].+[？?]"),
    _feature("procedure", 1, r"完整.{0,6}(?:步骤|流程|方案)|先后(?:顺序|采取)|综合|结合.{2,}(?:和|与|及)"),
    _feature("reasons", 1, r"为什么.{4,}(?:比|高于|低于|多于|少于)|造成的?原因.{0,4}分别|能否满足|是否符合.{2,}(?:要求|标准)"),
)  # fmt: skip

LONG_WORDS = 26


def route(question: str) -> tuple[Road, str]:
    """The road and the reason in a word: "simple", or the feature that speaks most for several steps."""
    chinese = language_of(question) == "zh"
    weights: dict[str, float] = {}
    for feature in CHINESE if chinese else ENGLISH:
        if feature.pattern.search(question):
            weights[feature.name] = max(weights.get(feature.name, 0), feature.weight)
    if not chinese:
        weights |= _structure(question)
    if sum(weights.values()) < 1:
        return "fast", "simple"
    return "thinking", max(weights, key=lambda name: weights[name])


def _structure(question: str) -> dict[str, float]:
    """How an English question is built: descriptions inside descriptions, several names, length."""
    body = question.partition(" ")[2]
    chains = sum(len(re.findall(pattern, body)) for pattern in CHAINED)
    names = len(set(re.findall(NAME, body)))
    words = len(question.split())
    found: dict[str, float] = {}
    if chains:
        found["chain"] = min(0.4 * chains, 1) + (0.15 * min(names, 3))
    if words >= LONG_WORDS:
        found["length"] = 0.5
    return found


Reader = Callable[[str], tuple[Road, str]]

"""Question → straight to the Thinking agent, or let the fast road try. Pure.

No model is asked and no document is looked at: the wording tells which questions plainly need several steps, because
they compare, gather, calculate, set conditions, or describe one thing by another. A question that only looks simple is
still handed over by the fast road itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.events import Road
from agents.language import language_of

LOOKED_AT = 1_000
"""Characters of a question whose wording counts: what follows was pasted, and some signs are slow to find in it."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of several steps: the reason that people see, how surely it speaks for them (1 is enough), its wording."""

    reason: str
    weight: float
    pattern: re.Pattern[str]


def _signs(rows: Sequence[tuple[str, float, str]], **words: str) -> tuple[Sign, ...]:
    """Compile rows of reason, weight and pattern; `WORD` in a pattern stands for the list of that name."""
    signs = []
    for reason, weight, pattern in rows:
        for name, listed in words.items():
            pattern = pattern.replace(name, f"(?:{listed})")
        signs.append(Sign(reason, weight, re.compile(pattern, re.IGNORECASE)))
    return tuple(signs)


MORE = (
    "more|less|fewer|first|last|earlier|later|better|worse|most|least|greater|higher|lower|older|younger|newer|longer|"
    "shorter|larger|bigger|smaller|cheaper|faster|oldest|youngest|longest|largest|highest|before|after"
)
WORK = (
    "documents?|polic(?:y|ies)|contracts?|handbooks?|services?|departments?|teams?|conflicts?|offices?|products?|"
    "suppliers?|projects?|regulations?|versions?|rules?"
)
ASK = "how|why|who|which|what|where|when"
# "When dating rocks, …" and "which it is, …" ask nothing.
ASKED = "how|why|(?<!, )who|(?<!, )which|what|where|when (?:is|are|was|were|do|does|did|must|should|can|will)"
SAY = "list|find|show|name|give|tell|explain|describe|compare|calculate|summari[sz]e"
VERB = "is|are|was|were|do|does|did|has|have|should|would|must|can"
# What one thing is to another: by such a word the question names something that has to be found first.
KIN = (
    "director|producer|author|writer|performer|singer|actor|actress|composer|creator|founder|owner|leader|ruler|spouse|"
    "wife|husband|father|mother|son|daughter|birthplace|hometown|birth (?:city|country)|city of birth|alma mater|"
    "successor|predecessor|parent company|manager|employer|publisher|successors"
)
ORIGIN = (
    "birthplace|hometown|birth (?:city|country)|(?:city|country|place) of birth|alma mater|spouse|wife|husband|father|"
    "mother|country|city|state|county|predecessor|successor"
)
PLACE = (
    "city|country|state|county|region|town|province|territory|continent|area|colony|company|group|association|"
    "organi[sz]ation|league|team|school|university|band|museum|magazine|institution|person|man|woman|film|movie|book|"
    "essay|song|game|series|scientists?|campaign|operation"
)

ENGLISH = _signs(
    (
        ("comparison", 1, r"\bcompare\b|\bcomparison\b|\bdiffer(?:s|ed|ences?)?\b|\bversus\b|\bvs\b|\bin common\b"),
        ("comparison", 1, r"\bconflicts? with\b|\bcontradict|\bwhat separates\b|\bpros and cons\b|\btrade-?offs?\b"),
        ("comparison", 1, r"\bMORE\b[^?]*[,:][^?]* or [^?]+\?*$|,[^,?]+ or [^,?]+,[^?]*\bMORE\b"),
        ("comparison", 1, r"\bMORE\b[^?]* (?-i:[A-Z])[^?]* or (?-i:[A-Z])"),
        ("comparison", 1, r"^(?:between|out of) .*\b(?:who|which)\b"),
        ("comparison", 1, r"\b(?:who|which)\b.*\bMORE (?:\w+ )?(?:generous|than|off)\b"),
        ("comparison", 1, r"^(?:VERB)\b.* and .*\b(?:both|same|share)\b|^(?:VERB) both\b|\bbefore or after\b"),
        ("comparison", 1, r"^(?:VERB)\b.* (?-i:[A-Z]).*\b(?:before|after|than) (?:the )?(?-i:[A-Z])"),
        ("comparison", 1, r"^(?:VERB)\b.*\bMORE\b.*\bthan the\b.*(?-i:[A-Z0-9])"),
        ("comparison", 1, r"\bboth\b.*\b(?-i:[A-Z]).* and (?-i:[A-Z])|\boverlap"),
        ("comparison", 1, r"(?-i:[A-Z])\w+ and (?-i:[A-Z]).*\bboth\b"),
        ("comparison", 0.6, r"\bboth\b"),
        ("comparison", 0.6, r"\bthe same \w+(?: \w+)? (?:as|but)\b"),
        ("change", 1, r"\bhow (?:VERB) .*\b(?:change|evolve|develop)[ds]?\b.*\b(?:between|over|from|since|across)\b"),
        ("change", 1, r"\btimeline\b|\bchronolog"),
        ("gathering", 1, r"^(?:list|count|summari[sz]e|collect|find|show|name|give|tell)\b.*\b(?:all|every|each)\b"),
        ("gathering", 1, r"\b(?:list|show|name|find) (?:all|every|each)\b|\bfor each (?:WORK)\b"),
        ("gathering", 1, r"\b(?:all|every|each) (?:of )?(?:the |our )?(?:\w+ )?(?:WORK)\b"),
        ("gathering", 1, r"\bhow many (?:of )?(?:the |our )?(?:\w+ )?(?:WORK) (?:mention|contain|require|refer|apply)"),
        ("calculation", 1, r"\b(?:calculate|compute|work(?:ed)? out|add up|sum of|percentage change)\b"),
        ("calculation", 1, r"\bhow much .* (?:left|altogether|together|remain)\b"),
        ("conditions", 1, r"\b(?:if|when|while)\b[^,?]+,[^?]*\b(?:ASK|and)\b[^?]*\b(?:and|which|who|while|then)\b"),
        ("conditions", 0.6, r"^(?:if|suppose|assuming|given)\b|\bwho has to\b.*\bif\b"),
        # "In 1980, what …" asks one thing: only what asks before the comma makes what follows it a second part.
        ("several_parts", 1, r"(?:^(?:VERB|SAY)|\b(?:ASKED))\b.*[,;:] ?(?:and )?(?:ASK) (?:\w+ )*?(?:VERB|of)\b"),
        ("several_parts", 1, r"\?\s+\S.*\?"),
        # "…, and who approves it?" is often said in one sentence with the rest.
        ("several_parts", 1, r"[,;] ?and (?:ASK)\b(?! \w+ (?:it|them)\?*$)"),
        ("several_parts", 0.6, r"\band (?:ASK)\b"),
        ("several_parts", 1, r"\band (?:ASK|tell|say|explain|list) (?!year\b|date\b)(?:\w+ )+?"
                             r"(?:VERB|of|off|WORK|explain)\b"),
        ("procedure", 1, r"\bstep by step\b|\bin (?:which|what) order\b|\bmigration plan\b|\broot cause"),
        ("reasons", 1, r"\bwhy\b.*\b(?:according to|and (?:VERB|ASK))\b"),
    ),
    MORE=MORE, WORK=WORK, ASKED=ASKED, ASK=ASK, SAY=SAY, VERB=VERB,
)  # fmt: skip

# One thing described by another. These add up, and the more names there are, the surer.
CHAINED = _signs(
    (
        ("chain", 1, r"['’]s? (?:\w+ ){0,2}?(?:ORIGIN)\b"),
        ("chain", 0.8, r"(?<!is )(?<!was )(?<!are )(?<!were )\bthe (?:\w+ ){0,2}?KIN (?:of|that|who|which)\b"),
        ("chain", 0.7, r"\b(?:the|a|an|that) (?:[\w'’-]+ ){0,4}?(?:PLACE|KIN),? "
                       r"(?:who|whose|where|that|which|in which|with which)\b"),
        ("chain", 0.7, r"\b(?:the|a|an) (?:[\w'’-]+ ){0,3}?PLACE (?:that )?"
                       r"(?:(?-i:[A-Z])[\w'’-]+ ){1,4}(?:is|was|were)\b"),
        ("chain", 0.7, r"\b(?:the|a) (?:[\w'’-]+ ){0,4}?PLACE (?:\"[^\"]+\" )?(?:starring|directed|written|produced|"
                       r"composed|released|considered|called|ruling|published|located|founded|made)\b"),
        ("chain", 0.5, r"\b(?:in|of|by|with|at|for|on|to) (?:which|whom|whose)\b|"
                       r"(?<=[\w,] )(?:who|that|which) (?:was|were|is|had)\b"),
        ("chain", 0.4, r"\b(?:directed|written|produced|composed|ousted|featured|voiced|remade|located|marked)\b"),
        ("chain", 0.3, r"\b(?:19|20)\d\d\b.*\"[^\"]+\"|\"[^\"]+\".*\b(?:19|20)\d\d\b|"
                       r"\b(?:for|in|with|by|of) (?:what|who|whom)\?*$"),
    ),
    ORIGIN=ORIGIN, KIN=KIN, PLACE=PLACE,
)  # fmt: skip
NAME = re.compile(r"[A-Z][\w.'’&-]*(?: (?:(?:of|the|de|von|van|and|for) )*[A-Z0-9][\w.'’&-]*)*")
NAME_WEIGHT, NAMES = 0.15, 4
LONG_WORDS, LONG_WEIGHT = 24, 0.4
CHAINED_ENOUGH = 0.6

CHINESE = _signs(
    (
        (
            "comparison",
            1,
            "对比|^请?比较|比较一下|比较(?=[^，。？?]{0,20}[和与跟、])|对照|差异|区别|有(?:什么|哪些|何)不同",
        ),
        ("comparison", 1, "不同(?![的意])|异同|矛盾|冲突|优缺点|利弊"),
        ("comparison", 1, "哪(?:个|[一两二]?[个份种家款条])[^？?]{0,8}更|更(?:高|低|多|少|大|优|严|划算|合适)"),
        ("gathering", 1, "统计(?!学|和|与|局|数据|部)|汇总|列出|罗列|盘点|归纳|梳理|逐[条项个一]|做成.{0,6}表"),
        ("gathering", 1, "所有(?:的(?!.*吗)|提到|涉及|包含)"),
        ("gathering", 1, "[一总]共有?(?:多少|几)[份个篇条项家]|分别(?:是|有|由|为)|各自"),
        (
            "calculation",
            1,
            "(?<!怎么)(?<!如何)(?<!怎样)计算(?![机器，,]|科学|理论|复杂|问题)|算一下|合计|折算|平均(?:是|为|每)",
        ),
        ("calculation", 1, "增长率|变化幅度|还剩(?:多少|几)"),
        ("change", 1, "(?:历次|近[一两二三几]年|每次).{0,10}(?:改动|变化|修订|调整)|按时间(?:顺序)?排列|演变|变迁"),
        ("conditions", 1, "(?:如果|假如|假设|若|当).{4,}(?:同时|并且|而且|又|先后|应该?先|怎么|如何)"),
        ("several_parts", 1, "(?:什么|哪|多少|几|谁|怎么|如何|是否).*[，,；;].{0,8}(?:哪|怎么|如何|为什么|多少|谁|几)"),
        ("several_parts", 1, "[，,；;](?:并|再|然后|同时)?(?:请)?(?:说明|解释|指出|给出|列出|分析|总结)"),
        ("several_parts", 1, "既.{2,}又|[？?].+[？?]"),
        ("procedure", 1, "完整.{0,6}(?:步骤|流程|方案)|先后(?:顺序|采取)|综合|结合.{2,}(?:和|与|及)"),
        ("reasons", 1, "为什么.{4,}(?:比|高于|低于|多于|少于)|能否满足|是否符合.{2,}(?:要求|标准)"),
    )
)


def route(question: str) -> tuple[Road, str]:
    """The road and the reason in a word: "simple", or what speaks most for several steps."""
    question = question[:LOOKED_AT]
    chinese = language_of(question) == "zh"
    weights: dict[str, float] = {}
    for sign in CHINESE if chinese else ENGLISH:
        if sign.pattern.search(question):
            weights[sign.reason] = max(weights.get(sign.reason, 0), sign.weight)
    if not chinese:
        weights |= _structure(question)
    if sum(weights.values()) < 1:
        return "fast", "simple"
    return "thinking", max(weights, key=lambda reason: weights[reason])


def chained(question: str) -> bool:
    """Whether a question describes one thing by another, if not so plainly that it goes straight on."""
    question = question[:LOOKED_AT]
    if language_of(question) == "zh":
        return question.count("的") > 1
    return _structure(question).get("chain", 0) >= CHAINED_ENOUGH


def _structure(question: str) -> dict[str, float]:
    """How an English question is built: descriptions inside descriptions, the names in them, its length."""
    chain = sum(sign.weight * min(len(sign.pattern.findall(question)), 2) for sign in CHAINED)
    if not chain:
        return {}
    names = len(set(NAME.findall(question.partition(" ")[2])))
    chain += NAME_WEIGHT * min(names, NAMES) + (LONG_WEIGHT if len(question.split()) >= LONG_WORDS else 0)
    return {"chain": chain}

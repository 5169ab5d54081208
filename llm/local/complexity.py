"""Whether a question needs several steps, read from its wording: comparisons, chains, sums, lists, changes, conditions."""

import re
from typing import Literal

from .text import Language, language_of

Need = Literal["comparison", "calculation", "chain", "listing", "change", "condition", "several"]

_MORE = (
    r"(?:more|fewer|less|most|older|oldest|younger|youngest|longer|longest|larger|largest|bigger|biggest|smaller|higher|highest"
    r"|lower|taller|earlier|later|first|last|better|best|closer|greater|cheaper|faster|newer|newest|further|farther|stricter|worse)"
)
_EN: tuple[tuple[Need, str], ...] = (
    (
        "comparison",
        r"\bcompar(?:e[sd]?|ing|ison)\b|\bversus\b|\bvs\b|\bdiffer(?:s|ences?|ent(?:ly)?)?\b.*\b(?:between|from|and|but|how)\b|\bin common\b"
        r"|\bshare the same\b|\bthe same\b.*\b(?:as|but|and both)\b|\bconflicts?\b|\bcontradict\w*\b|\bagainst\b.*\bgaps?\b",
    ),
    (
        "comparison",
        rf"\b{_MORE}\b[^?]*?[, ](?:\w[\w.'’&–-]*[ ,]+)*?or (?:the |an? )?[A-Z\"'“]|\bbetween\b.+\band\b.+\b(?:who|which)\b"
        rf"|^(?:who|which)\b.*\b{_MORE}\b.*,? \bor\b ",
    ),
    (
        "comparison",
        r"^(?:are|were|is|was|do|did|does|have|has|can)\b.+\band\b.+\b(?:both|same|each|either)\b|^(?:are|were|do|did|have)\s+both\b|\bwhich of (?:the|these) (?:two|three)\b|\bbefore or after\b",
    ),
    (
        "change",
        r"\bhow (?:did|has|have|does)\b.+\b(?:chang|evolv|develop|shift|differ)\w*|\bwhat(?:'s| has| have|)? (?:chang\w+|(?:is|are) new)\b|\bchang(?:e|es|ed)\b.+\b(?:between|since|from|over|versions?)\b"
        r"|\b(?:previous|earlier|old|last|prior) (?:version|edition|policy|handbook)\b.+\b(?:new|current|now|this)\b|\bversion\b.+\band\b.+\bversion\b",
    ),
    (
        "calculation",
        r"\b(?:calculat\w+|compute|add up|sum of|worked out|work out|altogether|combined|in total|total (?:cost|amount|number of|price|budget|of all))\b|\baverage\b.+\b(?:of|across|between)\b.+\band\b"
        r"|\bhow (?:much|many)\b.+\b(?:more|less|fewer|left|remain\w*)\b.+\b(?:than|if|after|when|have)\b|\bhow (?:much|many)\b.*\bleft\b|\bpercent\w* (?:increase|decrease|change|of the total)\b|\bhow (?:much|many)\b.+\bif\b.+\d|\b\d+ (?:nights?|days?|people|persons?|employees|units|months?|users?|seats?)\b.+\b(?:cost|pay|total|much)\b",
    ),
    (
        "listing",
        r"\b(?:list|name|summari[sz]e|collect|count|table of|overview of)\b.{0,30}\b(?:all|every|each|the)\b|\bhow many (?:documents|policies|files|contracts|departments|of our)\b|\b(?:all|every|each) (?:of )?(?:the |our )?(?:documents?|policies|contracts|handbooks|teams|departments|versions?|services?|places)\b|\bwhich (?:documents|policies|contracts|services|departments|teams|roles|positions)\b.+\b(?:and|that|still|also|mention)\b|\bacross\b.+\b(?:documents|policies|teams|departments|handbooks|versions)\b",
    ),
    (
        "condition",
        r"^(?:if|suppose|assuming|given that)\b|\bin (?:which|what) order\b|\bstep by step\b|\b(?:am|are) (?:i|we) (?:still )?(?:eligible|entitled|allowed)\b.+\b(?:if|when|after|and)\b|^i (?:was|am|have|will)\b.+[,;:].+\b(?:how|what|which|can|may|do)\b",
    ),
    (
        "several",
        r"[,;] (?:and|or)? ?(?:which|what|how|who|when|where|why|should|do|does|tell)\b[^?]*\?|\band (?:tell|explain|say|list|why|in what|how much|how many|how do|what (?:is|are|does|do)|who (?:is|has|must)|which (?:of|one|team|document|policy))\b|\?\s+\S.+\?|^why did\b.+\band\b",
    ),
)
_CHAIN_EN = (
    re.compile(
        r"\bof (?:the|an?) [\w' -]{2,40}? (?:that|which|who|whose|where|in which|of which|(?:performed|written|directed|founded|owned|created|published|designed|led|run|made) by)\b"
    ),
    re.compile(
        r"\b(?:the|an?) (?:\w+ ){0,3}?(?:city|country|state|county|place|town|company|association|group|person|magazine|film|movie|school|university|team|actor|actress|band|region|continent|area|department|essay|book|song|game|museum|man|woman|employee|manager|organi[sz]ation|author|institution)s? (?:in |to |from |on |at )?(?:where|which|that|whose|who|when)\b"
    ),
    re.compile(
        r"\b(?:of|in|by) [\w' -]*['’]s? (?:\w+ )?(?:birthplace|birth|country|alma mater|manager|director|founder|owner|performer|publisher|capital|spouse|employer|author|hometown|team|department|supervisor|boss|state|city)\b"
    ),
    re.compile(r"['’]s (?:alma mater|birthplace|country|manager's|birth country|publishing|city of birth|hometown)\b"),
    re.compile(
        r"\b(?:director|producer|performer|author|writer|founder|spouse|wife|husband|manager|head|owner|publisher|capital|birthplace|mayor|leader|supervisor|creator|singer|composer) of the (?:\w+ ){0,3}(?:of|that|who|which|where|in)\b"
    ),
)
_ZH: tuple[tuple[Need, str], ...] = (
    (
        "comparison",
        r"对比|比较(?!大|小|多|少|高|低|好)|对照|区别|差异|差别|不同(?!意)|相同点|共同点|异同|哪[个一].{0,6}(?:更|最)|谁.{0,4}更|更.{1,6}[？?]|还是.+[？?]|矛盾|冲突|一致吗|相比|分别.+(?:多少|什么|几|哪)|各自|都.{1,12}吗|(?:高|低|多|少|长|短|大|小|早|晚|贵)(?:多少|几)|谁(?:先|早|晚|大)",
    ),
    (
        "change",
        r"(?:有|做了|发生)?(?:哪些|什么)?(?:变化|变更|变动|改动|调整了)|修订了|新旧|旧版|上一版|两个版本|版本之间|\d{4}\s*[年版]?.{0,6}[和与到至]\s*\d{4}|按时间(?:顺序)?",
    ),
    (
        "calculation",
        r"一共|总共|合计|总计|共计|总额|加起来|计算|算一下|算出|平均(?:值|数)|剩(?:下|余)?|还(?:剩|有)多少|占比|增长(?:率|了多少)|相差|节省多少|.\d+\s*(?:晚|天|人|次|台|个月).+(?:多少钱|共|费用|能报|可报)",
    ),
    (
        "listing",
        r"列出|列举|统计|汇总|梳理|盘点|归纳|所有.{0,12}(?:制度|文档|文件|合同|政策|部门|岗位|规定|条款)|哪些(?:文档|制度|文件|合同|岗位|部门|条款).+(?:提到|涉及|规定|要求|需要|都)|逐条|逐一|各(?:部门|版本|地区)|每份|一张.{0,6}表",
    ),
    (
        "condition",
        r"^(?:如果|假如|假设|若|要是).+(?:怎么|如何|应|哪|多少|什么|谁|几|吗)|先后|先.{1,20}再|依次|步骤.+(?:顺序|完整)|完整.{0,6}(?:步骤|流程)|是否符合|能否满足|符合.{0,10}要求|有没有资格|是否有资格",
    ),
    (
        "several",
        r"[，,；;](?:并且?|同时|以及|另外|再|还|且|然后|其中|分别|他们|它们|哪|应该?|说明|给出|解释|如何|为什么|是否|有(?:什么|哪些)|谁)[^？?]*|[？?].+[？?]|综合|为什么.+(?:分别|哪些|以及)",
    ),
    (
        "chain",
        r"的.{1,12}的.{1,12}(?:的|所在)?.{0,6}(?:是谁|是什么|叫什么|在哪|是多少|哪)|(?:所在|所属|负责).{0,12}的(?:城市|国家|部门|公司|经理|上级|主管|团队|地区|负责人|办公室).{0,12}(?:谁|什么|哪|多少|几)|负责人的|经理的(?:上级|主管|邮箱|电话|分机)",
    ),
)
_TABLE = {
    language: tuple((need, re.compile(pattern, re.IGNORECASE if language == "zh" else 0)) for need, pattern in rows)
    for language, rows in (("en", _EN), ("zh", _ZH))
}
_REASON: dict[Need, dict[Language, str]] = {
    "comparison": {"en": "The question compares several things.", "zh": "问题需要比较多个对象。"},
    "calculation": {"en": "The answer has to be calculated from several facts.", "zh": "答案需要根据多个数据计算。"},
    "chain": {
        "en": "One fact has to be found before the next can be looked up.",
        "zh": "需要先查到一个事实，再查下一个。",
    },
    "listing": {"en": "The answer has to be collected across documents.", "zh": "需要跨文档收集和列举。"},
    "change": {"en": "The question is about what changed between versions.", "zh": "问题涉及不同版本之间的变化。"},
    "condition": {
        "en": "Several rules have to be applied to the case described.",
        "zh": "需要把多条规定应用到所述情形。",
    },
    "several": {"en": "The question has several parts.", "zh": "问题包含多个部分。"},
}


def need_of(question: str) -> Need | None:
    """The kind of step-by-step work a question needs, or None for a plain one-fact question."""
    language = language_of(question)
    text = question.strip()
    if language == "en":
        text = text[:1].lower() + text[1:]
    for need, pattern in _TABLE[language]:
        if pattern.search(text):
            return need
    if language == "en" and any(pattern.search(text) for pattern in _CHAIN_EN):
        return "chain"
    return None


def reason_for(need: Need, language: Language) -> str:
    """One sentence that says why a question needs several steps."""
    return _REASON[need][language]

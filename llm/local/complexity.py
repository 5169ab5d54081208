"""Whether a question needs several steps, read from its wording: comparisons, chains, sums, lists, conditions."""

import re
from collections.abc import Iterator
from typing import Literal

from .dates import MONTHS
from .text import Language, language_of

Need = Literal["comparison", "calculation", "chain", "listing", "change", "condition", "several"]

_MORE = (
    r"(?:more|fewer|less|most|older|oldest|younger|longer|longest|larger|largest|bigger|"
    r"smaller|higher|highest|lower|taller"
    r"|earlier|later|first|last|better|best|closer|greater|cheaper|faster|newer|further|stricter|worse|shorter)"
)
_COUNTED = (
    r"(?:nights?|days?|weeks?|months?|hours?|people|persons?|employees|colleagues|units|"
    r"users?|seats?|licen[cs]es|trips?|km)"
)
_SPELLED = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_ASKING = r"(?:which|what|how|who|whose|when|where|why)"
_MODAL = r"(?:do|does|did|is|are|was|were|can|could|may|must|should|will|would|has|have)"
_THINGS = (
    r"(?:documents?|policies|files|contracts|departments?|handbooks?|teams?|offices?|"
    r"versions?|services|guides|procedures)"
)

_CURRENCY = "EUR|USD|CNY|RMB|GBP|SGD|JPY|HKD|CHF"
_DAY = rf"\d{{1,2}} (?:{MONTHS})|(?:{MONTHS}) \d{{1,2}}\b|\d{{4}}-\d{{2}}-\d{{2}}"

_EN: tuple[tuple[Need, tuple[str, ...]], ...] = (
    (
        "comparison",
        (
            r"\bcompare\b|^comparing\b|\bcomparison\b|\bversus\b|\bvs\b|\bin common\b|\bshare the same\b",
            r"\bdiffer(?:s|ences?|ent(?:ly)?)?\b.*\b(?:between|from|and|but|how)\b",
            r"\bconflicts?\b|\bcontradict\w*\b|\bconsistent with\b|\b(?:say|says|"
            r"agree) the same\b|\bthe same\b.+\bbut\b",
            rf"\b{_MORE}\b[^?]*?[, ](?:\w[\w.'’&–-]*[ ,]+)*?or (?:the |an? )?[A-Z\"'“]",
            r"\bwhich\b[^?]+, (?:the |an? )?[A-Z][^?]* or (?:the |an? )?[A-Z]",
            rf"\bbetween\b.+\band\b.+\b(?:who|which)\b|^who\b.*\b{_MORE}\b.* or ",
            rf"\b{_MORE}\b.+\bthan\b.+\b(?:19|20)\d\d\b|\bwhich of (?:the|these|our) (?:two|three|{_THINGS})",
            r"^(?:are|were|is|was|do|did|does|have|has|can)\b.+\band\b.+\b(?:both|same|each|either)\b",
            r"^(?:are|were|do|did|have) both\b|\bare both what\b|\bboth [A-Z][^?]+ and [A-Z]",
            r"\b(?:before or after|made before)\b|^(?:is|was|are|were) .+\b(?:older|younger|longer|more \w+) than\b",
        ),
    ),
    (
        "change",
        (
            r"\bhow (?:did|has|have|does)\b.+\b(?:change|evolve|differ|shift)d?\b|\bwhat(?:'s|"
            r" has| have) changed\b|\bwhat(?:'s| is) new\b",
            r"\bchang(?:e|es|ed)\b.+\b(?:between|since|from|over)\b|\bversion\b.+\band\b.+\bversion\b",
            r"\b(?:previous|earlier|old|prior) (?:version|edition|policy|handbook)\b.+\b(?:new|current|now|this)\b",
        ),
    ),
    (
        "calculation",
        (
            r"\bcalculat\w+|\bcompute\b|\badd up\b|\bthe sum of\b|\bwork(?:ed)? (?:it )?out\b|"
            r"\baltogether\b|\bin total\b|\bcombined\b",
            r"\btotal (?:cost|amount|price) of\b.+\band\b|\baverage\b.+\b(?:across|between)\b",
            r"\bhow (?:much|many)\b.+\b(?:more|less|fewer|higher|lower)\b.+\bthan\b|\bhow (?:much|many)\b.+\bleft\b",
            rf"\bhow (?:much|many)\b.+\bif\b.+\b{_SPELLED}\b|\bpercent\w* (?:increase|decrease|"
            rf"change)\b|\blargest share\b",
            rf"\b{_SPELLED} {_COUNTED}\b.+\b(?:cost|pay|total|how much|claim|the most)\b|"
            rf"\bcost\b.+\b{_SPELLED} {_COUNTED}\b",
            r"\bby how (?:much|many)\b|\bas a share of\b|\bhow many times (?:as|more)\b",
        ),
    ),
    (
        "listing",
        (
            r"^(?:please )?(?:list|summari[sz]e|collect|count|enumerate|give me an overview)\b|"
            r"\b(?:list|find|name) (?:all|every|each)\b",
            rf"\bhow many (?:of (?:our|the) )?(?:documents|policies|files|contracts|handbooks|"
            rf"versions)\b|\b(?:all|every|each) (?:of )?(?:(?:the|our|two|three|"
            rf"four) )?{_THINGS}\b",
            rf"\bwhich {_THINGS} (?:\w+ ){{0,3}}(?:mention|require|contain|cover|still|apply|name|refer)\b",
            rf"\bacross\b.+\b{_THINGS}\b|\bhow many\b.+\b(?:not yet|still open|are approved|in all)\b",
        ),
    ),
    (
        "condition",
        (
            r"^(?:if|suppose|assuming|given that)\b.+\b(?:how|what|which|who|when|can|may|do|must)\b.{8,}",
            r"\bin (?:which|what) order\b|\bstep by step\b|\b(?:meet|satisfy|comply with|fulfil)\b.+\brequirements\b",
            rf"^(?:i|we|my|our|an?|the|one of)\b[^?]+[.;:,] (?i:{_ASKING}|{_MODAL})\b[^?]+\?",
            rf"^(?:may|can|could|is|are)\b.+(?:\b(?:{_CURRENCY}) ?|[$€£¥] ?)\d",
            rf"^who (?:signs|approves|decides|may|can|must|has to|stands in|acts|is)\b.+\b(?:{_DAY})",
        ),
    ),
    (
        "several",
        (
            rf"\b{_ASKING}\b[^?]+[,;] (?:and|or) (?:{_ASKING}|{_MODAL}|tell|explain)\b",
            rf"^{_MODAL}\b[^?]+[,;]? and (?:{_ASKING}|should|do|does)\b",
            r"\band (?:tell me|explain|why|in what order|how much|how many|how do|what (?:is|are|does|do)|which of)\b",
            rf"\b{_ASKING}\b[^?]+[?.] +(?:and )?(?:list|{_ASKING}|{_MODAL})\b|^why did\b.+\band\b",
            rf"\b{_ASKING}\b.+\band (?:what|which|who|how) (?!\w+ year\b).+\b(?:they|them|their|its|it|those|each)\b",
        ),
    ),
)
_ZH_ASKING = "谁|什么|哪|多少|几|如何|怎么|怎样|吗|是否|能否|多久|多长|为何"
_ZH_COUNTED = r"(?:(?<!\d)\d{1,3}|(?<!第)[一二两三四五六七八九十]+)\s*(?:个?晚|天|人|次|台|个月|公里|间|份)"
_ZH: tuple[tuple[Need, tuple[str, ...]], ...] = (
    (
        "comparison",
        (
            r"对比|(?:^请?|请)比较|比较一下|比较.{1,20}(?:和|与)|对照|区别|差异|差别|不同(?!意)|相同点|共同点|异同|矛盾|冲突|(?:是否|说法)一致|一致吗|相比",
            r"哪[个一][^的]{0,4}(?:更|最)|谁.{0,4}更|更(?!名|换|改|新|为).{1,6}[？?]|(?:谁|哪|更|先).*还是.+[？?]|"
            r"谁(?:先|早|晚|大)|(?:和|与).+都.{1,12}吗",
            r"(?:和|与|、|两|各).+分别.+(?:多少|什么|几|哪|谁)|他们各自|各自的.+(?:多少|什么|几)|各有(?:多少|几|哪)|各(?:是|为|"
            r"需)(?:多少|几)|(?:高|低|贵|差|早|晚)(?:多少|几)",
        ),
    ),
    (
        "change",
        (
            r"变化|变更了|变动|改动|有(?:哪些|什么)调整|修订了|新旧|旧版|上一版|两个版本|版本之间|按时间(?:顺序)?",
            r"\d{4}\s*年?版?.{0,6}[和与]\s*\d{4}",
        ),
    ),
    (
        "calculation",
        (
            r"计算|算一下|算出|总额|加起来|平均(?:值|数)|剩余?(?:多少|几)|还(?:剩|有)(?:多少|几)|占比|相差|节省多少|同比.+多少",
            r"增长(?:率|了)?(?:百分之)?多少|(?:合计|总计|共计).{0,4}(?:多少|几)|(?:和|与|、|及).+(?:一共|总共|合计|共计|共)",
            rf"{_ZH_COUNTED}.+(?:多少|几|费用)",
        ),
    ),
    (
        "listing",
        (
            r"列出|列举|统计(?!学|和|与|局|数据)|汇总|梳理|盘点|归纳|逐条|逐一|每份|一张.{0,6}表",
            r"(?:所有|全部|各个?).{0,12}(?:制度|文档|文件|合同|政策|部门|岗位|规定|条款|版本|地区)",
            r"哪些(?:文档|制度|文件|合同|岗位|部门|条款).+(?:提到|涉及|规定|要求|需要|都)|中，?哪些.+(?:没有|尚未|还未|未)",
        ),
    ),
    (
        "condition",
        (
            rf"^(?:如果|假如|假设|若|要是).+(?:{_ZH_ASKING}|应)|^(?:一[位名个台笔]|我|我们|某).+[，,].*(?:{_ZH_ASKING})",
            r"\d(?:万|,\d{3})*(?:元|欧元|美元).{0,20}(?:可以|能否|是否|能不能|可否|吗)",
            r"\d月\d{1,2}[日号].{0,16}(?:谁|由谁)(?:来)?(?:签|批|审|代|负责)",
            r"先后(?:顺序|次序|应|要|采取)|应先后|先.{1,20}再|依次|步骤.+(?:顺序|完整)|完整.{0,6}(?:步骤|流程)|符合.{0,10}要求|能否满足|有资格",
        ),
    ),
    (
        "several",
        (
            rf"(?:{_ZH_ASKING}).*[，,；;、].*(?:{_ZH_ASKING})|[？?].+(?:{_ZH_ASKING})|综合|为什么.+(?:分别|以及)",
            r"[，,；;](?:并且?|同时|以及|另外|然后)?(?:说明|给出|解释|指出|列出)",
        ),
    ),
    (
        "chain",
        (
            r"的[^的，,]{1,12}的[^的，,]{1,12}(?:是谁|是什么|叫什么|在哪|是多少|是哪|位于)",
            r"(?:所在|所属|负责).{0,12}的(?:城市|国家|部门|公司|经理|上级|主管|团队|地区|负责人|办公室).{0,12}(?:谁|什么|哪|多少|几)",
            r"负责人的|经理的(?:上级|主管|邮箱|电话|分机)",
        ),
    ),
)


def _compiled(rows: tuple[tuple[Need, tuple[str, ...]], ...]) -> tuple[tuple[Need, re.Pattern[str]], ...]:
    return tuple((need, re.compile("|".join(patterns))) for need, patterns in rows)


_TABLE: dict[Language, tuple[tuple[Need, re.Pattern[str]], ...]] = {"en": _compiled(_EN), "zh": _compiled(_ZH)}

# Signs that an English question asks for one fact by way of another, with what each adds.
_MADE_BY = (
    r"(?:directed|written|played|founded|owned|created|published|designed|led|run|made|"
    r"performed|voiced|born|produced|released)"
)
_KIN = (
    r"(?:director|producer|performer|author|writer|founder|spouse|wife|husband|manager|"
    r"head|owner|publisher|capital|birthplace"
    r"|mayor|leader|supervisor|creator|singer|composer|alma mater|hometown|employer|father|mother|deputy|successor)"
)
_PLACE = (
    r"(?:city|country|state|county|place|town|company|association|group|person|magazine|"
    r"film|movie|school|university|team|band|region"
)
_PLACE += (
    r"|continent|department|essay|book|song|album|game|museum|organi[sz]ation|"
    r"institution|actor|actress|author|series|site)"
)
_SIGNS: tuple[tuple[float, re.Pattern[str]], ...] = (
    (
        1.0,
        re.compile(
            rf"\b(?:the|an?) (?:[\w-]+ ){{0,3}}{_PLACE} (?:\w+ ){{0,2}}?(?:where|which|that|whose|"
            rf"who|when|in which|on which)\b"
        ),
    ),
    (1.0, re.compile(r"\bof the (?:[\w-]+ ){1,4}(?:that|which|who|whose|where|in which)\b")),
    (1.0, re.compile(rf"(?<!\bas )(?<!\bacting )\b{_KIN} of (?:the )?(?!our\b)[\w'’ -]+|['’]s? (?:[\w-]+ )?{_KIN}\b")),
    (1.0, re.compile(rf"\bthe (?:[\w-]+ ){{0,2}}{_PLACE} (?:[A-Z][\w.'’-]* )+(?:is|was|are|were)\b")),
    (
        1.5,
        re.compile(
            r"['’]s (?:[\w-]+ )?(?:birthplace|country|city of birth|hometown|alma mater|"
            r"(?:manager|boss|deputy|supervisor)['’]s)\b"
        ),
    ),
    (1.5, re.compile(rf"\b{_KIN} of the {_KIN}\b")),
    (
        0.6,
        re.compile(
            rf"\b(?:{_PLACE}|song|one|person|man|woman|player) {_MADE_BY}\b|"
            rf"\b{_MADE_BY} by (?:the|an?|who|which|what)\b"
        ),
    ),
    (
        0.6,
        re.compile(
            r"\bstarring\b|\bfeatured on\b|\bknown for (?:his|her|their|its)\b|\bappear(?:ed|"
            r"ing) (?:in|on)\b|\bbased on the\b"
        ),
    ),
    (0.5, re.compile(r", (?:in |on |of )?(?:which|who|whose|where)\b|,[^,?]+, (?=\w)")),
    (0.4, re.compile(r"\b(?:from|in|on|by|for|to|of) (?:what|which|whom)\b")),
    (0.4, re.compile(r"(?<=\w )(?:that|whose|which|where|in which)\b")),
    (0.4, re.compile(r"\"[^\"]+\".+\"[^\"]+\"|[\"“'][^\"”']{4,}[\"”']")),
    (0.3, re.compile(r"\b(?:19|20)\d\d\b.*\b[A-Z]|\b[A-Z].*\b(?:19|20)\d\d\b")),
)
_NAMES = re.compile(r"(?<=[\w,;'’\"(] )[\"“]?[A-Z][\w'’.-]*(?: (?:of |the |and |de |in |& )?[A-Z][\w'’.-]*)*")
_CHAINED = 1.5

_REASON: dict[Need, dict[Language, str]] = {
    "comparison": {"en": "The question compares several things.", "zh": "问题需要比较多个对象。"},
    "calculation": {"en": "The answer has to be calculated from several facts.", "zh": "答案需要根据多个数据计算。"},
    "chain": {"en": "One fact has to be found before the next can be looked up.", "zh": "需要先查到一项，再查下一项。"},
    "listing": {"en": "The answer has to be collected across documents.", "zh": "需要跨文档收集和列举。"},
    "change": {"en": "The question is about what changed between versions.", "zh": "问题涉及不同版本之间的变化。"},
    "condition": {"en": "Several rules have to be applied to the case described.", "zh": "需要对照多条规定。"},
    "several": {"en": "The question has several parts.", "zh": "问题包含多个部分。"},
}  # fmt: skip


def need_of(question: str) -> Need | None:
    """The kind of step-by-step work a question needs, or None for a plain one-fact question."""
    language = language_of(question)
    text = question.strip()
    text = text[:1].lower() + text[1:] if language == "en" else re.sub("《[^》]*》", "《》", text)
    for need, pattern in _TABLE[language]:
        if pattern.search(text):
            return need
    if language == "en" and sum(_chain_signs(text)) >= _CHAINED:
        return "chain"
    return None


def _chain_signs(text: str) -> Iterator[float]:
    yield from (weight for weight, pattern in _SIGNS if pattern.search(text))
    names = len(_NAMES.findall(text))
    yield 0.5 * (names >= 2) + 0.3 * (names >= 3)
    words = len(text.split())
    yield 0.5 * (words >= 16) + 0.3 * (words >= 22)


def reason_for(need: Need, language: Language) -> str:
    """One sentence that says why a question needs several steps."""
    return _REASON[need][language]

"""The hard facts of a sentence, in forms that compare: quantities, dates, names, denials, opposites. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agents.agreement import same_dimension
from agents.dates import Moment, masked, moments
from agents.places import FAMILIES, places
from agents.quantities import Quantity, quantities
from agents.quantities import spans as quantity_spans

# "No more than 5" denies nothing: it is a limit.
_LIMITS = re.compile(
    r"\b(?:nobody|no one|no (?!later)[a-z]+|not|never) (?:[a-z]+ ){0,6}(?:more|less|fewer|longer|younger|older) than\b|"
    r"\b(?:nobody|no one|no persons?) (?:under|over|above|below)\b|"
    r"\b(?:no|not) (?:more|less|fewer|later|earlier|longer|lower|higher|larger|smaller|greater|shorter|sooner) than\b|"
    r"\b(?:not|never) (?:to )?exceed\w*\b|\bwhether or not\b|\bno later\b|\bif not\b|"
    r"不[得能可应会]?(?:超过|少于|低于|高于|多于|大于|小于|晚于|早于|迟于|短于|长于|足|满|限)|不仅|不但|不同|不变|"
    r"无论|不管|不论|非常|是否|无锡|"
    r"未来|不断|不久|不良|\bnon-performing\b|非洲|除非|否则|不动产|无人机|无线",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nobody|nothing|forbid(?:s|den)?|prohibit(?:s|ed)?|"
    r"banned|excluded|(?<=be )avoided|(?<=is )avoided|(?<=are )avoided|"
    r"ineligible|disallowed|denied|refused|rejected|unable|unpaid|unlimited|impermissible|lacks?|"
    r"fails? to|failed(?! (?!to\b)[a-z])|rather than|"
    r"refrain|non(?=-))\b|n['’]t\b|"
    r"不(?=[\u4e00-\u9fff])|没有|没(?=[\u4e00-\u9fff])|未(?!来|休|满)|无(?!线)|禁止|严禁|(?<!不)禁(?!忌)|切勿|勿|"
    r"非(?=[\u4e00-\u9fff]{2})|除外|"
    r"拒绝|拒收|并非|而非|从不|免(?:费|除|于)|不$|不(?=\W)",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![A-Za-z0-9])(?:(?!Q[1-4]\b)[A-Za-z]+-?\d+[A-Za-z0-9_-]*|[A-Z]{2,}[A-Za-z0-9_-]*)(?![A-Za-z])|"
    r"(?<![.!?:;•|#*\-\n\"“(] )(?<!^)(?<![\"“*(#>])\b[A-Z][A-Za-z]+\b"
)
_QUOTED = re.compile(r"[《「『]([^》」』]{2,40})[》」』]")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?[\w-]*|[\u3400-\u4dbf\u4e00-\u9fff]|\w+|%")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")

# Either side of each pair is the contrary of the other. What is a negation already ("forbidden") is not repeated here.
_CONTRARIES = (
    (
        r"\bbefore\b|\bprior to\b|\bahead of\b|之前|以前|(?<![提目当此])前(?![述往端台]|提(?!交|出|前|供))",
        r"\bafter\b|\bfollowing\b|之后|以后|(?<![最然先])后(?![续勤台面来者备果代方期])",
    ),
    (
        r"\bincreas\w*|\bris(?:e|es|en|ing)\b|\brose\b|\bgrew\b|\bgrow(?:s|n|th|ing)?\b|\bgain\w*|"
        r"上升|增长|增加|提高|上涨|上调",
        r"\bdecreas\w*|\bfall(?:s|en|ing)?\b|\bfell\b|\bdeclin\w*|\bdrop\w*|\breduc\w*|\bshrank\b|"
        r"下降|减少|降低|下跌|下调",
    ),
    (
        r"\bat least\b|\bminimum\b|\bor more\b|至少|最少|最低|以上|起码",
        r"\bat most\b|\bmaximum\b|\bup to\b|\bor (?:less|fewer)\b|至多|最多|最高|以下|以内",
    ),
    (
        r"\b(?:more|greater|higher|larger|longer) than\b|\babove\b|\bexceed\w*|高于|多于|大于|超过|长于",
        r"\b(?:less|fewer|lower|smaller|shorter) than\b|\bbelow\b|低于|少于|小于|不足|短于",
    ),
    (r"(?:继续|仍然?|依然)有效|\bin force\b", r"废止|失效|作废|\brepealed\b"),
    (r"缩短|\bshorten\w*", r"延长|\bextend\w*|\bprolong\w*"),
    (r"\bexcept\b|\bexcluding\b|除外|不包括|不包含", r"\bincluding\b|\bincludes?\b|(?<!不)包括|(?<!不)包含"),
    (r"\bearlier\b|\bearliest\b|早于|最早", r"\blater\b|\blatest\b|晚于|迟于|最晚|最迟"),
    (r"\bhighest\b|\blargest\b|\bbiggest\b|最高|最大", r"\blowest\b|\bsmallest\b|最低|最小"),
    (
        r"\bhigher\b|\blarger\b|\bfaster\b|\blonger\b|更高|更大|更快|更长",
        r"\blower\b|\bsmaller\b|\bslower\b|\bshorter\b|更低|更小|更慢|更短",
    ),
    (r"\balways\b|总是|始终", r"\bsometimes\b|有时"),
    (
        r"\bmandatory\b|\bcompulsory\b|\bobligatory\b|强制",
        r"\boptional\b|\bvoluntary\b|可选|自愿",
    ),
    (r"\ball\b|\bevery\b|全部|所有|一律", r"\bsome\b|\bfew\b|部分|少数|个别"),
    (r"\bopens?\b|\bopened\b|开放|开启|打开", r"\bcloses?\b|\bclosed\b|关闭"),
    (r"\binternal\w*|\binside\b|内部", r"\bexternal\w*|\boutside\b|外部"),
    (r"已(?!知)", r"未(?!来|知)"),
    (r"\bfirst\b|第一", r"\blast\b|最后"),
    (r"上半年|\bfirst half\b", r"下半年|\bsecond half\b"),
    (r"\bdaily\b|每天|每日", r"\bweekly\b|\bmonthly\b|\byearly\b|\bannual(?:ly)?\b|每周|每月|每年"),
    (r"\bmonthly\b|每月", r"\bweekly\b|\bannual(?:ly)?\b|\byearly\b|\bquarterly\b|每周|每年|每季度"),
)
_OPPOSITES = tuple((re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in _CONTRARIES)
# Where nobody is denied anything: "nobody under 18 may" is "must be 18".
_DUTIES = (
    re.compile(r"\bmandatory\b|\bcompulsory\b|\bobligatory\b|\bmust\b|强制|必须", re.IGNORECASE),
    re.compile(r"\boptional\b|\bvoluntary\b|\bmay\b|可选|自愿|可以", re.IGNORECASE),
)
# "Unless approved" and "if not approved" are the same.
_CONDITIONS = (re.compile(r"\bunless\b|除非", re.IGNORECASE), re.compile(r"\bif\b|\bwhen\b|如果|如|若", re.IGNORECASE))
_DENIES = re.compile(
    r"\b(?:not|no|nobody|never|none|neither|cannot|without|unless)\b|n['’]t\b|[不未无没禁勿]", re.IGNORECASE
)
_SAME_LIMIT = (
    (
        re.compile(
            r"\b(?:no|not) (?:more|longer|higher|later|larger|greater) than\b|\b(?:not|never) (?:to )?exceed(?:ing)?\b|"
            r"\bwithin\b|不[得能可应会]?(?:超过|高于|多于|大于|晚于|迟于|长于)",
            re.IGNORECASE,
        ),
        " at most ",
    ),
    (
        re.compile(
            r"\b(?:no|not) (?:less|fewer|lower|shorter|earlier|smaller|sooner) than\b|不[得能可应会]?(?:少于|"
            r"低于|小于|早于|短于|足)",
            re.IGNORECASE,
        ),
        " at least ",
    ),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says that can be compared exactly."""

    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    names: frozenset[str]

    @property
    def anchors(self) -> set[str]:
        """Words that are the same in every language."""
        return (
            {f"{one.written}" for one in self.quantities if not one.soft}
            | {f"{one.value} {one.dimension}" for one in self.quantities if not one.soft and one.dimension}
            | {one.word() for one in self.moments}
            | {name for name in self.names if re.search(r"[a-z0-9]", name)}
        )

    @property
    def years(self) -> set[int]:
        bare = {int(one.written) for one in self.quantities if one.written.denominator == 1}
        return {one.year for one in self.moments if one.year} | {year for year in bare if 1800 <= year <= 2200}


@lru_cache(maxsize=512)
def read(text: str) -> Facts:
    """The facts of a text."""
    found = moments(text)
    return Facts(
        tuple(quantities(masked(text, found))), tuple(found), frozenset(names(text) | places(text) | people(text))
    )


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a Chinese character, or a quantity or date as one word that is the same however it is written."""

    word: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """A text as it compares word by word."""
    facts = read(text)
    found = [Token(one.word(), one.start, one.end) for one in facts.moments]
    hard = [one for one in facts.quantities if not one.soft]
    found += [Token(word, start, end) for start, end, word in quantity_spans(hard)]
    rest = list(text)
    for token in found:
        rest[token.start : token.end] = " " * (token.end - token.start)
    for match in _WORD.finditer("".join(rest)):
        found.append(Token(match[0].lower(), match.start(), match.end()))
    return sorted(found, key=lambda token: token.start)


def negations(text: str) -> int:
    """How often a text says no."""
    return len(_NEGATION.findall(_LIMITS.sub(" ", text)))


_NOT = re.compile(r"\b(?:not|never|cannot)\b|n['’]t\b|不|未|没")


def denials(text: str) -> tuple[int, int]:
    """How often a text says no, and how often with a word that denies a verb ("not", not "without")."""
    return negations(text), len(_NOT.findall(_LIMITS.sub(" ", text.lower())))


_FROM_TO = r"\b[^.;]{0,20}? from (?P<a>(?:[^.;]|\.\d){1,40}?) to (?P<b>(?:[^.;]|\.\d){1,40})"
_UPWARDS = (
    re.compile(rf"\b(?:rose|rise[sn]?|increased?|grew|grow[sn]?|climbed|improved){_FROM_TO}", re.IGNORECASE),
    re.compile(r"从(?P<a>[^，。；]{1,20})(?:上升|增长|增加|提高|上涨)[到至为](?P<b>[^，。；]{1,20})"),
)
_DOWNWARDS = (
    re.compile(rf"\b(?:fell|falls?|fallen|decreased?|declined?|dropped|shrank|reduced){_FROM_TO}", re.IGNORECASE),
    re.compile(r"从(?P<a>[^，。；]{1,20})(?:下降|减少|降低|下跌)[到至为](?P<b>[^，。；]{1,20})"),
)


def runs_backwards(text: str) -> bool:
    """Whether a text lets something rise from more to less, or fall from less to more."""
    for patterns, sign in ((_UPWARDS, 1), (_DOWNWARDS, -1)):
        for match in (match for pattern in patterns for match in pattern.finditer(text)):
            first, last = quantities(match["a"]), quantities(match["b"])
            alike = first and last and same_dimension(first[0].dimension, last[0].dimension)
            if alike and (last[0].value - first[0].value) * sign < 0:
                return True
    return False


def opposed(said: str, source: str) -> bool:
    """Whether one says "before", "at least", "rose" or the like where the other says only the contrary."""
    for limit, same in _SAME_LIMIT:
        said, source = limit.sub(same, said), limit.sub(same, source)
    pairs = (
        [*_OPPOSITES, _CONDITIONS, *([] if _DENIES.search(f"{said} {source}") else [_DUTIES])]
        if negations(said) == negations(source)
        else _OPPOSITES
    )
    for one, other in pairs:
        ours = bool(one.search(said)), bool(other.search(said))
        theirs = bool(one.search(source)), bool(other.search(source))
        if ours in ((True, False), (False, True)) and theirs == (ours[1], ours[0]):
            return True
    return False


def names(text: str) -> set[str]:
    """Names and codes in a text, in lower case: capitalised words inside sentences, abbreviations, `HR-204`, 《…》."""
    return {name.lower() for name in _NAME.findall(text)} | {name.lower() for name in _QUOTED.findall(text)}


_PERSON = re.compile(
    rf"(?:(?<=[由向请经，。、；和与])|(?<=联系|经理|主管|总监|主任|主席|总裁|导师|校长|院长|部长|教授|博士|作者|"
    rf"总理|市长|队长|教练|老师|演员|导演|歌手))"
    rf"[{''.join(sorted(FAMILIES))}][\u4e00-\u9fff]{{1,2}}?"
    r"(?=批准|审批|审核|负责|签字|签署|担任|同意|兼任|主持|确认|报告|提出|处理|[，。、；和与或]|$)"
)


def people(text: str) -> set[str]:
    """Chinese names of persons, where the words around them leave little doubt."""
    return {match[0] for match in _PERSON.finditer(text)}


_ORGANISATION = re.compile(
    r"(?:[省市县区镇州国部处科司局院所厅会社团队组厂店校室]|中心|集团|银行|大学|公司|先生|女士|经理|主管|总监|主任)$"
)


def is_chinese_name(text: str) -> bool:
    """Whether some characters, which stand where a source has others, are likely the name of somebody or something."""
    if places(text):
        return True
    if not 1 <= len(text) <= 12 or not all(_HAN.match(char) for char in text):
        return False
    return (text[0] in FAMILIES and 2 <= len(text) <= 4) or (len(text) >= 2 and bool(_ORGANISATION.search(text)))

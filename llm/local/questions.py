"""What a question asks for: the type of its answer, read from its wording in English and Chinese."""

import re
from collections.abc import Iterator
from typing import Literal

from .dates import MONTHS, WEEKDAYS
from .text import Language

AnswerType = Literal[
    "person", "date", "number", "duration", "place", "procedure", "reason", "choice", "boolean", "thing"
]

_EN: tuple[tuple[AnswerType, str], ...] = (
    (
        "boolean",
        r"^(?:do|does|did|is|are|was|were|can|could|may|must|should|will|would|has|have|had) "
        r"(?!(?:you|we|i|any(?:one|body)|some(?:one|body)) (?:know|tell|say|explain|show|find|remember|give|help)\b)"
        r"(?!it (?:known|clear|possible to (?:say|tell)))(?=.*\b(?:when|where|while|who|how|why)\b)"
        r"(?!.*\b(?:and|or) (?:when|where|who|how|why|what|which)\b)",
    ),
    (
        "procedure",
        r"^(?:how (?:do|can|should|must|would|to)\b(?! (?:long|often|many|much))|what (?:are|"
        r"is) the (?:steps?|procedure|process)\b)|\bhow (?:do|can|should) (?:i|we|you|one|"
        r"employees?)\b",
    ),
    (
        "duration",
        r"\bhow (?:long|often|soon|quickly|old|late|early)\b|\bhow many (?:\w+ )?(?:days?|"
        r"hours?|weeks?|months?|years?|minutes?|seconds?)\b",
    ),
    (
        "number",
        r"\bhow (?:many|much|big|large|far|tall|high|deep|wide|fast|heavy|expensive)\b|"
        r"\bwhat (?:percent\w*|proportion|share|number|amount|fraction)\b"
        r"|\b(?:population|percentage|per diem|price|cost|salary|fee|rate|limit|maximum|minimum|port|size|budget)\b",
    ),
    (
        "date",
        r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:years?|dates?|days?|months?|century|decade|time)\b|"
        r"\bdeadline\b|\bby what date\b",
    ),
    (
        "person",
        r"\bwho(?:se|m)?\b|\bwhich (?:person|manager|team|department|employee|man|woman|actor|author|president|king)\b",
    ),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:city|country|state|town|place|location|building|room|"
        r"county|region|continent|river)\b",
    ),
    ("reason", r"\bwhy\b|\bwhat (?:is|was|were|are) the (?:reasons?|causes?)\b|\bwhat caused\b"),
    (
        "boolean",
        r"^(?:and |but |so )?(?:do|does|did|is|are|was|were|can|could|may|must|should|will|would|has|have|had)\b",
    ),
)
_ZH: tuple[tuple[AnswerType, str], ...] = (
    ("procedure", r"怎么(?!样的|办的)|如何|怎样|点样|点做|步骤|流程"),
    (
        "duration",
        r"多久|几耐|几多[日天年个]月?|多长时间|几天|几个?小时|几个月|几周|几年|多少(?:天|年|小时|个月|个工作日|分钟|日|周)|享年|几岁|多少岁|多大",
    ),
    (
        "number",
        r"多少|几[个名人位次种条间座所家部张集岁度号层]|多[高大远重宽深快]|几(?=[\u4e00-\u9fff])|比例|百分之",
    ),
    ("date", r"什么时候|几时|边日|何时|哪年|哪一年|哪一天|哪天|几月|几号|几点|哪个月|什么时间|时间是|日期|截止"),
    ("person", r"谁|边个|边位|哪位|何人|哪个人|什么人|由哪个部门|哪个部门|负责人"),
    ("place", r"哪里|边度|哪儿|何处|何地|什么地方|哪个(?:国家|城市|省|市|县|区|地区)|哪国|位于|地点"),
    ("reason", r"为什么|点解|为何|原因|因何|缘故"),
    (
        "boolean",
        r"吗[？?]?$|系咪|有冇|得唔得|可唔可以|[使驶要]唔[使驶要]|[咗了]未|是否|能否|可否|能不能|可不可以|是不是|有没有|支不支持|需不需要|要不要",
    ),
)
_TABLE = {
    language: tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in rows)
    for language, rows in (("en", _EN), ("zh", _ZH))
}

# Read from its first digit on and never long, so that rows of digits cost no more than other text.
_NUMBER = (
    r"(?<!\d)(?<!\d[,.])\d[\d,.]{0,30}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"twenty|thirty|forty|fifty|hundred|thousand|million|billion|half|once|twice|first|"
    r"second|third|fourth|fifth|sixth|seventh)\b|(?<![一二两三四五六七八九十百千万亿半])[一二两三四五六七八九十百千万亿半]{1,20}"
)
_ANSWERS: dict[AnswerType, re.Pattern[str]] = {
    "number": re.compile(_NUMBER, re.IGNORECASE),
    "duration": re.compile(
        rf"(?:{_NUMBER})[\s-]*(?:\w+[\s-]+)?(?:days?|hours?|weeks?|months?|years?|minutes?|"
        rf"seconds?|times?|quarters?|个?(?:工作)?日|天|年|个?月|周|个?小时|分钟|秒|次|岁)"
        r"|\b(?:daily|weekly|monthly|quarterly|yearly|annually|immediately|indefinitely)\b|每[天日周月年季]|永久|立即",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"\b(?:1\d{{3}}|20\d{{2}})\b|\b(?:{MONTHS}|{WEEKDAYS})\b"
        r"|\b\d{1,2}(?::\d{2}|\s*[ap]\.?m\b)|"
        r"\b\d{1,2}(?:st|nd|rd|th)\b|century|\d+\s*年|\d+\s*月|\d+\s*[日号]|\d+[:：]\d+|\d+\s*点"
        r"|[一二三四五六七八九十〇零]+[年月日]|世纪|\d+年代"
    ),
    "person": re.compile(
        r"\b(?:manager|director|officer|team|lead|head|department|president|committee|desk|HR|CEO|CFO|CTO)\b"
        r"|[\u4e00-\u9fff](?:经理|总监|主管|部门|(?<![总全内外局])部(?![分位署件])|组(?![织成合件建])|团队|负责人|专员|先生|女士|导演|作家|演员|将军|皇帝|王|委员会)|[·•]|(?<![理自])由|人(?!民币|工|数|均|次)"
    ),
    "place": re.compile(
        r"\b(?:in|at|near|from|on|to|of) (?:the )?[A-Z][\w'’-]+|\b(?:room|floor|building|"
        r"office|street|city|country|north|south|east|west)\b|位于|[省市县区镇村路街楼层室国岛州洲山]|东|西|南|北"
    ),
    "reason": re.compile(
        r"\b(?:because|due to|since|so that|in order to|therefore|as a result|caused?|reason|"
        r"leads? to|led to|result(?:ed|s)? (?:in|from))\b|因为|由于|因此|所以|为了|导致|以便|故而|原因|"
        r"因[\u4e00-\u9fff]{2,}",
        re.IGNORECASE,
    ),
    "procedure": re.compile(
        r"\b(?:must|should|submit|open|click|go to|contact|send|fill|use|request|call|email|"
        r"select|enter|log ?in|sign|first|then|by \w+ing)\b|提交|填写|登录|打开|点击|联系|申请|发送|选择|首先|然后|"
        r"通过|到.{1,8}(?:办理|领取)|需要?",
        re.IGNORECASE,
    ),
}


# Names of one word count inside a sentence only: at its beginning any word has a capital.
_PERSON = re.compile(
    r"(?<=[a-z,;] )[A-Z][a-z'’-][\w'’-]*(?:(?: (?:of|de|van|von|the))? [A-Z][\w'’.-]*)*"
    r"|^[A-Z][\w'’-]+(?: [A-Z][\w'’.-]*)+"
)
_NO_PERSON = re.compile(
    rf"\b(?:{MONTHS}|(?:{WEEKDAYS})s?)\b"
    r"|\b(?:University|College|School|Institute|Academy|Museum|Library|Church|Cathedral|Hospital|Company|Corporation"
    r"|Inc|Ltd|GmbH|Books|Press|Records|Magazine|Award|Prize|Cup|League|Series|Week|War|Battle|Treaty|Act|Revolution|Empire|Kingdom|Republic"
    r"|States?|Union|Party|River|Lake|Sea|Ocean|Mount|Mountains?|Island|Street|Road|Park|Bridge|Station|Tower"
    r"|City|County|North|South|East|West|Europe|Asia|Africa|America|\w+(?:ish|ese|[rixl]can|[^lr]ian))\b"
)


YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d{2})(?!\d)|[一二三四五六七八九〇零]{4}年|\d{2,4}\s*(?:年|BC|AD|CE)\b")
_ASKS_YEAR = re.compile(r"\b(?:which|what) year\b|哪一?年", re.IGNORECASE)


def asks_year(question: str) -> bool:
    """Whether a question asks for a year and nothing less will do."""
    return _ASKS_YEAR.search(question) is not None


def answer_type(question: str, language: Language) -> AnswerType:
    """The type of answer a question asks for; `thing` when its wording does not say."""
    for kind, pattern in _TABLE[language]:
        if pattern.search(question.strip()):
            return kind
    return "thing"


def holds_answer(text: str, kind: AnswerType, question: str) -> bool:
    """Whether a text holds something of the type asked for that the question itself does not already name."""
    pattern = _ANSWERS.get(kind)
    if pattern is None:
        return True
    asked = question.lower()
    if kind == "person" and any(name.lower() not in asked for name in _people(text)):
        return True
    return any(match.group().lower() not in asked for match in pattern.finditer(text))


def _people(text: str) -> Iterator[str]:
    """The names in an English text that may be a person's: what calls itself a school, a river or a war is none."""
    for match in _PERSON.finditer(text):
        if not _NO_PERSON.search(match.group()):
            yield match.group()

"""A question taken apart: what kind of work it is, and the smaller questions whose answers make up its own."""

import re
from dataclasses import dataclass

from .complexity import Need, need_of
from .text import Language, language_of, question_terms, terms

_MOST_PARTS = 4
# What ends a coordinated noun phrase on its left and on its right.
_EN_EDGE = (
    r"(?:of|between|for|in|on|at|to|from|with|by|about|and|or|versus|vs|than|the|a|an|our|their|its|both|either|whether"
    r"|compare[sd]?|comparing|is|are|was|were|do|does|did|has|have|had|can|could|which|who|what|how|when|where|why"
    r"|differ\w*|that|regarding|under|per|as|if|would|will|should|must|i|we|you|they|it|"
    r"more|less|older|first|longer|larger|than)"
)
_EN_WORD = r"[\w][\w.'’&/%+-]*"
_EN_PAIR = re.compile(
    rf"(?P<left>{_EN_WORD}(?: {_EN_WORD}){{0,3}})(?P<middle>(?:, {_EN_WORD}(?: {_EN_WORD}){{0,3}}){{0,2}}),?"
    rf" (?:and|or|versus|vs\.?|against|with|to|than) (?:the |an? |our |in |"
    rf"for )?(?P<right>{_EN_WORD}(?: {_EN_WORD}){{0,3}})"
)
_ZH_PAIR = re.compile(
    r"(?P<left>[^，,。；;：:？?！!、\s的和与跟及比]{1,14}(?: ?[^，,。；;：:？?！!、\s的和与跟及比]{1,8})?)"
    r"(?P<middle>(?:、[^，,。；;：:？?、\s的和与跟及]{1,12})*)\s?(?:和|与|跟|及|以及|还是|或者?|、)\s?"
    r"(?P<right>[^，,。；;：:？?！!、的和与跟及]{1,14}?)"
    r"(?=的|在|有|哪|谁|相|之间|两|这|分别|各|都|中|里|对|怎|如何|多|是|差|需|可|[，,。？?]|$)"
)
_ZH_LEAD = re.compile(
    r"^.*(?:请|对比一?下?|比较一?下?|对照|对于|对|把|将|从|在|按|我们|公司|说明|列出|之间|根据|参加|关于|一下|分析|计算)"
)
_CLAUSE_EN = re.compile(
    r"[,;]? and (?=(?:which|what|how|who|when|where|why|tell|explain|do|does|is|are|should|can|by)\b)"
    r"|[,;] (?:or )?(?=(?:which|what|how|who|when|where|why|do|does|is|are|should|can|tell|with)\b)|\?\s+(?=\S)"
    r"|\.\s+(?=(?:Which|What|How|Who|Whose|When|Where|Why|Do|Does|Is|Are|Should|Can|May|Must)\b)"
)
_CLAUSE_ZH = re.compile(
    r"[，,；;。？?]\s*(?:并且?|同时|以及|另外|再|而且|然后)?|以及(?=.{0,8}(?:谁|什么|哪|多少|几|如何|怎))"
)
_INTERROGATIVE_ZH = re.compile("谁|什么|哪|多少|几|如何|怎|吗|是否|能否|多久|为何|说明|列出|给出|解释|计算")
_INTERROGATIVE_EN = re.compile(
    r"^(?!(?:if|while|suppose|i)\b)(?:(?:which|what|how|who|whose|when|where|why|tell|explain|list|give|name|do|does|did|is|are|was|were|"
    r"can|could|may|must|should|will|would|has|have)\b|.*\b(?:which|what|how|whose?|whom|why)\b)",
    re.IGNORECASE,
)
_TOPIC = re.compile(r"[“\"「『‘']([^”\"」』’']{2,40})[”\"」』’']")


# Whether documents say the same.
AGREEMENT = re.compile(
    r"\b(?:agree|contradict\w*|conflict\w*|consistent|say the same|disagree)\b|一致|矛盾|冲突|各文件|各份?文档|说法",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A smaller question: a label to show, the words to look for, and words that only give it context."""

    label: str
    text: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A question, the kind of work it needs, and its parts (at least one)."""

    question: str
    language: Language
    need: Need | None
    parts: tuple[Part, ...]
    topic: str = ""


def task_of(question: str, before: str = "") -> Task:
    """Take a question apart. `before` is the question it follows up, if it does."""
    language = language_of(question)
    need = need_of(question)
    quoted = _TOPIC.search(question)
    topic = quoted.group(1) if quoted else ""
    parts = (Part("", topic),) if need == "listing" and topic else _parts(question, language, need)
    if before:
        parts = tuple(Part(part.label, part.text, f"{part.context} {before}".strip()) for part in parts)
    return Task(question, language, need, parts, topic)


def _parts(question: str, language: Language, need: Need | None) -> tuple[Part, ...]:
    if need in ("comparison", "change", "calculation", "listing", "several"):
        compared = items(question, language)
        if len(compared) > 1:
            return tuple(_part_for(item, compared, question) for item in compared[:_MOST_PARTS])
    if need in ("several", "condition", "calculation", "comparison", "change", "chain", "listing"):
        clauses = _clauses(question, language)
        if clauses:
            return tuple(clauses[:_MOST_PARTS])
    return (Part("", question),)


def _part_for(item: str, compared: list[str], question: str) -> Part:
    """The question about one of several coordinated things: the others' words are taken out."""
    mine = set(terms(item))
    text = question
    for other in compared:
        if other != item:
            shared = [word for word in other.split() if set(terms(word)) <= mine]
            gone = " ".join(word for word in other.split() if word not in shared)
            text = text.replace(gone, " ", 1) if gone else text
    missing = "" if mine <= set(terms(text)) else f" {item}"
    return Part(item, re.sub(r"\s+", " ", text + missing).strip())


def items(question: str, language: Language) -> list[str]:
    """The coordinated things a question names ("A, B and C", "A和B"), at most four; empty when there are none."""
    found = _items_en(question) if language == "en" else _items_zh(question)
    distinct = [item for item in dict.fromkeys(found) if set(terms(item)) or item.strip().isdigit()]
    return distinct if len(distinct) > 1 else []


def _items_en(question: str) -> list[str]:
    best: list[str] = []
    for start in [match.start() for match in re.finditer(r"(?<![\w'’])\w", question)]:
        pair = _EN_PAIR.match(question, start)
        if not pair:
            continue
        left, right = _trim_left(pair["left"]), _trim_right(pair["right"])
        middle = [piece for raw in pair["middle"].split(",") if (piece := _trim_right(raw.strip()))]
        if not left or not right or (left[0].islower() != right[0].islower() and not re.search(r"\d", left + right)):
            continue
        found = _share_head([left, *middle, right])
        if _is_better(found, best):
            best = found
    return best


def _is_better(found: list[str], best: list[str]) -> bool:
    names = sum(item[:1].isupper() or item[:1].isdigit() for item in found)
    best_names = sum(item[:1].isupper() or item[:1].isdigit() for item in best)
    return (names, len(found), len(" ".join(found))) > (best_names, len(best), len(" ".join(best)))


def _trim_left(phrase: str) -> str:
    """The words after the last edge word of a phrase that ends at the conjunction."""
    return re.split(rf"(?:^|\s){_EN_EDGE}(?=\s|$)", phrase, flags=re.IGNORECASE)[-1].strip(" ,.")


def _trim_right(phrase: str) -> str:
    """The words before the first edge word of a phrase that begins after the conjunction."""
    return re.split(rf"(?:^|\s){_EN_EDGE}(?=\s|$)", phrase, flags=re.IGNORECASE)[0].strip(" ,.?")


def _share_head(found: list[str]) -> list[str]:
    """Give the last item's closing noun to the shorter ones: "German and US handbooks"."""
    last = found[-1].split()
    if len(last) > 1 and last[-1][0].islower() and all(len(item.split()) < len(last) for item in found[:-1]):
        return [*(f"{item} {last[-1]}" for item in found[:-1]), found[-1]]
    return found


def _items_zh(question: str) -> list[str]:
    best: list[str] = []
    for pair in _ZH_PAIR.finditer(question):
        left = _ZH_LEAD.sub("", pair["left"]).strip()
        middle = [piece for piece in pair["middle"].split("、") if piece]
        found = [item for item in (left, *middle, pair["right"].strip()) if item]
        if len(found) > len(best):
            best = found
    return best


def _clauses(question: str, language: Language) -> list[Part]:
    """The question's clauses that ask something, each with the whole question as its context."""
    cuts = (_CLAUSE_EN if language == "en" else _CLAUSE_ZH).split(question)
    asked = [cut.strip(" ?？,，.") for cut in cuts if cut and len(question_terms(cut)) > 0]
    if language == "zh":
        asked = [clause for clause in asked if _INTERROGATIVE_ZH.search(clause)]
    else:
        asked = [clause for clause in asked if _INTERROGATIVE_EN.search(clause)]
    if len(asked) == 1 and len(cuts) > 1 and language == "en":
        # What the other clauses say is the case that the question is about.
        return [Part("", asked[0], question)]
    return [Part(clause, clause, question) for clause in asked] if len(asked) > 1 else []

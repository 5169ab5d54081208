"""Documents held against a condition, one row of JSON each: what the checks of every document ask the model for.

By rules: the document's kind from its title and tags, dates by what they are the dates of, and other conditions by
whether one sentence says all of it, with the same yes or no. What the rules cannot tell is "unclear".
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llm.chinese import simplified

from .concepts import with_concepts
from .conversation import Source, content_text
from .glossary import translations
from .periods import OPEN_ENDED, Day, Period, period_of, says, turns
from .quantities import amounts
from .scripts import folded, restored
from .text import content_runs, has_han, question_terms, terms
from .units import Unit, units

_DOCUMENTS = re.compile(r"<documents>\n(.*?)\n?</documents>", re.DOTALL)
_CRITERION = re.compile(r"<criterion>\n(.*?)\n</criterion>", re.DOTALL)

# Nouns for one kind of document, in both languages.
_KINDS = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"\bcontracts?\b|\bagreements?\b|合同|协议|合约",
        r"\bpolic(?:y|ies)\b|\bregulations?\b|\brules\b|制度|政策|办法|规定|规范|细则|守则|章程",
        r"\breports?\b|\breviews?\b|报告|回顾|复盘|总结",
        r"\bmanuals?\b|\binstructions?\b|说明书|指导书|操作规程",
        r"\bguides?\b|\bguidelines?\b|指南|指引",
        r"\bhandbooks?\b|手册",
        r"\bnotices?\b|\bcirculars?\b|\bmemos?\b|通知|公告|须知",
        r"\bminutes\b|纪要",
        r"\bprocedures?\b|\bprocess(?:es)?\b|流程|程序",
        r"\bspecifications?\b|\bdata ?sheets?\b|规格书|数据手册",
        r"\bcertificates?\b|证书",
        r"\boffers?\b|\bquotations?\b|报价单?",
        r"\bletters?\b|函件?",
    )
)
_TITLE_TAIL = re.compile(r"[:：(（].*$| (?:on|for|about|of|with|between) (?:the )?.*$", re.IGNORECASE)

_MENTION = re.compile(
    r"^(?:(?:is|are|was|were) )?(?:(?:that|which) )?(?:mention\w*|refer(?:s|ring)? to|speak\w* (?:of|about)|"
    r"talk\w* about|discuss\w*|cover\w*|deal\w* with|address\w*|concern\w*|contain\w*|include\w*|about)\b|"
    r"^(?:the )?.+ (?:is |are )?mentioned$|"
    r"提到|提及|涉及|谈到|讲到|包含|含有|有关|关于|说到",
    re.IGNORECASE,
)
_MENTION_WORDS = re.compile(
    r"\b(?:is|are|mention\w*|refer(?:s|ring)? to|speak\w* (?:of|about)|talk\w* about|discuss\w*|cover\w*|deal\w* with|"
    r"address\w*|concern\w*|contain\w*|include\w*|about|the words?|the phrase|the term)\b|"
    r"提到|提及|涉及|谈到|讲到|包含|含有|有关|关于|说到|了|过|的内容|内容",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:requir\w+|needs?|must|have to|has to|should|shall|provid\w+ for|provid\w+|stat\w+ that|says? that|"
    r"set out|that|which|documents?|there)\b|规定了?|约定了?|要求|需要|需|须|必须|应当|应|经过|经|由|得到|的",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"\b(?:no|not) (?:more|less|fewer|later|earlier|longer) than\b|\bnot exceed\w*\b|\bnot only\b|"
    r"[如若](?:无|未|没有)[^，。；]{0,10}|不得?(?:超过|少于|低于|高于|晚于|早于)|不仅",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:no|not|never|without|neither|nor|cannot|none|exempt(?:ed)?|waived)\b|n['’]t\b|"
    r"不(?!断|同)|无需|无须|毋须|未|没有|免于|免除|无(?=[\u4e00-\u9fff])",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;；]|,? (?:but|whereas|however|unless|except)\b|，?(?:但是?|除非|除外|而)")
_DATE_COLUMN = re.compile(r"\bdates?\b|\bwhen\b|\bday\b|\bexpiry\b|日期?$|时间|期限", re.IGNORECASE)
_SUM_COLUMN = re.compile(r"\b(?:value|amount|price|sum|cost|total|fee)s?\b|金额|价格|总价|费用|价款", re.IGNORECASE)
ENOUGH_HAN = 0.75


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as it is shown: what it is called, and its passages."""

    number: int
    title: str
    names: str
    tags: tuple[str, ...]
    sources: tuple[Source, ...]

    def units(self) -> Iterator[Unit]:
        for source in self.sources:
            yield from units(source)


@dataclass(frozen=True, slots=True)
class Row:
    """The decision on one document, with the unit that shows it."""

    meets: str
    unit: Unit | None = None
    day: str = ""


NO, UNCLEAR = Row("no"), Row("unclear")


def survey(messages: Sequence[dict[str, Any]]) -> str | None:
    """The reply to a request that shows documents and a criterion; None for any other request."""
    text = content_text(messages[-1]) if messages else ""
    shown, asked = _DOCUMENTS.search(text), _CRITERION.search(text)
    if not shown or not asked:
        return None
    try:
        criterion = json.loads(asked[1])
    except json.JSONDecodeError:
        return None
    criterion = folded(criterion)
    rows = [_told(paper, decide(paper, criterion), criterion) for paper in _papers(simplified(shown[1]))]
    written = {source.number: source.text for paper in _papers(shown[1]) for source in paper.sources}
    return json.dumps({"rows": [_as_written(row, written) for row in rows]}, ensure_ascii=False)


def _as_written(row: dict[str, Any], written: dict[int, str]) -> dict[str, Any]:
    """A row with its quote and its values in the script in which their source is written."""
    source = [written[row["source"]]] if row.get("source") in written else []
    quote, values = row.get("quote"), row.get("values")
    told = {"quote": restored(quote, source, 1)} if quote else {}
    return row | told | ({"values": [restored(value, source, 1) for value in values]} if values else {})


def _papers(block: str) -> Iterator[Paper]:
    for line in block.splitlines():
        try:
            data = json.loads(line)
            sources = tuple(
                Source(
                    number=int(one["source"]),
                    text=str(one["text"]),
                    document=int(data["document"]),
                    title=str(data["title"]),
                    section=str(one.get("section") or ""),
                    header=str(one.get("context") or ""),
                )
                for one in data["passages"]
            )
            tags = tuple(map(str, data.get("tags") or ()))
            names = " / ".join(
                [*tags, str(data.get("file") or "").replace("-", " "), str(data.get("collection") or "")]
            )
            yield Paper(int(data["document"]), str(data["title"]), names, tags, sources)
        except (ValueError, KeyError, TypeError):
            continue


def decide(paper: Paper, criterion: dict[str, Any]) -> Row:
    """Whether a document meets the criterion."""
    condition = str(criterion.get("condition") or "").strip()
    if not is_kind(paper, str(criterion.get("kind") or "")):
        return NO
    if not condition:
        first = next((unit for unit in paper.units() if unit.kind != "heading"), None) or next(paper.units(), None)
        return Row("yes", first) if first else UNCLEAR
    if period := period_of(condition):
        return _dated(paper, period)
    return _said(paper, condition)


def is_kind(paper: Paper, kind: str) -> bool:
    """Whether a document is of a kind: by a tag, the last kind that its title names, or else its file or collection."""
    if not kind:
        return True
    wanted = next((words for words in _KINDS if words.search(kind)), None) or re.compile(re.escape(kind), re.IGNORECASE)
    if any(wanted.fullmatch(tag) for tag in paper.tags):
        return True
    for title in (_TITLE_TAIL.sub("", paper.title), paper.title):
        if named := [(match.end(), words) for words in _KINDS for match in words.finditer(title)]:
            return max(named, key=lambda one: one[0])[1] is wanted
    return wanted.search(f"{paper.title} / {paper.names}") is not None


def _dated(paper: Paper, period: Period) -> Row:
    """By the dates on which the document's own term begins or ends; the latest extension counts."""
    found: list[tuple[Day, Unit]] = []
    spoken = False
    for unit in paper.units():
        text = _as_sentence(unit)
        spoken = spoken or says(text, period.turn)
        found += [(day, unit) for day in turns(text, period.turn)]
    if not found:
        open_ended = any(OPEN_ENDED.search(unit.text) for unit in paper.units())
        return UNCLEAR if spoken and not open_ended else NO
    changed = [one for one in found if re.search(r"\bextended\b|延长至|续签至|展期至", one[1].text, re.IGNORECASE)]
    day, unit = max(changed, key=lambda one: one[0].last) if changed else found[0]
    if day.first >= period.first and day.last <= period.last:
        return Row("yes", unit, _written(day))
    overlaps = day.first <= period.last and day.last >= period.first
    return Row("unclear", unit) if overlaps else NO


def _as_sentence(unit: Unit) -> str:
    """A row with the names of its columns before its cells; other units as they are."""
    if unit.kind != "row" or not unit.header:
        return unit.text
    return "; ".join(f"{name}: {cell}" for name, cell in zip(unit.header, unit.cells, strict=False) if cell)


def _written(day: Day) -> str:
    if day.first == day.last:
        return day.first.isoformat()
    return f"{day.first:%Y}" if day.first.month != day.last.month else f"{day.first:%Y-%m}"


def _said(paper: Paper, condition: str) -> Row:
    """By whether one sentence says all of the condition."""
    quoted = re.findall(r"[\"“「『《]([^\"”」』》]{2,80})[\"”」』》]", condition)
    mentions = _MENTION.search(condition) is not None
    if quoted and mentions:
        wanted = [_folded(wording) for wording in quoted]
        for unit in paper.units():
            if all(wording in _folded(unit.text) for wording in wanted):
                return Row("yes", unit)
        return NO
    topic = with_concepts(_MENTION_WORDS.sub(" ", condition) if mentions else condition)
    needed = _needed(_WEAK.sub(" ", topic))
    if not needed:
        return UNCLEAR
    denies = not mentions and _denies(condition)
    doubtful = False
    # A heading shows it only where no sentence does.
    for unit in sorted(paper.units(), key=lambda unit: unit.kind == "heading"):
        for clause in _clauses(unit):
            around = f"{unit.heading} {unit.lead} {unit.source.section}" if unit.kind != "heading" else ""
            share, own = _covered(needed, clause, around)
            if share < 1:
                doubtful = doubtful or (len(needed) >= 4 and share >= 0.75)
                continue
            if own < 0.5:
                continue
            if mentions or _denies(clause) == denies:
                return Row("yes", unit)
    return UNCLEAR if doubtful else NO


def _clauses(unit: Unit) -> Iterator[str]:
    text = with_concepts(_as_sentence(unit))
    parts = [part for part in _CLAUSE.split(text) if part.strip()]
    yield text if len(parts) < 2 or not _denies(text) else ""
    if len(parts) > 1:
        yield from parts


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()


def _denies(text: str) -> bool:
    return _NO.search(_LIMITS.sub(" ", text)) is not None


@dataclass(frozen=True, slots=True)
class Need:
    """A part of the condition: an English stem, or a run of Chinese, with what says the same in the other language."""

    term: str
    alternatives: tuple[tuple[str, ...], ...] = ()


def _needed(topic: str) -> list[Need]:
    known = translations(topic)
    found: list[Need] = []
    for run in content_runs(topic) if has_han(topic) else ():
        for part in re.findall("[\u4e00-\u9fff]{2,}", run):
            same = tuple(one for term in terms(part) for one in known.get(term, ()))
            found.append(Need(part, same))
    for term in question_terms(re.sub("[\u4e00-\u9fff]+", " ", topic)):
        if not term.startswith("@"):
            found.append(Need(term, tuple(known.get(term, ()))))
    return list(dict.fromkeys(found))


def _covered(needed: Sequence[Need], clause: str, around: str) -> tuple[float, float]:
    """The share of the needed parts that a clause says, with the help of what stands over it, and by itself."""
    if not clause:
        return 0.0, 0.0
    own = sum(_has(clause, need) for need in needed)
    over = with_concepts(around)
    together = sum(_has(clause, need) or _has(over, need) for need in needed)
    return together / len(needed), own / len(needed)


def _has(text: str, need: Need) -> bool:
    there = set(terms(text))
    if any(alternative and there.issuperset(alternative) for alternative in need.alternatives):
        return True
    if not has_han(need.term):
        return need.term in there
    if need.term in _folded(text):
        return True
    pairs = [need.term[place : place + 2] for place in range(len(need.term) - 1)]
    return len(pairs) >= 3 and sum(pair in there for pair in pairs) / len(pairs) >= ENOUGH_HAN


def _told(paper: Paper, row: Row, criterion: dict[str, Any]) -> dict[str, Any]:
    """The row as it is written; a yes whose words cannot be quoted is unclear."""
    told: dict[str, Any] = {"document": paper.number, "meets": row.meets, "source": 0, "quote": "", "values": []}
    if row.meets != "yes" or row.unit is None:
        return told
    columns = [str(column) for column in criterion.get("columns") or ()]
    told["source"] = row.unit.source.number
    told["quote"] = _literal(row.unit)
    told["values"] = [_value(paper, row, column) for column in columns]
    return told


def _literal(unit: Unit) -> str:
    """The unit's words as they stand in its source, with the marks that reading took away."""
    text = unit.source.text
    if _folded(unit.text) in _folded(text):
        return unit.text
    said = set(terms(unit.text))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return max(lines, key=lambda line: (len(said & set(terms(line))), -len(line)), default="")


def _value(paper: Paper, row: Row, column: str) -> str:
    """What a document says under a column's name."""
    if row.day and _DATE_COLUMN.search(column):
        return row.day
    wanted = _needed(column)
    for unit in paper.units():
        if unit.kind == "row":
            for name, cell in zip(unit.header, unit.cells, strict=False):
                if cell and wanted and all(_has(name, need) for need in wanted):
                    return cell
        label, colon, rest = re.sub(r"[*_`]", "", unit.text).partition(":" if ":" in unit.text else "：")
        if colon and rest.strip() and len(label) < 40 and wanted and all(_has(label, need) for need in wanted):
            return rest.strip().rstrip("。.;；")
    if _SUM_COLUMN.search(column):
        for unit in paper.units():
            if _SUM_COLUMN.search(unit.text) and (found := amounts(unit.text)):
                return _amount_text(unit.text, found[0].value)
    return ""


def _amount_text(text: str, value: float) -> str:
    """The amount as it is written, with its currency."""
    written = re.search(
        r"(?:(?:EUR|USD|CNY|RMB|GBP|€|\$|£|¥|￥|人民币)\s?)?\d[\d,.]*\d"
        r"(?:\s?(?:EUR|USD|CNY|RMB|GBP|euros?|dollars?|yuan|万元|元|欧元|美元))?",
        text,
    )
    return written.group() if written else f"{value:g}"

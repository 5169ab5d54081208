"""The Thinking model's answer: the best sentences for each part with their marks, what is missing, and the sum."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .asking import asked_of
from .conflicts import contradicting
from .conversation import Source
from .decompose import AGREEMENT, Part, Task
from .entities import new_entities
from .extractive import REFUSAL, quoted, whole_list, write
from .features import make_query
from .grid import grid
from .quantities import Amount, Fact, amount_in, amounts, expression, operation_of, plain_number
from .ranking import Evidence, rank
from .roles import holders
from .sayings import say
from .tabulate import Tally, tally
from .text import terms
from .titles import titles_named, without
from .transcript import Transcript
from .units import units
from .versions import about_versions, of_each_version, topic

# Parts of a larger question are judged more mildly than a question that stands alone: their words are fewer.
_SURE = 5.5
# A second look shows more passages, of which one may fit by chance: it takes so much more to be sure.
_SECOND_LOOK = 0.8
_COVERED = 0.42
_YEAR = re.compile(r"(?:19|20)\d\d")
_LISTED = 10
_AGREEING = 3
_SOME = 0.3
_ROWS = 20
_LIMIT = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of the question with the evidence that answers it, the best first."""

    part: Part
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...] = ()


def findings(task: Task, transcript: Transcript) -> list[Finding]:
    """The parts for which the sources hold an answer, in the question's order."""
    compared = about_versions(task.question) and task.need in ("comparison", "change")
    if compared and (told := of_each_version(task, transcript.sources)):
        return [Finding(part, tuple(evidence), sources) for part, evidence, sources in told]
    if rows := _by_document(task, transcript.sources):
        return rows
    found = []
    surest = False
    for part in task.parts:
        plain = task.need is None or (task.need == "several" and len(task.parts) == 1)
        held = transcript.conversation.held if plain else 1.0  # of the question, not of one of its parts
        query = make_query(part.text, part.context, part.label, held)
        ranking = rank(query, _of_that_year(part, transcript.sources))
        ranked = ranking.evidence
        surest = surest or ranking.answers
        mild = ranking.confidence >= _SURE or (ranking.confidence > 0 and ranked[0].coverage >= _COVERED)
        if ranking.answers_on(_SECOND_LOOK) if plain else mild:
            chosen = _chosen(task, part, ranked)
            more = holders(task.question, chosen, ranked) if task.need else contradicting(chosen, ranked)
            found.append(Finding(part, tuple(chosen + more), transcript.sources))
    return found if surest or task.need != "several" else []


def _by_document(task: Task, sources: Sequence[Source]) -> list[Finding]:
    """What each document says where a question names several, or asks whether they agree; else nothing."""
    named = titles_named(task.question, sources)
    if len(named) < 2 and not AGREEMENT.search(task.question):
        return []
    wanted = topic(without(task.question, named))
    query = make_query(wanted)
    best: dict[int, tuple[Evidence, ...]] = {}
    for document in named.values() if len(named) > 1 else dict.fromkeys(s.document for s in sources):
        shown = [source for source in sources if source.document == document]
        ranked = rank(query, shown).evidence[:2]
        if ranked:
            best[document] = tuple(e for e in ranked if e.score >= ranked[0].score - 3)
    if len(named) < 2:
        top = sorted(best.values(), key=lambda evidence: -evidence[0].score)[:_AGREEING]
        kept = [e for e in top if e[0].score >= top[0][0].score - 12 and e[0].coverage >= _SOME]
    else:
        kept = list(best.values())
    told = [Finding(Part(e[0].unit.source.title, wanted), e, tuple(sources)) for e in kept]
    return told if len(told) > 1 else []


def _of_that_year(part: Part, sources: Sequence[Source]) -> Sequence[Source]:
    """The sources of the year a part is about ("the 2024 version"), if there are any; else all."""
    year = _YEAR.search(part.label)
    if not year:
        return sources
    named = [s for s in sources if year.group() in f"{s.date[:4]} {s.title}"]
    return named or sources


def _chosen(task: Task, part: Part, ranked: Sequence[Evidence]) -> list[Evidence]:
    if task.need == "listing" and len(task.parts) == 1:
        return _one_a_document(ranked)
    if len(task.parts) > 1:
        return [ranked[0], *(e for e in ranked[1:_LIMIT] if e.score >= ranked[0].score - 1)]
    if task.need == "chain":
        return _linked(part, ranked)
    if task.need is None and (told := whole_list(part.text, ranked[0])):
        return told
    close = [ranked[0], *(e for e in ranked[1:_LIMIT] if e.score >= ranked[0].score - 4)]
    return [*close[:2], *_elsewhere(close, ranked)] if task.need in ("condition", "calculation") else close


def _elsewhere(chosen: Sequence[Evidence], ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best evidence of another document: rules and the tables they speak of stand apart."""
    documents = {evidence.unit.source.document for evidence in chosen[:2]}
    others = [e for e in ranked if e.unit.source.document not in documents and e.coverage >= _SOME]
    return others[:1] or list(chosen[2:3])


def _one_a_document(ranked: Sequence[Evidence]) -> list[Evidence]:
    best: dict[int, Evidence] = {}
    for evidence in ranked:
        if evidence.coverage >= _COVERED:
            best.setdefault(evidence.unit.source.document, evidence)
    return list(best.values())[:_LISTED]


def _linked(part: Part, ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best unit, and the unit that best answers what it leaves open with the names it brings in."""
    first = ranked[0]
    told = f"{first.unit.text} {first.unit.source.title}"
    names = new_entities(told, part.text)
    known = set(terms(told))
    still_open = [term for term in make_query(part.text).weights if term not in known]
    if not names or not still_open:
        return list(ranked[:2])
    wanted = set(still_open) | set(terms(" ".join(names)))

    def gain(evidence: Evidence) -> float:
        unit = evidence.unit
        held = set(terms(f"{unit.text} {unit.source.title} {unit.heading}")) & wanted
        return len(held) / len(wanted) + 0.3 * evidence.score

    others = [evidence for evidence in ranked if evidence.unit != first.unit]
    return [first, *sorted(others, key=gain, reverse=True)[:2]]


def facts_of(task: Task, found: Sequence[Finding]) -> list[Fact]:
    """The amount that each part's best evidence gives."""
    given = amounts(task.question)
    if len(found) == 1 and (row := _row_over_years(found[0])):
        return row
    facts = []
    for finding in found:
        for evidence in finding.evidence:
            amount = amount_in(evidence.unit, finding.part.text, given)
            if amount:
                facts.append(Fact(finding.part.label, amount, evidence.unit.source.number))
                break
    return facts


def _row_over_years(finding: Finding) -> list[Fact]:
    """The amounts of the best row under headers that name years, the oldest first: at least two, or none."""
    unit = finding.evidence[0].unit
    columns = sorted((year.group(), i) for i, name in enumerate(unit.header) if (year := _YEAR.search(name)))
    told = [(name, amounts(unit.cells[i])) for name, i in columns if unit.kind == "row" and i < len(unit.cells)]
    facts = [Fact(name, inside[0], unit.source.number) for name, inside in told if inside]
    return facts if len(facts) > 1 else []


def calculation(task: Task, found: Sequence[Finding]) -> str | None:
    """The Python expression whose value the question asks for, or None when it asks for no sum."""
    if counted := _tally(task, found):
        return counted.code or None
    if task.need not in ("calculation", "comparison", "change"):
        return None
    operation = operation_of(task.question, task.language)
    if task.need == "calculation":
        operation = operation or "sum"
    if operation is None or (operation == "sum" and task.need != "calculation"):
        return None
    facts = facts_of(task, found)
    if len(facts) < len(found) or (_missing(task, found) and not _is_by_version(task, found)):
        return None
    return expression(operation, facts, amounts(task.question))


def _tally(task: Task, found: Sequence[Finding]) -> Tally | None:
    """The rows to count or add up, of the tables that the evidence comes from."""
    if task.need not in ("calculation", "listing", "several"):
        return None
    sources = dict.fromkeys(evidence.unit.source for finding in found for evidence in finding.evidence)
    documents = {source.document for source in sources}
    return tally(task.question, [s for s in found[0].sources if s.document in documents]) if found else None


def compose(task: Task, transcript: Transcript) -> str:
    """The whole answer, or the refusal when no part of the question is answered."""
    if told := _gridded(task, transcript.sources):
        return told
    found = findings(task, transcript)
    if not found:
        return REFUSAL[task.language]
    if counted := _tally(task, found):
        body = "\n".join(f"- {quoted(row)}" for row in counted.rows[:_ROWS])
        documents = {row.source.document for row in counted.rows}
        others = [f for f in found if f.evidence[0].unit.source.document not in documents]
        body = "\n".join([body, *(_line(task, finding) for finding in others)])
    elif len(found) == 1 and len(task.parts) == 1:
        body = _single(task, found[0])
    else:
        body = "\n".join(_line(task, finding) for finding in found)
    missing = [] if _is_by_version(task, found) else _missing(task, found)
    if missing:
        body += "\n\n" + say("missing", task, ("、" if task.language == "zh" else ", ").join(missing))
    if conclusion := _conclusion(task, transcript, found):
        body += "\n\n" + conclusion
    return body


def by_tables(task: Task, transcript: Transcript) -> str:
    """The answer that asking a table gave, with the rows behind it; nothing when no table was asked or none fits."""
    asked = asked_of(task.question, transcript.tables) if transcript.queried else None
    result = transcript.queried[-1] if transcript.queried else None
    if asked is None or result is None or "place" in result.columns or not result.rows or result.rows[0][0] is None:
        return ""
    by_number = {source.number: source for source in transcript.sources}
    cited = list(dict.fromkeys(number for numbers in result.sources for number in numbers if number in by_number))
    rows = [unit for number in cited for unit in units(by_number[number]) if by_number[number].header]
    body = "\n".join(f"- {quoted(row)}" for row in rows[:_ROWS] if row.kind == "row")
    if asked.operation in ("max", "min"):
        return body
    marks = "".join(f"[{number}]" for number in cited)
    value = _rounded(str(result.rows[0][0]))
    if asked.operation == "count":
        told = say("counted", task, value, marks)
    else:
        told = say("result", task, f"{say(asked.operation, task, asked.column)} = {value} {marks}")
    return f"{body}\n\n{told}".strip()


def _gridded(task: Task, sources: Sequence[Source]) -> str:
    """The answer from a table that marks columns, or nothing."""
    table = grid(task.question, sources) if task.need else None
    if table is None or not (table.counts or table.shared):
        return ""
    if not table.counts:
        return "\n".join(f"- {quoted(row)}" for row in table.shared[:_ROWS])
    colon = "：" if task.language == "zh" else ": "
    lines = []
    for name, rows in table.columns.items():
        marks = "".join(f"[{number}]" for number in dict.fromkeys(row.source.number for row in rows))
        lines.append(f"- **{name}**{colon}{say('marked', task, str(len(rows)))} {marks}")
    return "\n".join(lines)


def _is_by_version(task: Task, found: Sequence[Finding]) -> bool:
    return any(finding.part not in task.parts for finding in found)


def _missing(task: Task, found: Sequence[Finding]) -> list[str]:
    return [part.label or part.text for part in task.parts if part not in [f.part for f in found]]


def _single(task: Task, finding: Finding) -> str:
    if task.need == "listing" and len(finding.evidence) > 1:
        lines = [f"- {e.unit.source.title}: {quoted(e.unit, e.also)}" for e in finding.evidence]
        return say("count", task, str(len(lines))) + "\n" + "\n".join(lines)
    return write(finding.evidence, task.language)


def _line(task: Task, finding: Finding) -> str:
    text = (" " if task.language == "en" else "").join(quoted(e.unit, e.also) for e in finding.evidence)
    colon = "：" if task.language == "zh" else ": "
    return f"- **{finding.part.label}**{colon}{text}" if finding.part.label else f"- {text}"


def _conclusion(task: Task, transcript: Transcript, found: Sequence[Finding]) -> str:
    code = calculation(task, found)
    if not code or not transcript.count("run_python"):
        return ""
    if not transcript.results:
        return say("no_sum", task)
    value = _rounded(transcript.results[-1])
    if counted := _tally(task, found):
        return _told(task, counted, value)
    facts = facts_of(task, found)
    unit = "%" if operation_of(task.question, task.language) == "percent" else _unit_name(facts[0].amount)
    shown = code.replace(" * ", " × ").replace(" - ", " − ").replace(" / ", " ÷ ")
    marks = "".join(f"[{number}]" for number in dict.fromkeys(fact.source for fact in facts))
    told = f"{shown} = {value}{unit}"
    if operation_of(task.question, task.language) == "difference" and len(facts) == 2:
        told = _compared(task, facts, told)
    return say("result", task, f"{told} {marks}")


def _told(task: Task, counted: Tally, value: str) -> str:
    marks = "".join(f"[{number}]" for number in dict.fromkeys(row.source.number for row in counted.rows))
    if counted.aggregate == "count":
        return say("counted", task, value, marks)
    unit = "%" if counted.aggregate == "share" else ""
    return say("result", task, f"{counted.column}: {counted.code} = {value}{unit} {marks}")


def _compared(task: Task, facts: Sequence[Fact], told: str) -> str:
    first, second = facts
    if first.amount.value == second.amount.value:
        return say("equal", task, plain_number(first.amount.value) + _unit_name(first.amount))
    higher = first if first.amount.value > second.amount.value else second
    return say("higher", task, higher.label, told) if higher.label else told


def _unit_name(amount: Amount) -> str:
    return f" {amount.unit}" if amount.unit and amount.unit != "percent" else "%" if amount.unit else ""


def _rounded(result: str) -> str:
    try:
        return plain_number(round(float(result), 2))
    except ValueError:
        return result

"""What belongs together in a source: whose number, which row's value, who did what to whom. Pure.

A sentence may take every fact from its source and still be false, because two of them changed places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from agents import contrasts, facts, places
from agents.agreement import agreement, is_scaled, scales
from agents.facts import Facts, Token
from agents.places import FAMILIES
from agents.quantities import Quantity
from agents.sentences import sentences
from agents.terms import terms

FOLLOWS = 0.75
"""How much of a sentence stands in the source in the same order, names and numbers aside, when it follows it."""
_LONGEST = 300
_CLAUSE = re.compile(r"[，;；。!?！？\n]|, (?:and|but|while|whereas)\b")
_PRONOUN = re.compile(
    r"\b(?:he|she|his|hers?|him|they|their|them|it|its|who|whose|which|this|that)\b|[他她它其该此]|本[人款项]", re.I
)
_JOINS = frozenset(["and", "or", "both", "as", "well", "&", "和", "与", "及", "或", "、", "以", "同"])
_PERSON = re.compile(
    rf"(?:(?<=[由向请经，。、；：和与是\n])|^)[{''.join(sorted(FAMILIES))}][\u4e00-\u9fff]{{1,2}}?"
    r"(?=批准|审批|审核|负责|签字|签署|担任|同意|兼任|主持|确认|报告|[，。、；和与]|$)",
    re.MULTILINE,
)
_LABELLED = re.compile(
    r"\b(?:priority|tier|level|class|grade|phase|version|release|building|step|stage|category|type|band|zone|group|"
    r"plan) (?:\d+(?:\.\d+)*|[A-Z])\b|[一二三四五六七八九\d][级类档期](?!月)",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[A-Z][\w'’-]*[a-z](?: (?:van |von |de |da )?[A-Z][\w'’-]*[a-z])+")

_SINGLE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+\b")


class Slot(NamedTuple):
    """A place for a name, a number or a date in a sentence. `value` compares."""

    value: str
    token: Token


def exchanged(said: str, source: str) -> str:
    """What changed places where a sentence otherwise follows the source, in a word."""
    for part in (source, *_sentences(source)):
        if reason := _swapped(said, part):
            return reason
    return ""


def _sentences(text: str) -> list[str]:
    spans = list(sentences(text))
    return [text[span.start : span.end] for span in spans] if len(spans) > 1 else []


def _swapped(said: str, source: str) -> str:
    ours, theirs = _slotted(said), _slotted(source)
    if max(len(ours), len(theirs)) > _LONGEST or len(ours) < 4:
        return ""
    matcher = SequenceMatcher(None, [_shape(one) for one in ours], [_shape(one) for one in theirs], autojunk=False)
    blocks = matcher.get_matching_blocks()
    if sum(block.size for block in blocks) < FOLLOWS * len(ours):
        return ""
    laid = [(ours[block.a + i], theirs[block.b + i], block.a + i) for block in blocks for i in range(block.size)]
    slots = [(mine.value, its.value, at) for mine, its, at in laid if isinstance(mine, Slot) and isinstance(its, Slot)]
    for value, other, at in slots:
        back = [place for mine, its, place in slots if mine == other and its == value]
        if value != other and back and not _listed(ours, at, back[0]):
            return {"#": "number", "@": "date"}.get(value[0], "name")
    return ""


def _listed(ours: Sequence[Token | Slot], one: int, other: int) -> bool:
    """Whether two places are of one list, whose order says nothing."""
    between = ours[min(one, other) + 1 : max(one, other)]
    return all(isinstance(token, Slot) or token.word in _JOINS for token in between)


def _shape(one: Token | Slot) -> str:
    if isinstance(one, Token):
        return one.word
    return re.sub(r"[\d/.]+", "", one.value) if one.value[0] in "#@" else "§"


def _slotted(text: str) -> list[Token | Slot]:
    """The words of a text, with names, quantities and dates as slots."""
    found = [match.span() for pattern in (_CAPITALS, _PERSON, _SINGLE) for match in pattern.finditer(text)]
    found += places.spans(text)
    out: list[Token | Slot] = []
    for token in facts.tokens(text):
        span = next((span for span in found if span[0] <= token.start < span[1]), None)
        if token.word[0] in "#@":
            out.append(Slot(token.word, token))
        elif span is None:
            out.append(token)
        elif token.start == span[0]:
            out.append(Slot(text[span[0] : span[1]].lower(), token))
    return out


def wrong_owner(said: str, source: str) -> str:
    """Whether something is given to somebody while the source gives it to another, whom the sentence leaves out."""
    clauses = _clauses(source)
    ours, owned = _people(said), [_people(clause) for clause in clauses]
    everybody = set().union(*owned) if owned else set[str]()
    if not ours & everybody or len(everybody) < 2:
        return ""
    own = [bool(names & ours) for names in owned]
    if _PRONOUN.search(said) or belongs(said, source):
        return ""
    for one in facts.read(said).quantities:
        if not one.counts:
            continue
        holding = [_holds(one, clause) for clause in clauses]
        rivals = [i for i, holds in enumerate(holding) if holds]
        if rivals and all(owned[i] and not own[i] and not _PRONOUN.search(clauses[i]) for i in rivals):
            return "name"
    if _crossed(said, clauses):
        return "name"
    names = terms(" ".join(everybody))
    words = [terms(clause) - names for clause in clauses]
    wanted = terms(said) - names
    telling = [{word for word in wanted & found if sum(word in other for other in words) == 1} for found in words]
    rivals = [i for i, found in enumerate(telling) if len(found) >= 2 and owned[i] and not own[i]]
    if (
        rivals
        and not any(telling[i] for i, mine in enumerate(own) if mine)
        and not any(_PRONOUN.search(clauses[i]) for i in rivals)
    ):
        return "name"
    return ""


def belongs(said: str, source: str) -> bool:
    """Whether each number of a sentence stands in a clause of the source with somebody that the sentence names."""
    clauses = [piece for clause in _clauses(source) for piece in clause.split(", ")]
    ours = _people(said)
    hard = [one for one in facts.read(said).quantities if one.counts]
    return bool(hard and ours) and all(
        any(_holds(one, clause) and _people(clause) & ours for clause in clauses) for one in hard
    )


def _crossed(said: str, clauses: Sequence[str]) -> bool:
    """Whether a person is said to be of a party or region of which the source names another, who is of another too."""
    persons = {match[0] for match in (*_PERSON.finditer(said), *_CAPITALS.finditer(said))}
    for kind, words in contrasts.owners(said).items():
        of_words = [clause for clause in clauses if words & contrasts.owners(clause).get(kind, set())]
        of_persons = [clause for clause in clauses if any(person in clause for person in persons)]
        if (
            of_words
            and of_persons
            and all(
                contrasts.owners(clause).get(kind, set()) - words and not contrasts.owners(clause)[kind] & words
                for clause in of_persons
            )
            and all(_PERSON.search(clause) or _CAPITALS.search(clause) for clause in of_words)
        ):
            return True
    return False


def _clauses(source: str) -> list[str]:
    """The clauses of a source. In English, a part behind a comma is one where it has its own owner and number."""
    found: list[str] = []
    for part in _sentences(source) or [source]:
        for clause in _CLAUSE.split(part):
            for piece in clause.split(", ") if clause else []:
                parallel = _people(piece) and facts.read(piece).quantities
                if found and piece is not clause.split(", ")[0] and not parallel:
                    found[-1] += f", {piece}"
                elif piece.strip():
                    found.append(piece)
    return found


def _holds(one: Quantity, clause: str) -> bool:
    return agreement(one, facts.read(clause).quantities) == "same"


def _people(text: str) -> set[str]:
    """Who and what numbers may belong to: names, "priority 2", and words that have counterparts (甲方, weekdays)."""
    return (
        {match[0].lower() for match in _CAPITALS.finditer(text)}
        | {match[0] for match in _PERSON.finditer(text)}
        | {match[0].lower() for match in _LABELLED.finditer(text)}
        | set().union(*contrasts.owners(text).values(), set())
    )


def wrong_row(said: str, ours: Facts, source: str) -> str:
    """In a table: whether a value stands in other rows than those of all the names that are said with it."""
    rows = [cells for line in source.splitlines() if len(cells := _cells(line)) > 1]
    if len(rows) < 3:
        return ""
    folded = said.lower()
    most = len(rows) // 2 + 1
    lines = [" ".join(cells).lower() for cells in rows]
    known = {cells[0].lower() for cells in rows if len(cells[0]) > 1 and cells[0].lower() in folded}
    known |= {name for name in ours.names if sum(name in line for line in lines) in range(1, most)}
    if not known:
        return ""
    named = [any(name in line for name in known) for line in lines]
    factors = scales(source)
    read = [facts.read("\t".join(cells)) for cells in rows]
    for one in ours.quantities:
        if not one.counts:
            continue
        holding = [_in_row(one, row.quantities, factors) for row in read]
        if any(holding) and not any(has and name for has, name in zip(holding, named, strict=True)):
            return "number"
    for cell in {
        cell.lower() for cells in rows[1:] for cell in cells[1:] if len(cell) > 1 and not re.search(r"\d", cell)
    }:
        holding = [cell in (other.lower() for other in cells) for cells in rows]
        if (
            cell in folded
            and cell not in known
            and sum(holding) < most
            and not any(has and name for has, name in zip(holding, named, strict=True))
        ):
            return "name"
    return ""


def _in_row(one: Quantity, there: Sequence[Quantity], factors: set[int]) -> bool:
    return agreement(one, there) == "same" or is_scaled(one, there, factors)


_PAIRS = re.compile(r"(?:^|[;；]\s?)([^:：;；]{1,40})[:：]\s?([^;；]*)")


def _cells(line: str) -> list[str]:
    """The cells of a row, as tabs, bars or "label: value; label: value" part them."""
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t") if cell.strip()]
    if line.count("|") >= 1:
        return [cell.strip() for cell in line.split("|") if cell.strip()]
    pairs = _PAIRS.findall(line)
    return [value.strip() for _, value in pairs if value.strip()] if len(pairs) > 1 else []

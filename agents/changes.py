"""What thinking changed in the quick answer, sentence by sentence. Pure: computed, not asked of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from difflib import SequenceMatcher

from agents.citations import plain
from agents.events import Citation, Escalated, Revised
from agents.sentences import sentences
from agents.terms import terms

ALIKE = 0.4
"""Share of words two sentences have in common, from which on one is the other, changed."""
SHOWN = 12
LENGTH = 400


def revised(quick: Escalated, answer: str, citations: Iterable[Citation]) -> Revised:
    """The difference between a quick answer and the one that followed."""
    before, after = _said(quick.answer), _said(answer)
    matcher = SequenceMatcher(None, [key(one) for one in before], [key(one) for one in after], autojunk=False)
    added: list[str] = []
    removed: list[str] = []
    changed: list[tuple[str, str]] = []
    same = 0
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            same += end - start
            continue
        old, new = before[start:end], after[new_start:new_end]
        found = pairs(old, new)
        changed += [(old[i], new[j]) for i, j in found]
        removed += [one for i, one in enumerate(old) if i not in {i for i, _ in found}]
        added += [one for j, one in enumerate(new) if j not in {j for _, j in found}]
    known = {citation.document for citation in quick.citations}
    documents = dict.fromkeys(one.title for one in citations if one.document not in known and one.title)
    return Revised(
        quick.reason, tuple(added[:SHOWN]), tuple(removed[:SHOWN]), tuple(changed[:SHOWN]), same, tuple(documents)
    )


def _said(answer: str) -> list[str]:
    """The sentences without their marks, which number other sources."""
    spans = sentences(answer, clauses=False)
    return [text[:LENGTH] for start, end in spans if (text := " ".join(plain(answer[start:end]).split()))]


def key(sentence: str) -> str:
    """A sentence as it compares: without case, white space and the signs around it."""
    return "".join(sentence.casefold().split()).strip("-*#>.。")


def pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The places of those sentences that are most alike, each used once, in the order of the new ones."""
    words, new_words = [terms(one) for one in old], [terms(one) for one in new]
    likeness = sorted(
        ((_alike(one, other), i, j) for i, one in enumerate(words) for j, other in enumerate(new_words)), reverse=True
    )
    taken: dict[int, int] = {}
    for alike, i, j in likeness:
        if alike >= ALIKE and i not in taken.values() and j not in taken:
            taken[j] = i
    return [(i, j) for j, i in sorted(taken.items())]


def _alike(one: Set[str], other: Set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)

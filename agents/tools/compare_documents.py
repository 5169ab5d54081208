"""What two documents, or two versions of one, say differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Annotated, Any

from pydantic import Field

from agents.changes import key, pairs
from agents.deps import Deps
from agents.sentences import sentences
from agents.threads import in_thread
from agents.tools import Result, ToolError
from agents.tools.read_document import section_span
from agents.tools.shelf import Piece, containing, days_of, pieces, show, version_of
from kb.models import DocumentVersion, Page, State

CHANGES = 20
COMPARED = 3_000
"""Sentences of each side; what is longer is compared section by section."""
PAIRED = 300
LENGTH = 300
PASSAGES = 10

Sentence = tuple[int, str]


async def compare_documents(
    deps: Deps,
    document: Annotated[int, Field(description="The document's number.")],
    other: Annotated[int | None, Field(description="Another document; none compares versions of the first.")] = None,
    as_of: Annotated[date | None, Field(description="The first as it was in force on this day.")] = None,
    other_as_of: Annotated[
        date | None, Field(description="The other on this day; for versions of one document, the earlier one if empty.")
    ] = None,
    section: Annotated[str | None, Field(description="Only this section of both.")] = None,
) -> Result:
    """Tell what differs between two documents or two versions of one: sentences changed, added and removed.

    `changed` pairs the first with the other; `only_in_first` and `only_in_other` stand in one alone. The passages that
    hold the differences come along to be cited."""
    data, found = await in_thread(_compare, deps, document, other, as_of, other_as_of, section)
    count = len(data["changed"]) + len(data["only_in_first"]) + len(data["only_in_other"])
    return Result(data, show(deps, found), f"{data['first']['title']} · {data['other']['title']}", count)


def _compare(
    deps: Deps, document: int, other: int | None, as_of: date | None, other_as_of: date | None, section: str | None
) -> tuple[dict[str, Any], list[Piece]]:
    with deps.acting():
        first = version_of(deps, document, as_of)
        if other is None and other_as_of is None:
            second = _earlier(first)
        else:
            second = version_of(deps, document if other is None else other, other_as_of)
        if first.pk == second.pk:
            raise ToolError("Both sides are the same version. Name another day or another document.")
        ours, theirs = _sentences(first, section), _sentences(second, section)
        changed, only_first, only_second, same = _differences(ours, theirs)
        data = {
            "first": days_of(first),
            "other": days_of(second),
            "changed": [{"first": one[1][:LENGTH], "other": two[1][:LENGTH]} for one, two in changed[:CHANGES]],
            "only_in_first": [text[:LENGTH] for _, text in only_first[:CHANGES]],
            "only_in_other": [text[:LENGTH] for _, text in only_second[:CHANGES]],
            "same_sentences": same,
        }
        if left := sum(max(0, len(part) - CHANGES) for part in (changed, only_first, only_second)):
            data["more_differences"] = left
        places = [
            *((first.pk, start) for start, _ in [one for one, _ in changed] + only_first),
            *((second.pk, start) for start, _ in [two for _, two in changed] + only_second),
        ]
        half = PASSAGES // 2
        ends = places[:half] + [place for place in places if place[0] == second.pk][:half]
        return data, pieces(list(containing(ends))[:PASSAGES]) if ends else []


def _earlier(version: DocumentVersion) -> DocumentVersion:
    """Inside `acting_as`: the ready version before this one."""
    before = DocumentVersion.objects.filter(document=version.document_id, state=State.READY, number__lt=version.number)
    found = before.select_related("document").order_by("-number").first()
    if found is None:
        raise ToolError("This document has no earlier version. Name another document in `other`.")
    return found


def _sentences(version: DocumentVersion, section: str | None) -> list[Sentence]:
    start, end = section_span(version, section) if section else (0, version.characters)
    found = list(_read(version, start, end))
    if len(found) > COMPARED:
        raise ToolError(f"“{version.document.title}” is too long to be compared at once. Name a `section`.")
    return found


def _read(version: DocumentVersion, first: int, last: int) -> Iterator[Sentence]:
    pages = Page.objects.filter(version=version, end__gt=first, start__lt=last).order_by("ordinal")
    for offset, text in pages.values_list("start", "text"):
        for start, end in sentences(text):
            if first <= offset + start < last and key(text[start:end]):
                yield offset + start, " ".join(text[start:end].split())


def _differences(
    ours: Sequence[Sentence], theirs: Sequence[Sentence]
) -> tuple[list[tuple[Sentence, Sentence]], list[Sentence], list[Sentence], int]:
    """Changed pairs, what only one side has, and how many sentences are the same, wherever they stand."""
    keys, other_keys = [key(text) for _, text in ours], [key(text) for _, text in theirs]
    blocks = SequenceMatcher(None, keys, other_keys, autojunk=False).get_opcodes()
    changed: list[tuple[Sentence, Sentence]] = []
    only_first: list[Sentence] = []
    only_second: list[Sentence] = []
    known, other_known = set(other_keys), set(keys)
    for kind, start, end, other_start, other_end in blocks:
        if kind == "equal":
            continue
        # What has only moved is no difference.
        old = [one for one in ours[start:end] if key(one[1]) not in known]
        new = [one for one in theirs[other_start:other_end] if key(one[1]) not in other_known]
        found = pairs([text for _, text in old[:PAIRED]], [text for _, text in new[:PAIRED]])
        changed += [(old[i], new[j]) for i, j in found]
        only_first += [one for i, one in enumerate(old) if i not in {i for i, _ in found}]
        only_second += [one for j, one in enumerate(new) if j not in {j for _, j in found}]
    same = sum(one in known for one in keys)
    return changed, only_first, only_second, same

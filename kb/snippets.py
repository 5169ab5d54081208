"""How passages begin, for lists of them."""

import re
from collections.abc import Collection

from kb.access import current_actor
from kb.models import Passage

Place = tuple[int, int, int]
_HEADING_MARKS = re.compile(r"^[^\S\n]*+#{1,6}\s+", re.MULTILINE)
_LIST_MARKS = re.compile(r"^[^\S\n]*+[-*+][^\S\n]+", re.MULTILINE)
_STRONG = re.compile(r"\*\*(?=\S)([^\n]{1,300}?)(?<=\S)\*\*")
_RULES = re.compile(r"^[|: \t-]+$", re.MULTILINE)


def snippets(places: Collection[Place], length: int = 220) -> dict[Place, str]:
    """How the passages at (version, start, end) begin; those that the current person may not read are left out."""
    current_actor()
    if not places:
        return {}
    rows = Passage.objects.filter(
        version__in={version for version, _start, _end in places}, start__in={start for _version, start, _end in places}
    ).values_list("version", "start", "end", "text")
    return {
        (version, start, end): _shortened(text, length)
        for version, start, end, text in rows
        if (version, start, end) in places
    }


def _shortened(text: str, length: int) -> str:
    text = " ".join(_plain(text).split())
    return text if len(text) <= length else text[:length].rstrip() + "…"


def _plain(text: str) -> str:
    """Without the signs by which Markdown marks headings, lists, tables and what is strong."""
    for marks in (_HEADING_MARKS, _LIST_MARKS, _RULES):
        text = marks.sub("", text)
    return _STRONG.sub(r"\1", text).replace("|", " ")

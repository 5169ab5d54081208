"""What somebody could ask about: headings of documents that the current person may read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import F, Q

from kb.access import current_actor, documents_for
from kb.models import Passage

LOOKED_AT = 24
AROUND = 20_000
"""Characters before and after a place within which sections count as beside it."""
BESIDE = 8
"""Documents beside whose places is looked."""
Place = tuple[int, int, int]
_NUMBERING = re.compile(
    r"^\s*+(?:(?:§\s*)?\d{1,3}(?!\d|\s*[年月日届版])(?:\.\d+)*[.)、]?|[一二三四五六七八九十]+[、.]|第[一二三四五六七八九十百\d]+[章节条])\s*"
)
# Headings that say nothing about what stands under them.
_EMPTY = re.compile(
    "welcome|overview|scope|purpose|introduction|contents|general|summary|background|definitions|appendix|notes|"
    "欢迎|概述|概要|目的|范围|简介|目录|总则|背景|附则|附录|说明|前言|摘要|适用范围|目的和范围",
    re.IGNORECASE,
)
_SPEAKING = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A section's heading in a document. `chinese` tells in which language a question about it would be."""

    title: str
    heading: str
    chinese: bool


def topics(limit: int, *, chinese: bool) -> list[Topic]:
    """Up to `limit` topics, of as many documents as there are, those in the page's language first.

    Two queries, whatever the size of the knowledge base.
    """
    rows = documents_for().filter(current_version__isnull=False).order_by("-updated_at")
    found = list(rows.values_list("current_version", "title", "current_version__language")[:LOOKED_AT])
    headings: dict[int, list[str]] = {}
    versions = [version for version, _title, _language in found]
    passages = Passage.objects.filter(
        version__in=versions, enabled=True, ordinal__lt=12, kind="text", heading_path__len__gt=0
    )
    for version, path in passages.order_by("version", "ordinal").values_list("version", "heading_path"):
        headings.setdefault(version, []).append(_NUMBERING.sub("", path[-1]).strip())
    usable: dict[Topic, None] = {}  # documents that are called alike count once
    for version, title, language in found:
        heading = next((h for h in headings.get(version, []) if _speaks(h, title)), "")
        if heading:
            usable.setdefault(Topic(title, heading, (language or "").startswith("zh")))
    return sorted(usable, key=lambda topic: topic.chinese != chinese)[:limit]


def beside(places: Sequence[Place], limit: int) -> list[Topic]:
    """The sections near the places (version, start, end) that none of the places touches, the nearest first.

    Documents take turns. One query, and what the current person may not read is not in it; nor are versions that have
    been replaced.
    """
    current_actor()
    firsts: dict[int, int] = {}
    for version, start, _end in places:
        if version in firsts or len(firsts) < BESIDE:
            firsts.setdefault(version, start)
    around = Q()
    for version, start in firsts.items():
        around |= Q(version=version, start__gte=start - AROUND, start__lte=start + AROUND)
    passages = Passage.objects.filter(around, enabled=True, kind="text", heading_path__len__gt=0)
    rows = passages.filter(version=F("document__current_version")).values_list(
        "version", "start", "end", "heading_path", "document__title", "version__language"
    )
    touched: set[tuple[int, str]] = set()
    near: dict[int, list[tuple[int, Topic]]] = {version: [] for version in firsts}
    for version, start, end, path, title, language in rows:
        topic = Topic(title, _NUMBERING.sub("", path[-1]).strip(), (language or "").startswith("zh"))
        near[version].append((abs(start - firsts[version]), topic))
        if any(of == version and start < until and begin < end for of, begin, until in places):
            touched.add((version, topic.heading))
    lines = [
        [topic for _far, topic in sorted(found, key=lambda one: one[0]) if (version, topic.heading) not in touched]
        for version, found in near.items()
    ]
    turns = (topic for together in zip_longest(*lines) for topic in together if topic)
    return [topic for topic in dict.fromkeys(turns) if _speaks(topic.heading, topic.title)][:limit]


def _speaks(heading: str, title: str) -> bool:
    """Whether a heading says more than the title does, in a few words."""
    plain = heading.strip(" :：")
    return (
        2 <= len(heading) <= 60
        and not heading.startswith(title)
        and plain not in title
        and not _EMPTY.fullmatch(plain)
        and bool(_SPEAKING.search(heading))
    )

"""What an answer rests on: everything that its models were shown, read back from the events of its run. Pure.

Not the cited places alone: an answer is made from all that was shown for it, and so are the steps towards it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agents.events import (
    Attached,
    Checked,
    Cited,
    Conflict,
    Escalated,
    Event,
    Quote,
    Source,
    Surveyed,
    ToolCalled,
    ToolReturned,
)  # fmt: skip
from agents.tools.server_tools import PREFIX

READING_NOTHING = ("plan", "run_python", "ask_person")
"""Tools whose errors tell of no document."""
# A table where SQL names one; `t1.pay` is a column, and `t1` alone may be another name for a table.
_TABLE = re.compile(r'(?:\bfrom|\bjoin|,)\s*"?t(\d{1,18})"?(?![\w.])', re.IGNORECASE)


@dataclass(slots=True)
class Grounds:
    """The versions, documents and tables shown in runs, and the tools of other systems that answered there.

    `unnamed`: something was shown that does not say which documents it comes from, so that only somebody who may read
    all that the asker may can be sure to have been allowed it; `within`: in these collections, or in all where none is
    named. `private`: the asker's own attached files.
    """

    versions: set[int] = field(default_factory=set)
    documents: set[int] = field(default_factory=set)
    tables: set[int] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
    unnamed: bool = False
    private: bool = False
    within: frozenset[int] = frozenset()

    def add(self, event: Event) -> None:
        """Take in what an event shows."""
        match event:
            case ToolCalled():
                self._tell(event.arguments)
                self._ask(str(event.arguments.get("sql") or ""))
            case ToolReturned():
                self._places(event.sources)
                self._tell(event.result)
                if event.name.startswith(PREFIX):
                    self.tools.add(event.name)
                elif event.error and event.name not in READING_NOTHING:
                    self.unnamed = True  # what goes wrong names collections, sections and columns
            case Cited():
                self._places(event.citations)
            case Checked():
                self._conflicts(event.conflicts)
            case Escalated():
                self._places(event.citations)
                self._conflicts(event.conflicts)
            case Surveyed():
                self.versions.update(row.version for row in event.rows)
                self.documents.update(row.document for row in event.rows)
                self.documents.update(one.document for one in event.unread)
                self.unnamed = True  # those that do not meet the criterion have been read too
            case Attached():
                self.private |= bool(event.files)

    def _ask(self, sql: str) -> None:
        named = [int(number) for number in _TABLE.findall(sql)]
        self.tables.update(named)
        self.unnamed |= bool(sql) and not named

    def _places(self, places: Iterable[Quote | Source]) -> None:
        for place in places:
            self.versions.add(place.version)
            self.documents.add(place.document)

    def _conflicts(self, conflicts: Iterable[Conflict]) -> None:
        for conflict in conflicts:
            self._places(conflict.statements)

    def _tell(self, data: dict[str, Any]) -> None:
        self.documents.update(_documents(data))


def _documents(data: Any) -> Iterator[int]:
    """The numbers of all documents that a tool's arguments or result name."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name in ("document", "other") and isinstance(value, int):
                yield value
            else:
                yield from _documents(value)
    elif isinstance(data, list):
        for value in data:
            yield from _documents(value)

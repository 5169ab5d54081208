"""JSON that holds records: tickets, products, questions and answers. Lists of like objects become tables.

An object with a long text, such as an article, becomes a section of its own instead, as does a question with its
answer. What stands beside the records ("title", "owner") is told as lines of a name and a value, what an object holds
under a name under that heading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from kb.parsing.composer import Composer
from kb.parsing.encodings import clean

Record = Mapping[str, Any]

_FEWEST = 2
_ALIKE = 0.5  # of the names that any record of a list has, those that each has on average
_MOSTLY = 0.5  # of all values of the file, those that have to stand in records with words
_LONG = 600  # characters of a text that no cell of a table should hold
_MOST_COLUMNS = 40
_DEEPEST = 6
_ASKED = frozenset(("question", "Question", "q", "Q", "问题", "問題", "提问", "提問", "标准问题"))
_TOLD = frozenset(("answer", "Answer", "a", "A", "答案", "回答", "答复", "答覆", "回复", "回覆"))
_TITLES = ("title", "name", "subject", "标题", "名称", "主题", "標題", "名稱", "主旨", "id")


def add_records(data: Any, out: Composer) -> bool:
    """Hand on what the data says if most of it is records; False when it is something else, such as settings."""
    inside = sum(_size(records) for records in _lists_of_records(data))
    if not inside or inside < _MOSTLY * _size(data):
        return False
    named = (data[key] for key in ("title", "name") if isinstance(data, dict) and _has_words(data.get(key)))
    out.title = clean(next(named, PurePosixPath(out.filename).stem))
    _add(data, out, 1)
    out.flush()
    return True


def _lists_of_records(data: Any, depth: int = 0) -> Iterator[Sequence[Record]]:
    """The outermost lists of records."""
    if depth > _DEEPEST:
        return
    if is_records(data):
        yield data
    elif isinstance(data, (dict, list)):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _lists_of_records(value, depth + 1)


def is_records(data: Any) -> bool:
    """Whether data is a list of several objects that have much the same names, and some words."""
    if not isinstance(data, list) or len(data) < _FEWEST or not all(isinstance(one, dict) and one for one in data):
        return False
    names = {name for one in data for name in one}
    alike = sum(len(one) for one in data) >= _ALIKE * len(names) * len(data)
    return len(names) > 1 and alike and all(any(_has_words(value) for value in one.values()) for one in data)


def _has_words(value: Any) -> bool:
    return isinstance(value, str) and any(character.isalpha() for character in value)


def _size(data: Any) -> int:
    """How many values data holds."""
    if isinstance(data, dict):
        return sum(map(_size, data.values()))
    return sum(map(_size, data)) if isinstance(data, (list, tuple)) else 1


def _add(data: Any, out: Composer, level: int) -> None:
    if is_records(data) and not any(map(_holds_records, data)):
        _add_records(data, out, level)
    elif isinstance(data, dict):
        _add_object(data, out, level)
    elif isinstance(data, list):
        for one in data:
            if isinstance(one, (dict, list)):
                _add(one, out, level + 1)
            else:
                out.add("list_item", told(one))
    else:
        out.add("paragraph", told(data))


def _holds_records(record: Record) -> bool:
    return any(is_records(value) for value in record.values())


def _add_object(data: Record, out: Composer, level: int) -> None:
    """The object's own values as lines, under its title if it has one, then what it holds, each under its name."""
    title = next((name for name in _TITLES if _has_words(data.get(name))), "") if level > 1 else ""
    out.add("heading", told(data.get(title, "")), level)
    plain = {name: value for name, value in data.items() if name != title and not isinstance(value, (dict, list))}
    out.add("paragraph", "\n".join(f"{name}: {text}" for name, value in plain.items() if (text := told(value))))
    for name, value in data.items():
        if isinstance(value, (dict, list)) and value:
            out.add("heading", clean(name), level + 1)
            _add(value, out, level + 2)


def _add_records(records: Sequence[Record], out: Composer, level: int) -> None:
    flat = [dict(_flattened(record)) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    long = any(len(text) > _LONG for record in flat for text in record.values())
    if long or len(names) > _MOST_COLUMNS or (_ASKED & set(names) and _TOLD & set(names)):
        for record in records:
            _add_section(record, out, level)
    else:
        out.table([names, *([record.get(name, "") for name in names] for record in flat)])


def _add_section(record: Record, out: Composer, level: int) -> None:
    """A record under its title, or its question: its texts as paragraphs, and its other values as lines."""
    title = next((name for name in (*_ASKED, *_TITLES) if _has_words(record.get(name))), "")
    out.add("heading", told(record.get(title, "")), level + 1)
    rest = {name: text for name, text in _flattened(record) if name != title and text}
    texts = {name: text for name, text in rest.items() if len(text) > _LONG or name in _TOLD}
    for text in texts.values():
        for paragraph in text.split("\n\n"):
            out.add("paragraph", paragraph)
    short = (f"{name}: {' '.join(text.split())}" for name, text in rest.items() if name not in texts)
    out.add("paragraph", "\n".join(short))


def _flattened(record: Record, over: str = "") -> Iterator[tuple[str, str]]:
    """The names of a record with their values as text; an object's names stand behind its own."""
    for name, value in record.items():
        full = f"{over} {clean(name)}".strip()
        if isinstance(value, dict) and over.count(" ") < _DEEPEST:
            yield from _flattened(value, full)
        else:
            yield full, told(value)


def told(value: Any) -> str:
    """A value in words: nothing for null, a list's values one after the other."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, one in value.items() if (text := told(one)))
    if isinstance(value, list):
        return "; ".join(filter(None, map(told, value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else clean(str(value))

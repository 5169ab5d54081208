"""JSON: conversations that messengers export become messages with day, writer and text, records become tables
(`json_records`), and other data stays as it stands.

Slack, Telegram, Discord, Teams and their like each write a list of objects with a writer, a time and a text under names
of their own. Slack's times and others' that count seconds are given in UTC, for no export says where it was written.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.parsing import plain
from kb.parsing.composer import Composer
from kb.parsing.encodings import clean, decode_file
from kb.parsing.json_records import add_records

MAXIMUM_BYTES = 32 << 20
_WRITER = (
    *("user_profile", "author", "from", "sender", "user", "username", "nickname", "sender_name", "from_name", "talker"),
    "name",
)
_NAME = ("real_name", "displayName", "display_name", "nickname", "name", "username", "user", "first_name")
_TIME = (
    *("ts", "timestamp", "date", "time", "datetime", "createdDateTime", "created_at", "createTime", "create_time"),
    *("sent_at", "timestamp_ms"),
)
_TEXT = ("text", "content", "message", "body", "msg")
_LISTS = ("messages", "value", "data", "items", "chats")
_FEWEST = 2
_MOST_OTHERS = 0.34  # joins, reactions and pictures are told without words
_KNOWN = frozenset((*_WRITER, *_NAME, *_TIME, *_TEXT))
_WORDS = re.compile(r"(?:\S+\s+){2}\S|[\u3400-\u9fff]{6}")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}")
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^|>\s]+)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<[#!][A-Z0-9^a-z]+\|([^>]*)>|<!(here|channel|everyone)>")
_TAG = re.compile(r"</?(?:p|div|br|span|b|i|strong|em|at|a|attachment)\b[^<>]{0,300}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `key` is what others mention its writer by."""

    when: str
    writer: str
    text: str
    key: str = ""


def parse(path: Path, out: Composer) -> None:
    """Hand on the messages of a conversation, or the records of other data, or else the file's text."""
    data = _data(path) if path.stat().st_size <= MAXIMUM_BYTES else None
    messages = _messages(data, out)
    if not messages:
        if not add_records(data, out):
            plain.parse_code(path, out)
        return
    names = {message.key: message.writer for message in messages if message.key}
    for message in messages:
        out.add("paragraph", f"{message.when} {message.writer}: {_readable(message.text, names)}")
    out.flush()


def _data(path: Path) -> Any:
    """What the file holds as JSON, or as lines of JSON; nothing where it is neither."""
    text = decode_file(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            return None


def _messages(data: Any, out: Composer) -> list[Message]:
    if isinstance(data, dict):
        out.title = next((data[key] for key in ("name", "title") if isinstance(data.get(key), str)), "")
        data = next((data[key] for key in _LISTS if isinstance(data.get(key), list)), [])
    found = list(_read(data)) if isinstance(data, list) else []
    if len(found) < _FEWEST or len(found) < (1 - _MOST_OTHERS) * len(data):
        out.title = ""
        return []
    return found


def _read(data: Sequence[Any]) -> Iterator[Message]:
    for one in data:
        if not isinstance(one, dict):
            continue
        when, text = _when(_first(one, _TIME)), _text(_first(one, _TEXT))
        if (writer := _name(one)) and when and text.strip() and not _says_more(one):
            key = one.get("user") if isinstance(one.get("user"), str) else ""
            yield Message(when, writer, text.strip(), str(key))


def _says_more(one: Mapping[str, Any]) -> bool:
    """Whether an object has words that would be lost: an article's title or a ticket's answer is no part of a chat."""
    others = (value for key, value in one.items() if key not in _KNOWN)
    return any(isinstance(value, str) and _WORDS.search(value) is not None for value in others)


def _first(one: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((one[key] for key in keys if one.get(key)), None)


def _name(one: Mapping[str, Any]) -> str:
    """Who wrote a message, by the fullest name that it gives."""
    for key in _WRITER:
        value = one.get(key)
        while isinstance(value, dict):
            value = _first(value, _NAME)
        if isinstance(value, str) and (name := " ".join(clean(value).split()).replace(":", " ")):
            return name[:40]
    return ""


def _when(value: Any) -> str:
    """The minute of a time as a number of seconds or milliseconds, or in words that name a day or a clock time."""
    told = str(value) if isinstance(value, (str, int, float)) else ""
    if _EPOCH.fullmatch(told):
        seconds = float(told) / (1000 if len(told) == 13 else 1)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    try:
        return f"{datetime.fromisoformat(told):%Y-%m-%d %H:%M}"
    except ValueError:
        return told if re.search(r"\d{1,2}:\d{2}", told) and len(told) <= 40 else ""


def _text(value: Any) -> str:
    """A message's words: a text, an object that holds one, or a list of pieces."""
    if isinstance(value, dict):
        return _text(_first(value, _TEXT))
    if isinstance(value, list):
        return "".join(map(_text, value))
    return clean(value) if isinstance(value, str) else ""


def _readable(text: str, names: Mapping[str, str]) -> str:
    """A text with mentions and links as people see them."""
    text = _MENTION.sub(lambda found: "@" + (found[2] or names.get(found[1], found[1])), text)
    text = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], text)
    text = _CHANNEL.sub(lambda found: f"#{found[1]}" if found[1] else f"@{found[2]}", text)
    return html.unescape(_TAG.sub(" ", text)).strip()

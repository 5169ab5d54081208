"""Server-sent events, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm import events
from llm.errors import ModelError
from llm.events import EventReader, ServerEvent

STREAM = (
    b': keep-alive\n\nid:1\nevent:result\n:HTTP_STATUS/200\ndata:{"a":"\xe2\x80\xa8\xe4\xb8\xad"}\r\n\r\n'
    b"retry: 5\ndata: one\ndata: two\n\ndata: [DONE]"
)
EXPECTED = [
    ServerEvent('{"a":"\u2028中"}'.encode(), "result", 200),
    ServerEvent(b"one\ntwo"),
    ServerEvent(b"[DONE]"),
]


def read(*pieces: bytes) -> list[ServerEvent]:
    reader = EventReader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    return [*found, *reader.end()]


def test_comments_names_and_joined_data_are_read() -> None:
    assert read(STREAM) == EXPECTED


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[start:end] for start, end in pairwise(ends))) == EXPECTED


def test_line_separators_inside_json_do_not_cut_a_line() -> None:
    assert read('data: {"a":"\u2028\u2029\x85"}\n\n'.encode()) == [ServerEvent('{"a":"\u2028\u2029\x85"}'.encode())]


def test_what_is_no_event_is_kept() -> None:
    reader = EventReader()
    assert not [*reader.feed(b"<html>\n"), *reader.feed(b"</html>"), *reader.end()]
    assert bytes(reader.stray) == b"<html>\n</html>\n"


def test_endless_lines_and_bodies_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST", 100)
    for endless in (b"data: " + b"x" * 100, b"data: x\n" * 101, b"x\n" * 60):
        with pytest.raises(ModelError, match="without an event"):
            list(EventReader().feed(endless))

"""`<think>` left in the content, cut anywhere, with and without its opening tag."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.thinking import ThinkSplitter


def split(*pieces: str, doubtful: bool = False) -> tuple[str, str]:
    """(reasoning, text) of a whole reply."""
    splitter = ThinkSplitter(doubtful=doubtful)
    found = [piece for content in pieces for piece in splitter.feed(content)] + splitter.end()
    joined = ("".join(text for kind, text in found if kind == wanted) for wanted in ("reasoning", "text"))
    reasoning, text = joined
    return reasoning, text


@given(st.lists(st.integers(0, 40), max_size=8), st.booleans())
def test_tags_may_be_cut_across_chunks(cuts: list[int], doubtful: bool) -> None:
    whole = "<think>2 < 3 </thin</think>\n\nYes <think>."
    ends = [0, *sorted(cuts), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(ends)]
    assert split(*pieces, doubtful=doubtful) == ("2 < 3 </thin", "Yes <think>.")


@pytest.mark.parametrize("pieces", [["hmm</think>\n\nYes"], ["hm", "m</th", "ink>", "\n", "\nYe", "s"]])
def test_a_missing_opening_tag_is_survived_when_thinking_was_asked_for(pieces: list[str]) -> None:
    assert split(*pieces, doubtful=True) == ("hmm", "Yes")


def test_a_doubted_answer_without_any_tag_is_given_as_text_in_the_end() -> None:
    assert split("Just ", "an answer.", doubtful=True)[1] == "Just an answer."


def test_a_doubt_ends_when_the_server_separates_reasoning_itself() -> None:
    splitter = ThinkSplitter(doubtful=True)
    assert splitter.feed("Answer") == [("reasoning", "Answer")]
    assert splitter.sure() == [("text", "Answer")]
    assert splitter.feed(" goes on") == [("text", " goes on")]
    assert splitter.sure() == splitter.end() == []


def test_a_leaked_closing_tag_at_the_start_is_dropped() -> None:
    assert split("</thi", "nk>\n\nYes") == ("", "Yes")


def test_without_a_doubt_text_streams_at_once() -> None:
    assert ThinkSplitter().feed("Yes") == [("text", "Yes")]


def test_tags_inside_an_answer_are_text() -> None:
    assert split("Use <think> and </think>.") == ("", "Use <think> and </think>.")


def test_thinking_that_never_ends_is_all_reasoning() -> None:
    assert split("<think>so", " long</th") == ("so long</th", "")


def test_a_lone_beginning_of_a_tag_is_text() -> None:
    assert split("<th") == ("", "<th")

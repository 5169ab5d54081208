"""Judging golden answers."""

import pytest

from agents.golden import GoldenQuestion, Outcome, as_json, judge, parse, tally

LINE = (
    '{"id": "s-1", "question": "How much?", "lang": "en", "kind": "simple", "person": "bob", '
    '"answer_contains": [["1296", "one thousand"], "SGD"], "sources": ["handbook/rates.xlsx", ["a.md", "b.md"]]}'
)


def question(**changes: object) -> GoldenQuestion:
    [parsed] = parse([LINE, ""])
    return GoldenQuestion(**{**{name: getattr(parsed, name) for name in parsed.__slots__}, **changes})


def test_every_fact_and_every_source_count() -> None:
    good = Outcome("That is SGD 1,296 in all [1][2].", ("rates.xlsx", "b.md"), "thinking", ("run_python",), 1.0)
    assert judge(question(), good).right
    assert not judge(question(), Outcome("SGD 1,297", good.cited_files, "fast")).facts
    assert not judge(question(), Outcome(good.answer, ("rates.xlsx",), "fast")).sources


def test_case_spaces_and_full_width_do_not_count() -> None:
    asked = question(answer_contains=(("5 天",),), sources=())
    assert judge(asked, Outcome("一共５天。", (), "fast")).facts


def test_an_absent_answer_must_cite_nothing() -> None:
    asked = question(kind="absent", answer_contains=(), sources=())
    assert judge(asked, Outcome("The documents do not answer this.", (), "fast")).right
    assert not judge(asked, Outcome("It is 5 [1].", ("a.md",), "fast")).right


def test_counts_by_kind() -> None:
    judgements = [
        judge(question(), Outcome("SGD 1296", ("rates.xlsx", "a.md"), "thinking", ("plan",), 2.0)),
        judge(question(), Outcome("", (), "fast", (), 1.0)),
    ]
    assert as_json(tally(judgements)) == {
        "simple": {"asked": 2, "sources": 1, "facts": 1, "declined": 1, "thinking": 1, "tools": 1, "seconds": 2.0}
    }


@pytest.mark.parametrize("line", ["{", '{"id": 1}', "[]"])
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="Line 2"):
        parse([LINE, line])

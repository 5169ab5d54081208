"""How much of a question's wording a text keeps."""

import pytest

from llm.local.wording import kept


@pytest.mark.parametrize(
    ("question", "text", "length", "share"),
    [
        ("annual leave carry over", "Annual leave may carry over.", 2, 1.0),
        ("the annual leave policy", "Annual reports; policy on leave.", 2, 0.0),
        ("年假可以结转几天？", "年假结转最多五天。", 2, 4 / 5),
        ("服务器在哪里？", "服务员擦了器皿。", 2, 2 / 3),
        ("服务器在哪里？", "服务员擦了器皿。", 3, 0.0),
        ("?", "anything", 2, 0.0),
        ("吗？", "什么", 2, 0.0),
    ],
)
def test_runs_of_words_and_of_characters_are_counted(question: str, text: str, length: int, share: float) -> None:
    assert kept(question, text, length) == pytest.approx(share)

"""Which questions go straight to the Thinking agent."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from agents.router import route

FAST = """
How many days of annual leave do I have?
Can I book a flight before getting approval?
Can I carry over more than 5 days?
Who is my team's manager?
What should I do if my laptop is stolen?
Who is the person that approves travel?
What is the first aid or emergency number?
Which hotels may I book in Paris and what is the limit?
Is parental leave the same for part-time staff?
What is the name of the insurance company that covers business trips?
From how many hours of flight may business class be booked, and who approves it?
In the 1980s, what kind of sensor did the company sell?
When ordering a laptop, what is the limit without approval?
Besides salaries, what is paid in December?
我的电脑坏了，怎么办？
请假需要提前几天申请？
病假期间工资怎么算？
公司有哪些福利？
在统计部门，年假怎么申请？
以人数计算，最大的部门是什么？
新员工比较喜欢哪里的办公室？
"""
THINKING = """
Compare hotel limits in Berlin and Paris. | comparison
Which is higher, the limit for Berlin or the one for Paris? | comparison
How did the travel policy change between 2023 and 2025? | change
List all policies that mention data protection. | gathering
How many policies mention remote work? | gathering
Calculate my remaining leave if I joined in April. | calculation
If a laptop is lost abroad, who is informed and which form is used? | conditions
What is the notice period, and who decides about exceptions? | several_parts
Which form is needed, where is it kept? | several_parts
How do we migrate the archive, step by step? | procedure
Who manages the office in the city where Max Weber's successor was born? | chain
上海和北京的住宿标准有什么区别？ | comparison
汇总所有涉及加班的制度。 | gathering
计算我工作三年半可以休多少天年假。 | calculation
如果员工同时违反两项制度，应该先怎么处理？ | conditions
为什么今年的差旅费用比去年高？ | reasons
"""


@pytest.mark.parametrize("question", FAST.strip().splitlines())
def test_simple_questions_are_answered_at_once(question: str) -> None:
    assert route(question) == ("fast", "simple")


@pytest.mark.parametrize("line", THINKING.strip().splitlines())
def test_questions_with_several_steps_go_to_the_agent(line: str) -> None:
    question, _, reason = line.partition(" | ")
    assert route(question) == ("thinking", reason)


def test_the_labelled_questions(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("evaluate_routing", str(shared / "data/routing/queries.jsonl"), "--json")
    figures = json.loads(capsys.readouterr().out)
    assert figures["macro_f1"] >= 0.9
    assert figures["by_source"]["authored"]["accuracy"] >= 0.95


def _write(path: Path, *rows: object) -> str:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def test_figures_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"text": "How many days?", "metadata": {"label": "fast", "source": "ours"}},
        {"text": "How many days?", "metadata": {"label": "thinking", "source": "ours"}},
        {"text": "How many weeks?", "metadata": {"label": "fast", "source": "theirs"}},
    ]
    file = _write(tmp_path / "q.jsonl", *rows)
    call_command("evaluate_routing", file)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["source", "questions", "accuracy", "f1_fast", "f1_thinking", "macro_f1"],
        ["ours", "2", "0.500", "0.667", "0.000", "0.333"],
        ["theirs", "1", "1.000", "1.000", "-", "1.000"],
        ["all", "3", "0.667", "0.800", "0.000", "0.400"],
    ]

    call_command("evaluate_routing", file, "--json")
    figures = json.loads(capsys.readouterr().out)
    assert (figures["questions"], figures["f1"]) == (3, {"fast": 0.8, "thinking": 0.0})
    assert figures["by_source"]["theirs"] == {
        "questions": 1, "accuracy": 1.0, "f1": {"fast": 1.0, "thinking": None}, "macro_f1": 1.0
    }  # fmt: skip


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    wrong = _write(tmp_path / "wrong.jsonl", {"text": "x", "metadata": {"label": "slow"}})
    plain = _write(tmp_path / "plain.jsonl", {"text": "x"})
    for path in (tmp_path / "none.jsonl", empty, wrong, plain):
        with pytest.raises(CommandError, match=path.name if isinstance(path, Path) else Path(path).name):
            call_command("evaluate_routing", str(path))

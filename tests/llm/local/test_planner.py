import re

import pytest

from llm.local.chat import read_chat_request, reply_to
from tests.llm.local.handbook import PASSAGES, Run, source, user_message


def test_the_plan_comes_first_and_has_three_to_five_steps() -> None:
    run = Run("Compare the hotel limits of Berlin and Paris.")
    assert run.calls[0].name == "plan"
    assert 3 <= len(run.calls[0].arguments["steps"]) <= 5
    assert all(run.reasoning)


def test_a_comparison_searches_for_each_and_tells_the_difference() -> None:
    run = Run("What is the difference between the hotel limits per night in Berlin and Paris?")
    queries = [arguments["query"] for arguments in run.called("search_knowledge")]
    assert any("Berlin" in q and "Paris" not in q for q in queries)
    assert any("Paris" in q and "Berlin" not in q for q in queries)
    assert run.called("run_python") == [{"code": "190 - 150"}]
    assert "**Berlin**: City: Berlin; Limit per night: 150 EUR [1]" in run.text
    assert "Paris has the higher value, by 190 − 150 = 40 EUR [1]" in run.text


def test_a_comparison_in_chinese() -> None:
    run = Run("北京和上海的住宿标准相差多少？")
    assert "**北京**：北京的住宿标准为每晚700元。 [6]" in run.text
    assert "700 − 650 = 50 CNY" in run.text


def test_a_chain_follows_the_name_it_finds() -> None:
    run = Run("Who is the leader of the team that runs the Payments portal?")
    assert any("Harbour" in arguments["query"] for arguments in run.called("search_knowledge"))
    assert "run by the Harbour team. [3]" in run.text
    assert "led by Nadia Brandt. [3]" in run.text


def test_versions_are_kept_apart_by_their_year() -> None:
    run = Run("How did the carry over of annual leave change between 2024 and 2026?")
    assert re.search(r"\*\*2024\*\*: At most 3 days .* \[4\]", run.text)
    assert re.search(r"\*\*2026\*\*: At most 5 days .* \[5\]", run.text)
    assert "5 − 3 = 2" in run.text


def test_a_rate_is_multiplied_by_what_the_question_counts() -> None:
    run = Run("What would three nights in Berlin cost at most for the hotel?")
    assert run.called("run_python") == [{"code": "3 * 150"}]
    assert "3 × 150 = 450 EUR [1]" in run.text


def test_rows_are_filtered_and_added_up() -> None:
    run = Run("付款清单中状态为待付的人民币款项合计多少？")
    assert run.called("run_python") == [{"code": "1200 + 500"}]
    assert "1200 + 500 = 1700" in run.text
    assert "乙公司" not in run.text


def test_rows_are_filtered_and_counted() -> None:
    run = Run("How many defects of severity S1 are not yet fixed, and who signs the list?")
    assert "**Result:** 2 rows of the table fit. [8]" in run.text
    assert "D-1" in run.text
    assert "D-3" not in run.text


def test_what_is_missing_is_named() -> None:
    run = Run("Compare the hotel limits of Berlin and Reykjavik.")
    assert "150 EUR [1]" in run.text
    assert "say nothing about" in run.text or "Reykjavik" in run.text


def test_nothing_found_is_declined() -> None:
    run = Run("Compare the pension plans of pilots and sailors.", passages=[PASSAGES[7]])
    assert run.text.startswith("The documents do not answer this")
    assert "[" not in run.text


def test_a_failed_sum_is_said_and_not_made_up() -> None:
    run = Run("What would three nights in Berlin cost at most for the hotel?", broken={"run_python"})
    assert "could not be calculated" in run.text
    assert "450" not in run.text


def test_it_stops_after_eight_calls_and_repeats_none() -> None:
    questions = ("List all documents that mention receipts and leave and passwords and teams.", "Is there a pension?")
    for question in questions:
        run = Run(question)
        assert len(run.calls) <= 8
        assert len({(c.name, str(c.arguments)) for c in run.calls}) == len(run.calls)


def test_a_quoted_phrase_is_looked_up_exactly() -> None:
    run = Run('List all documents that mention "annual leave".')
    assert run.called("find_in_documents") == [{"text": "annual leave"}]
    assert "2 documents hold" in run.text
    assert "[4]" in run.text
    assert "[5]" in run.text


def test_a_simple_question_is_answered_from_the_evidence_too() -> None:
    run = Run("For how many days are sign-in logs kept?", evidence=[source(9, PASSAGES[8])])
    assert "Sign-in logs are kept for 400 days. [9]" in run.text


def test_a_document_is_read_when_the_passages_are_not_enough() -> None:
    run = Run("If the sign-in logs of the Cedar team portal are kept too long, what does Omar Said owe the auditors?")
    assert run.called("read_document") or len(run.called("search_knowledge")) > 1


def test_a_chinese_question_is_searched_in_english_too() -> None:
    run = Run("如果账户被锁定，需要等待几分钟？", passages=[PASSAGES[8], PASSAGES[2]])
    assert any("account" in arguments["query"] for arguments in run.called("search_knowledge"))
    assert "30 minutes" in run.text


def test_without_tools_it_answers_at_once() -> None:
    run = Run("Compare the hotel limits of Berlin and Paris.", tools=(), evidence=[source(1, PASSAGES[0])])
    assert not run.calls
    assert "150 EUR [1]" in run.text


@pytest.mark.parametrize("question", ["And who leads the Cedar team?"])
def test_a_follow_up_keeps_its_context(question: str) -> None:
    messages = [
        {"role": "user", "content": "Who leads the Harbour team?"},
        {"role": "assistant", "content": "Nadia Brandt."},
        user_message(question, [source(3, PASSAGES[2])]),
    ]
    body = {"model": "zhinang-local-thinking", "messages": messages}
    assert "Omar Said. [3]" in reply_to(read_chat_request(body)).text

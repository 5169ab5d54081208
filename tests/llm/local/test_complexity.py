import pytest

from llm.local.complexity import need_of, reason_for
from llm.local.prices import asks_sum
from llm.local.questions import answer_type, holds_answer


@pytest.mark.parametrize(
    "question",
    [
        "How many vacation days do new hires get?",
        "Who approves expense reports over $500?",
        "What is the per diem for Oslo?",
        "How do I reset my badge PIN?",
        "When was the office in Lyon opened?",
        "Which form do I need for parental leave?",
        "What is the name of the company's founder?",
        "Who stands in for Nadia Brandt as acting head of Harbour & Docks in November 2026?",
        "How large is the budget of Sales & Customer Success for 2026, in CNY thousand?",
        "年假最多可以结转几天？",
        "差旅申请由谁审批？",
        "2026年3月12日的事故中有多少台网关离线？",
        "会议室怎么预订？",
        "公司为什么更换供应商？",
        "《海与天的故事》的作者是谁？",
    ],
)
def test_a_one_fact_question_needs_no_steps(question: str) -> None:
    assert need_of(question) is None


@pytest.mark.parametrize(
    ("question", "need"),
    [
        ("Compare the hotel limits of Berlin and Paris.", "comparison"),
        ("Which is older, the Lyon office or the Oslo office?", "comparison"),
        ("Are Lyon and Oslo both in the same region?", "comparison"),
        ("How did the carry-over rule change between 2024 and 2026?", "change"),
        ("What would three nights in Berlin cost?", "calculation"),
        ("How many days do I have left if I have used seven?", "calculation"),
        ("List all contracts that mention escrow.", "listing"),
        ("If a laptop is stolen on a weekend, who must be informed first?", "condition"),
        ("I joined six weeks ago. May I work from home twice a week?", "condition"),
        ("Who approves it, and who is told?", "several"),
        ("Who is the deputy of the manager of the team that runs the portal?", "chain"),
        ("对比北京和上海的住宿标准。", "comparison"),
        ("新旧两版制度有哪些变化？", "change"),
        ("住三晚一共可以报销多少钱？", "calculation"),
        ("列出所有提到数据脱敏的制度。", "listing"),
        ("如果合同丢失，应该怎么处理？", "condition"),
        ("由谁审批，需要提前几天？", "several"),
        ("采购系统的负责人的上级是谁？", "chain"),
    ],
)
def test_a_question_of_several_steps_is_recognised(question: str, need: str) -> None:
    assert need_of(question) == need


def test_every_need_has_a_reason_in_both_languages() -> None:
    assert reason_for("chain", "en").endswith(".")
    assert reason_for("chain", "zh").endswith("。")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who leads it?", "person"),
        ("When does it open?", "date"),
        ("How many seats are there?", "number"),
        ("How long is it kept?", "duration"),
        ("Where is it?", "place"),
        ("Why was it closed?", "reason"),
        ("How do I book it?", "procedure"),
        ("May interns travel?", "boolean"),
        ("What colour is it?", "thing"),
    ],
)
def test_english_answer_types(question: str, kind: str) -> None:
    assert answer_type(question, "en") == kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("谁负责？", "person"),
        ("什么时候开门？", "date"),
        ("有多少人？", "number"),
        ("保留几天？", "duration"),
        ("在哪里？", "place"),
        ("为什么关闭？", "reason"),
        ("如何预订？", "procedure"),
        ("可以吗？", "boolean"),
        ("颜色是什么？", "thing"),
    ],
)
def test_chinese_answer_types(question: str, kind: str) -> None:
    assert answer_type(question, "zh") == kind


def test_an_answer_is_something_the_question_does_not_say() -> None:
    assert holds_answer("It closed in 2019.", "date", "When did it close?")
    assert not holds_answer("The 2024 policy.", "date", "When does the 2024 policy end?")
    assert holds_answer("Anything.", "thing", "What?")


@pytest.mark.parametrize("text", ["总部位于合肥", "全部费用从公司账户支付", "组织结构调整", "人民币三百元", "人工费用"])
def test_a_part_of_a_word_is_nobody(text: str) -> None:
    assert not holds_answer(text, "person", "谁创办了公司？")


@pytest.mark.parametrize("text", ["由王磊负责", "财务部审批", "项目组跟进", "总经理签字"])
def test_who_acts_is_somebody(text: str) -> None:
    assert holds_answer(text, "person", "谁来处理？")


def test_how_much_is_the_thing_asks_for_a_sum() -> None:
    assert asks_sum("How much is the licence?")
    assert not asks_sum("How much is needed?")

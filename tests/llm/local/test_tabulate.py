from llm.local.conversation import Source
from llm.local.tabulate import tally

PLAN = Source(
    1,
    "Unit\tStaff\tTrips\tTotal\nHarbour\t700\t90\t790\nCedar\t400\t60\t460\nAspen\t300\t20\t320\nBirch\t200\t10\t210",
    section="Budget",
)
USED = Source(
    2,
    "Unit\tQ1\tQ2\tQ1 to Q2\nHarbour\t300\t310\t610\nCedar\t90\t95\t185\nAspen\t70\t80\t150\nBirch\t60\t50\t110",
    section="Spent",
)
TRIPS = Source(
    3,
    "部门\t预算\t一季度\t二季度\n港口部\t90\t30\t20\n雪松部\t60\t30\t25\n白杨部\t20\t5\t5\n桦木部\t10\t2\t3",
    section="差旅",
)
STEPS = Source(
    4, "编号\t措施\t状态\nB1\t更换证书\t已完成\nB2\t登记续期\t进行中\nB3\t修订流程\t已完成\nB4\t演练\t未开始"
)


def test_what_is_left_is_the_budget_less_what_was_spent() -> None:
    found = tally("How much of the budget of Harbour is left?", [PLAN, USED])
    assert found is not None
    assert found.code == "790 - 610"
    assert [row.source.number for row in found.rows] == [1, 2]
    assert tally("How much of the budget of Willow is left?", [PLAN, USED]) is None


def test_the_row_that_used_the_largest_share_is_found() -> None:
    found = tally("哪个部门差旅预算使用比例最高？", [TRIPS])
    assert found is not None
    assert found.column == "雪松部"
    assert found.code == "(30 + 25) / 60 * 100"


def test_rows_that_are_not_done_are_listed() -> None:
    found = tally("哪些措施还没有完成？", [STEPS])
    assert found is not None
    assert [row.cells[0] for row in found.rows] == ["B2", "B4"]
    assert not found.code

"""What changed places, what another clause says, and what is said in other words."""

import pytest

from agents.compare import compare

LEADS = "Anna Berg leads the Oslo office; her deputy is Per Lund."
REPORT = "Without a report, no claim above 500 euros is accepted."
HALL = "Gloves are forbidden at the drill, goggles are required everywhere in the hall."
SALES = "Sales were 9 million dollars, compared with 8 million."
PAIRS = [
    (LEADS, LEADS, ""),
    ("Per Lund leads the Oslo office; his deputy is Anna Berg.", LEADS, "name"),
    ("张敏负责华南区，刘洋负责华东区。", "张敏负责华东区，刘洋负责华南区。", "name"),
    ("产假十五天，陪产假一百五十八天。", "产假一百五十八天，陪产假十五天。", "number"),
    ("本品不含花生。", "本品不含防腐剂，含有花生和牛奶。", "negation"),
    ("Goggles are not required in the hall.", HALL, "negation"),
    ("No report is needed for claims above 500 euros.", REPORT, "negation"),
    ("A report is needed for claims above 500 euros.", REPORT, ""),
    ("You must be at least 18 to operate the press.", "Nobody under eighteen may operate the press.", ""),
    ("Parking costs 35 euros a year.", "Parking costs 35 euros a month.", "unit"),
    ("软件每用户每月一千二百元。", "软件每用户每年一千二百元。", "unit"),
    ("Sales fell from 8 million to 9 million dollars.", SALES, "comparative"),
    ("甲方可以解除合同。", "逾期超过三十日的，乙方可以解除合同。", "name"),
    ("净利润增长2%。", "净利润下降百分之二。", "comparative"),
    ("总投资6.8亿元。", "总投资六点八亿元。", ""),
    ("The rate is one and a half times the hourly wage.", "The rate is 1.5 times the hourly wage.", ""),
    ("每日违约金为0.05%。", "每逾期一日按万分之五支付违约金。", ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "source", "reason"), PAIRS)
def test_what_a_source_says_otherwise_is_seen(said: str, source: str, reason: str) -> None:
    support, found = compare(said, source)

    assert (found if support == "unsupported" else "") == reason


def test_a_value_of_another_row_is_seen() -> None:
    table = "Product\tWarranty\tPrice\nFalcon\t24 months\t189 EUR\nHeron\t36 months\t249 EUR\nKite\t12 months\t99 EUR"

    assert compare("Heron has a warranty of 36 months.", table)[0] == "supported"
    assert compare("Heron has a warranty of 24 months.", table) == ("unsupported", "number")


def test_amounts_are_read_in_the_scale_that_the_table_states() -> None:
    table = "部门\t预算（万元）\n市场部\t320\n研发部\t1,150\n客服部\t95"

    assert compare("市场部的预算是320万元。", table)[0] == "supported"
    assert compare("市场部的预算是1150万元。", table)[0] == "unsupported"

import pytest

from llm.local.chat import read_chat_request, reply_to
from llm.local.ranges import fits, given_amounts, span_of
from tests.llm.local.handbook import source, user_message

BANDS = {
    "document": 1,
    "title": "Orders",
    "text": "Value of the order\tApproved by\nup to EUR 1,000\tteam lead\n"
    "EUR 1,001 to 20,000\tdepartment\nabove EUR 20,000\tboard",
}
BANDS_ZH = {
    "document": 2,
    "title": "年假",
    "text": "司龄 天数 说明\n不满2年 8天 新人\n满2年不满6年 11天 骨干\n满6年以上 15天 资深",
}


@pytest.mark.parametrize(
    ("cell", "low", "high", "unit"),
    [
        ("EUR 1,001 to 20,000", 1001, 20000, "EUR"),
        ("up to EUR 1,000", float("-inf"), 1000, "EUR"),
        ("above EUR 20,000", 20000, float("inf"), "EUR"),
        ("满2年不满6年", 2, 6, "year"),
        ("10个工作日以上", 10, float("inf"), "day"),
        ("3至9个工作日", 3, 9, "day"),
        ("满六个月未满一年", 0.5, 1, "year"),
        ("满三年未满五年", 3, 5, "year"),
        ("3 to 6 months", 0.25, 0.5, "year"),
    ],
)
def test_spans_are_read(cell: str, low: float, high: float, unit: str) -> None:
    span = span_of(cell)
    assert span is not None
    assert (span.low, span.high, span.unit) == (low, high, unit)


@pytest.mark.parametrize("cell", ["Berlin", "15 EUR", "a rule of 3 parts for 2 people and 5 dogs"])
def test_other_cells_name_no_span(cell: str) -> None:
    assert span_of(cell) is None


def test_an_amount_falls_into_one_span_alone() -> None:
    given = given_amounts("An order of EUR 20,000")
    assert fits(("EUR 1,001 to 20,000",), given)
    assert fits(("up to EUR 1,000",), given) is False
    assert fits(("满2年不满6年",), given) is None


def test_what_falls_short_of_an_amount_ends_below_it() -> None:
    given = given_amounts("做满五年有几天？")
    assert fits(("满三年未满五年",), given) is False
    assert fits(("满五年未满十年",), given)
    assert fits(("满六个月未满一年",), given_amounts("做了八个月有几天？"))


def test_years_of_service_are_counted_from_the_day_of_joining() -> None:
    found = given_amounts("2021年3月入职的员工，2025年2月有几天年假？")
    assert 3 in [amount.value for amount in found if amount.unit == "year"]
    found = given_amounts("I joined in May 2021. How many days have I in June 2025?")
    assert 4 in [amount.value for amount in found if amount.unit == "year"]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Who approves an order with a value of EUR 7,500?", "Approved by: department"),
        ("Who approves an order with a value of EUR 90,000?", "Approved by: board"),
        ("司龄4年的员工年假天数是多少？", "天数: 11天"),
        ("司龄9年的员工年假天数是多少？", "天数: 15天"),
    ],
)
def test_the_row_for_an_amount_leads(question: str, row: str) -> None:
    messages = [user_message(question, [source(1, BANDS), source(2, BANDS_ZH)])]
    text = reply_to(read_chat_request({"model": "zhinang-local-thinking", "messages": messages})).text
    assert row in text.splitlines()[0]

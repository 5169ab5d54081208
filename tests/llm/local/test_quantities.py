import pytest

from llm.local.conversation import Source
from llm.local.quantities import Amount, Fact, amount_in, amounts, expression, operation_of, plain_number
from llm.local.tabulate import tally
from llm.local.units import units


@pytest.mark.parametrize(
    ("text", "value", "unit", "per"),
    [
        ("The limit is 180 EUR per night.", 180, "EUR", "night"),
        ("at most $1,250.50", 1250.5, "USD", ""),
        ("CNY 80,000", 80000, "CNY", ""),
        ("每晚700元", 700, "CNY", "night"),
        ("三晚", 3, "night", ""),
        ("1.5万元", 15000, "CNY", ""),
        ("twelve months", 12, "month", ""),
        ("10 working days", 10, "day", ""),
        ("12.5%", 12.5, "percent", ""),
    ],
)
def test_amounts_have_value_unit_and_rate(text: str, value: float, unit: str, per: str) -> None:
    (found,) = amounts(text)
    assert (found.value, found.unit, found.per) == (value, unit, per)


@pytest.mark.parametrize(
    "text", ["in 2024", "2024年", "section 3", "第3条", "TL-410", "2026-05-18", "grade L4", "one of them"]
)
def test_years_codes_and_sections_are_no_amounts(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("question", "language", "operation"),
    [
        ("What is the total for both?", "en", "sum"),
        ("How many days do I have left?", "en", "remaining"),
        ("What is the average of A and B?", "en", "average"),
        ("By what percent did it rise?", "en", "percent"),
        ("相差多少？", "zh", "difference"),
        ("一共多少钱？", "zh", "sum"),
        ("Who is it?", "en", None),
    ],
)
def test_the_sum_a_question_asks_for(question: str, language: str, operation: str | None) -> None:
    assert operation_of(question, language) == operation  # type: ignore[arg-type]


def _facts(*values: float, per: str = "") -> list[Fact]:
    return [Fact(f"part {i}", Amount(value, "EUR", per), i) for i, value in enumerate(values)]


def test_expressions() -> None:
    nights = [Amount(3, "night")]
    assert expression("sum", _facts(150, 40), []) == "150 + 40"
    assert expression("sum", _facts(150, per="night"), nights) == "3 * 150"
    assert expression("sum", _facts(150), nights) is None
    assert expression("difference", _facts(190, 150), []) == "190 - 150"
    assert expression("difference", _facts(150, 190), []) == "190 - 150"
    assert expression("percent", _facts(960, 1180), []) == "(1180 - 960) / 960 * 100"
    assert expression("average", _facts(10, 20), []) == "(10 + 20) / 2"
    assert expression("remaining", [Fact("", Amount(25, "day"), 1)], [Amount(7, "day")]) == "25 - 7"
    assert expression("remaining", _facts(25), [Amount(7, "day")]) is None
    assert expression("sum", [Fact("", Amount(1, "EUR"), 1), Fact("", Amount(1, "day"), 1)], []) is None


def test_people_multiply_a_rate_too() -> None:
    given = [Amount(2, "night"), Amount(4, "person")]
    assert expression("sum", _facts(100, per="night"), given) == "2 * 4 * 100"


def test_the_amount_nearest_to_what_is_wanted() -> None:
    (unit,) = units(Source(1, "Hotels cost up to 150 EUR and meals up to 40 EUR."))
    found = amount_in(unit, "meals", [])
    assert found is not None
    assert found.value == 40


def test_the_cell_under_the_best_header() -> None:
    row = units(Source(1, "City\tHotel per night (EUR)\tMeals per day (EUR)\nBerlin\t150\t40"))[0]
    found = amount_in(row, "meals in Berlin", [])
    assert found is not None
    assert (found.value, found.unit, found.per) == (40, "EUR", "day")
    assert amount_in(units(Source(1, "a\tb\nx\ty"))[0], "a", []) is None


def test_amounts_of_different_currencies_are_not_compared() -> None:
    table = "City\tCurrency\tLimit per night\nBerlin\tEUR\t150\nSingapore\tSGD\t260\nParis\tEUR\t180"
    found = [amount_in(row, "limit per night", []) for row in units(Source(1, table))]
    berlin, singapore, paris = (Fact(str(place), amount, 1) for place, amount in enumerate(found) if amount)
    assert (berlin.amount.unit, singapore.amount.unit) == ("EUR", "SGD")
    assert expression("difference", [berlin, singapore], []) is None
    assert expression("difference", [berlin, paris], []) == "180 - 150"


def test_plain_numbers() -> None:
    assert [plain_number(n) for n in (180.0, 12.5, 1 / 3)] == ["180", "12.5", "0.333333"]


POSITIONS = "\n".join(
    (
        "Office\tRole\tPositions\tStatus",
        "Lyon\tfitter\t3\tapproved",
        "Oslo\tclerk\t2\topen",
        "Lyon\tclerk\t1\tapproved",
        "Oslo\tfitter\t4\tapproved",
        "All offices\t\t10\tapproved",
    )
)


def test_a_count_over_a_column_of_that_name_adds_it_up() -> None:
    found = tally("How many positions are approved?", [Source(1, POSITIONS)])
    assert found is not None
    assert (found.aggregate, found.column, found.code) == ("sum", "Positions", "3 + 1 + 4")


def test_no_condition_no_table_no_tally() -> None:
    assert tally("How many positions are there?", [Source(1, POSITIONS)]) is None
    assert tally("Who is approved?", [Source(1, POSITIONS)]) is None
    assert tally("How many positions are approved?", [Source(1, "No table here.")]) is None
    assert tally("合计多少approved？", [Source(1, "a\tb\nx\tapproved\ny\tapproved\nz\topen\nw\topen")]) is None

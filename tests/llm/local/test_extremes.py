"""Questions for the most or the least are answered by that row alone, where the whole table is shown."""

import pytest

from llm.local.conversation import Source
from llm.local.extremes import extreme_rows

PRODUCTS = """Products

Product|Revenue (CNY)|Return rate|Weight
Nuts|98,600|1.2%|2 kg
Cookies|52,340|2.9%|1 kg
Fruit|25,320|3.6%|3 kg
Total|176,260|9.9%|9 kg""".replace("|", "\t")
PRICES = """Article|Description|List price EUR
A-5|Small arm|18900
A-16|Large arm|31900
S-1|Controller|99000
G-2|Gripper|1450""".replace("|", "\t")
YEARS = """Region|2024|2025
North|58.0|60.1
South|92.7|104.9
East|95.3|61.6""".replace("|", "\t")
CHINESE = """产品|收入（万元）|毛利率|退货率
每日坚果|98,600|34.1%|1.2%
手工曲奇|52,340|38.7%|2.9%
果脆|25,320|41.0%|3.6%""".replace("|", "\t")


@pytest.mark.parametrize(
    ("question", "text", "section", "key"),
    [
        ("Which product has the highest return rate?", PRODUCTS, "", "Fruit"),
        ("Which product has the lowest revenue?", PRODUCTS, "", "Fruit"),
        ("What is the heaviest product?", PRODUCTS, "", "Fruit"),
        ("Which arm is the most expensive?", PRICES, "", "A-16"),
        ("Which region had the largest revenue in 2024?", YEARS, "Revenue by region", "East"),
        ("Which region had the largest revenue in 2025?", YEARS, "Revenue by region", "South"),
        ("哪个产品退货率最高", CHINESE, "", "果脆"),
        ("毛利率最低的是哪个产品？", CHINESE, "", "每日坚果"),
        ("哪个产品收入最少？", CHINESE, "", "果脆"),
    ],
)
def test_the_row_with_the_most_or_the_least(question: str, text: str, section: str, key: str) -> None:
    assert [row.cells[0] for row in extreme_rows(question, [Source(1, text, section=section)])] == [key]


@pytest.mark.parametrize(
    "question",
    [
        "Which product has a return rate of 2.9%?",
        "What is the most I can claim for a product?",
        "Which products cost at most 20,000?",
        "Which product has the highest margin?",
        "Which product has the largest share of revenue?",
        "退货率最多可以是多少？",
        "哪个产品的重量和退货率？",
    ],
)
def test_other_questions_are_left_to_the_ranking(question: str) -> None:
    assert extreme_rows(question, [Source(1, PRODUCTS), Source(2, CHINESE)]) == []


def test_a_table_that_may_go_on_elsewhere_is_not_judged() -> None:
    question, rows = "Which product has the highest return rate?", PRODUCTS.split("\n", 2)[2]
    assert (
        extreme_rows(question, [Source(1, "Salt\t1\t0.1%\t1 kg", header="Product\tRevenue\tReturn rate\tWeight")]) == []
    )
    long = rows + "".join(f"\nItem {number}\t{number}\t0.{number}%\t1 kg" for number in range(60))
    assert extreme_rows(question, [Source(1, long)]) == []


def test_amounts_in_different_units_are_not_compared() -> None:
    text = "City\tLimit\nBerlin\t150 EUR\nOslo\t1,900 NOK"
    assert extreme_rows("Which city has the highest limit?", [Source(1, text)]) == []

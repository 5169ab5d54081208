"""What a question takes for given: another year, another hall, no price, or another thing of the topic is declined."""

import pytest

from llm.local.extractive import REFUSAL
from llm.local.prices import asks_sum
from tests.llm.local.handbook import answered

PASSAGES = [
    {"document": 1, "title": "Fair plan", "section": "Stand",
     "text": "Our stand is in Hall 3 next to the entrance. Building of the stand begins on 18 April."},
    {"document": 2, "title": "Orchard Ltd results", "section": "Income",
     "text": "Item\t2025\t2024\nRevenue\t812\t790\nOperating profit\t61\t55"},
    {"document": 3, "title": "Gateway manual", "section": "Changes in firmware 2.4",
     "text": "Modbus over TCP is supported. The default address is 17."},
    {"document": 4, "title": "Price list", "section": "",
     "text": "Item,Price EUR,Warranty\nDesk lamp,89.00,24 months\nFloor lamp,149.00,24 months\nSensor,34.50,12 months"},
    {"document": 5, "title": "净水器客服知识", "section": "",
     "text": "问题,答案\n滤芯多久换一次？,滤芯12个月更换一次。\n可以开发票吗？,可以，签收后申请电子发票。\n"
             "支持上门安装吗？,支持，48小时内上门。"},
    {"document": 6, "title": "生产例会纪要", "section": "换型",
     "text": "2号线换型时间缩短到62分钟。\n\n2月份良率为96.4%，比1月份提高1.3个百分点。"},
    {"document": 7, "title": "员工宿舍与恒通物流手册", "section": "班车",
     "text": "班车每天7:30从东门出发。迟到者自行前往。"},
    {"document": 8, "title": "董事会纪要", "section": "", "text": "同意设立越南子公司，注册资本800万美元。"},
    {"document": 9, "title": "保洁价目", "section": "",
     "text": "项目,单价（元）,单位\n油烟机清洗,180,台\n空调清洗（挂机）,90,台\n擦玻璃,8,平方米"},
]  # fmt: skip


def reply(question: str) -> str:
    return answered(question, PASSAGES)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("In which hall is our stand?", "Hall 3"),
        ("What was the operating profit in 2024?", "55"),
        ("What changed in firmware 2.4?", "Modbus"),
        ("How much is the floor lamp?", "149.00"),
        ("支持上门安装吗？", "48小时"),
        ("2号线换型时间是多少？", "62分钟"),
        ("2月份良率是多少？", "96.4%"),
        ("越南子公司的注册资本是多少？", "800万"),
        ("空调挂机清洗多少钱？", "90"),
    ],
)
def test_what_the_question_names_is_answered(question: str, told: str) -> None:
    assert told in reply(question)


@pytest.mark.parametrize(
    "question",
    [
        "What stands in Hall 2?",
        "What was the operating profit in 2021?",
        "What was the operating profit in the third quarter?",
        "What changed in firmware 2.5?",
        "滤芯多少钱一支？",
        "How much does building the stand cost?",
        "支持货到付款吗？",
        "3号线换型时间是多少？",
        "3月份良率是多少？",
        "恒通物流有没有牙科保险？",
        "法国子公司的注册资本是多少？",
        "洗衣机清洗多少钱？",
    ],
)
def test_another_year_thing_or_topic_is_declined(question: str) -> None:
    assert reply(question) in REFUSAL.values()


def test_a_span_of_years_holds_those_between_its_ends() -> None:
    text = "Vera Holm was chair of the club from 2004 to 2011. Ada Lind followed her."
    told = answered("Who was chair of the club in 2008?", [{"document": 1, "title": "Club", "text": text}])
    assert "Vera Holm" in told


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What does the flight cost?", True),
        ("How much is the discount?", False),
        ("How much notice do I have to give?", False),
        ("门票多少钱？", True),
        ("冷气几钱？", True),
        ("需要多少时间？", False),
    ],
)
def test_questions_for_money_are_told_from_others(question: str, asks: bool) -> None:
    assert asks_sum(question) is asks

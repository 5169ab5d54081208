"""Which of several like things a question names: another code, card, phase, group, currency or relation is declined."""

import pytest

from llm.local.extractive import REFUSAL
from llm.local.premises import Premise, premises
from llm.local.questions import answer_type
from llm.local.text import language_of
from tests.llm.local.handbook import answered

PASSAGES = [
    {"document": 1, "title": "Boiler chats", "section": "",
     "text": "2026-03-09 09:02 Ann: My HL-30 boiler shows error E4.\n\n"
             "2026-03-09 09:03 Ben: E4 on the HL-30 means that the water pressure is too low."},
    {"document": 2, "title": "会员权益", "section": "等级",
     "text": "等级\t积分倍率\t生日礼\n银卡\t1 倍\t200 元餐券\n金卡\t1.25 倍\t500 元餐券\n白金卡\t1.5 倍\t1000 元餐券"},
    {"document": 2, "title": "会员权益", "section": "兑换",
     "text": "项目\t所需积分\n标准客房一晚\t12000\n行政套房一晚\t35000\n双人下午茶\t3500"},
    {"document": 3, "title": "Handbook", "section": "Remote work",
     "text": "Staff may work from home up to three days a week after the probation period. "
             "During probation the limit is one day a week.\n\n"
             "Engineers have a training budget of 2,200 euros a year."},
    {"document": 4, "title": "仓库通知", "section": "",
     "text": "葵涌仓的空调坏了，周二维修，报价 7400 元。荃湾仓的空调去年修过，花了 5200 元。"},
    {"document": 5, "title": "出差办法", "section": "补贴", "text": "往海外出差，每日津贴为港币 600 元。"},
    {"document": 6, "title": "人物", "section": "",
     "text": "许怀瑾，字叔玉，安宁县人，植物学家，任职于青隐湖研究所。\n\n白露湖面积 342 平方公里，平均水深 5 米。"},
    {"document": 7, "title": "Tickets", "section": "",
     "text": "id\tsubject\tresolution\nT-1\tExport stops at 10,000 rows\tThe Starter plan exports 10,000 rows.\n"
             "T-2\tToo many requests\tThe limit on Enterprise is 1,200 requests a minute."},
    {"document": 8, "title": "绩效", "section": "",
     "text": "年终奖：A 级 3 个月工资，B 级 1.5 个月工资，C 级半个月工资。"},
    {"document": 9, "title": "净水器问答", "section": "",
     "text": "问题\t答案\nP5 Pro 的出水速度是多少？\t每分钟 2.7 升。\nP5 Pro 保修多久？\t两年。"},
    {"document": 10, "title": "Pay report", "section": "Directors",
     "text": "Name\tSalary\tBonus\nAnita Rao\t742\t518\nDaniel Osei\t128\t74"},
    {"document": 11, "title": "Railway pioneers", "section": "",
     "text": "Otto Falkner was an engineer and politician from Sallen. He married the painter Luise Hagedorn in 1860."},
    {"document": 14, "title": "Pharmacy", "section": "",
     "text": "In Great Britain the GPhC regulates pharmacists and pharmacies."},
    {"document": 12, "title": "解约", "section": "",
     "text": "提前解约的违约金依剩余月份计算，每月 120 元，最高 2400 元。"},
    {"document": 13, "title": "退货处理", "section": "",
     "text": "等级\t含义\t处理\n一级\t未拆封的退货\t重新上架\n二级\t已拆封的退货\t转官方翻新\n"
             "三级\t损坏的退货\t维修后销售"},
]  # fmt: skip


def reply(question: str) -> str:
    return answered(question, PASSAGES)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What does error E4 mean on the HL-30?", "pressure is too low"),
        ("白金卡的生日礼是什么？", "1000"),
        ("金卡的积分倍率是多少？", "1.25"),
        ("兑换行政套房一晚要多少积分？", "35000"),
        ("How many days a week may I work from home during probation?", "one day"),
        ("How many days a week may I work from home after the probation?", "three days"),
        ("What is the training budget of engineers?", "2,200"),
        ("葵涌仓的空调维修报价是多少？", "7400"),
        ("海外出差的每日津贴是多少港币？", "600"),
        ("白露湖平均水深多少米？", "5 米"),
        ("What is the request limit on Enterprise?", "1,200"),
        ("绩效 B 级有几个月年终奖？", "1.5"),
        ("P5 Pro 的出水速度是多少？", "2.7"),
        ("What is the main duty of the GPhC in Great Britain?", "regulates"),
        ("Who was Otto Falkner's wife?", "Luise Hagedorn"),
        ("提前解约的违约金最多多少？", "2400"),
        ("二级退货怎么处理？", "翻新"),
        ("What is the bonus of Daniel Osei?", "74"),
    ],
)
def test_the_one_that_is_named_is_told(question: str, told: str) -> None:
    assert told in reply(question)


@pytest.mark.parametrize(
    "question",
    [
        "What does error E2 mean on the HL-30?",
        "黑卡的积分倍率是多少？",
        "兑换总统套房一晚要多少积分？",
        "How many days a week may I work from home before probation?",
        "What is the training budget of interns?",
        "元朗仓的空调维修报价是多少？",
        "海外出差的每日津贴是多少欧元？",
        "白露湖最深多少米？",
        "许怀瑾的妻子是谁？",
        "绩效 E 级有几个月年终奖？",
        "P5 Pro 有几种颜色？",
        "Who was Otto Falkner's father?",
        "五级退货怎么处理？",
        "What is the pension of Daniel Osei?",
        "海外出差的健身津贴是多少？",
    ],
)
def test_another_of_its_kind_is_declined(question: str) -> None:
    assert reply(question) in REFUSAL.values()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What happened in Q3 in hall TL-500?", {Premise("quarter", "", "Q3"), Premise("code", "TL", "TL500")}),
        ("持金卡有什么优惠？", {Premise("member", "卡", "金")}),
        ("在书店买贺卡要多少钱？", set()),
        ("试用期内要提前几天通知？", {Premise("phase", "试用期", "during")}),
        ("How long does it take within 5 days?", set()),
        ("How many yen is the fare?", {Premise("currency", "", "JPY")}),
        ("How much is the fare?", set()),
        ("Who was Ada's husband?", {Premise("relation", "", "spouse")}),
        ("Do managers get a bonus?", set()),
    ],
)
def test_what_is_taken_for_given(question: str, found: set[Premise]) -> None:
    assert set(premises(question, answer_type(question, language_of(question)))) == found

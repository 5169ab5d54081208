"""Whether a source supports a sentence: numbers, units, dates, names, negation, words; English and Chinese."""

import random

import pytest

from agents import facts
from agents.checks import Evidence, check, refuses
from agents.compare import compare
from agents.events import Citation
from bench import falsehoods
from bench.falsehoods.planting import KINDS

LEAVE = "Staff are entitled to 15 days of annual leave a year."


def cite(number: int, quote: str, document: int = 1) -> Citation:
    return Citation(number, document, document, None, 0, len(quote), quote, "Leave policy", "Leave", "2025-01-01")


TABLES = """Gates

| Gate | What is needed | Who signs |
|---|---|---|
| G2 Test | suite green | lead of Test |
| G3 Quality | no open defect, S1 or S2 | head of Quality |

Training\tWho\tDeadline
Safety\teverybody\t10 days after start
Data protection\tall who enter\t30 days

日期,星期,名称,杭州
2026-05-01,星期五,劳动节,休
2026-05-18,星期一,公司日,休
"""
GATE, DATA, DAY = TABLES.splitlines()[5], TABLES.splitlines()[9], TABLES.splitlines()[13]


@pytest.mark.parametrize(
    ("quote", "said", "support"),
    [
        (GATE, "Gate: G3 Quality; What is needed: no open defect, S1 or S2; Who signs: head of Quality", "supported"),
        (GATE, "Gate: G3 Quality; Who signs: head of Quality", "supported"),
        (GATE, "Gate: G3 Quality; Who signs: lead of Test", "unsupported"),
        (DATA, "Training: Data protection; Who: all who enter; Deadline: 30 days", "supported"),
        (DATA, "Training: Data protection; Who: all who enter; Deadline: 10 days after start", "unsupported"),
        (DAY, "日期: 2026-05-18；星期: 星期一；名称: 公司日；杭州: 休", "supported"),
    ],
)
def test_a_row_told_with_its_columns_names_is_held_against_its_table(quote: str, said: str, support: str) -> None:
    evidence = Evidence((cite(1, quote),), {1: TABLES})
    [claim] = check(f"- {said} [1]", evidence).claims
    assert claim.support == support


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("You get 15 days of annual leave.", LEAVE),
        ("You get fifteen days of annual leave each year.", LEAVE),
        ("员工每年有15天年假。", LEAVE),
        ("年假为十五天。", "员工每年享有15天年假。"),
        ("结转的假期3月31日失效。", "Carried days expire on 31 March."),
        ("It expires on 2024-03-31.", "The carried days expire on 31 March 2024, as it says."),
        ("The fee is $1,200.50 per order.", "Fee per order: 1200.5 dollars."),
        ("At most 5 days carry over.", "No more than 5 days carry over to the next year."),
        ("报销比例为80%。", "报销比例为百分之八十。"),
        ("Remote work is not allowed in the first month.", "In the first month remote work is not allowed."),
        ("Form HR-204 is needed for parental leave.", "For parental leave, hand in form HR-204."),
    ],
)
def test_true_sentences_are_supported(said: str, source: str) -> None:
    assert compare(said, source) == ("supported", "")


@pytest.mark.parametrize(
    ("said", "source", "reason"),
    [
        ("You get 16 days of annual leave.", LEAVE, "number"),
        ("You get 15 weeks of annual leave.", LEAVE, "unit"),
        ("You do not get 15 days of annual leave.", LEAVE, "negation"),
        ("年假为十六天。", "员工每年享有15天年假。", "number"),
        ("年假不可结转到下一年。", "年假可结转到下一年。", "negation"),
        ("出差可以乘坐商务舱。", "出差不得乘坐商务舱。", "negation"),
        ("Carried days expire on 31 May.", "Carried days expire on 31 March.", "date"),
        ("住宿标准为每晚600美元。", "住宿标准为每晚600元。", "unit"),
        ("The mail goes to Alice Miller and Robert Fox.", "The mail goes to the manager of the office.", "name"),
        ("Cats are sleeping on warm roofs today.", LEAVE, "terms"),
    ],
)
def test_false_sentences_are_not(said: str, source: str, reason: str) -> None:
    assert compare(said, source) == ("unsupported", reason)


def test_a_claim_knows_its_place_and_its_citations() -> None:
    answer = (
        "# Leave\n\nYou have 15 days of annual leave [1]. Ask your manager about the moon landing.\n\n"
        "| a | b |\n|---|---|\n| 15 days of leave | x [1] |"
    )
    checked = check(answer, Evidence([cite(1, LEAVE)]))

    assert [answer[claim.start : claim.end] for claim in checked.claims] == [claim.text for claim in checked.claims]
    assert [(claim.citations, claim.support, claim.reason) for claim in checked.claims] == [
        ((1,), "supported", ""), ((), "unsupported", "uncited"), ((1,), "supported", ""),
    ]  # fmt: skip
    assert checked.verdict == "partly"


@pytest.mark.parametrize(
    ("said", "source"),
    [
        (
            "An authenticator app is allowed; text messages are not.",
            "An authenticator app is allowed; text messages are not.",
        ),
        ("What nobody has marked is Internal.", "Two classes.\nWhat nobody has marked is\nInternal. Do not send it."),
        ("婚假13天", "第九条 婚假13天；丧假5天，不含休息日。"),
    ],
)
def test_what_is_literally_there_is_supported(said: str, source: str) -> None:
    assert compare(said, source) == ("supported", "")


def test_a_part_of_another_sentence_is_not_literally_there() -> None:
    assert (
        compare("permitted in the laboratory rooms", "Shoes are not permitted in the laboratory rooms.")[0]
        != "supported"
    )
    assert compare("5 days of leave", "15 days of leave")[0] != "supported"


def test_clauses_rest_on_the_mark_behind_the_last_of_them() -> None:
    row = "Tokyo\tJapan\tJPY\t18000\t24000\tApril"
    checked = check("- City: Tokyo; peak limit: 24000; peak months: April [1]", Evidence([cite(1, row)], {1: row}))
    assert [claim.citations for claim in checked.claims] == [(1,)]
    apart = check("Nobody says that wombats dance [1]; some say that they sing [1].", Evidence([cite(1, row)]))
    assert len(apart.claims) == 2


def test_a_mark_directly_before_the_next_sentence_belongs_to_the_one_before() -> None:
    checked = check(
        "Open shoes are not permitted. [1]实验室须登记。[1]", Evidence([cite(1, "Open shoes are not permitted.")])
    )
    assert [claim.citations for claim in checked.claims] == [(1,), (1,)]


def test_what_stands_elsewhere_in_the_passage_is_weakly_supported() -> None:
    passage = f"{LEAVE} Requests go to the line manager two weeks before."
    evidence = Evidence([cite(1, LEAVE)], {1: passage})
    checked = check("Requests go to the line manager two weeks before [1]. Requests go to the line manager.", evidence)
    assert [claim.support for claim in checked.claims] == ["weak", "weak"]


def test_computed_numbers_and_those_of_the_question_count() -> None:
    evidence = Evidence([cite(1, "A night is paid with 180 euros.")], computed="540", question="What do 3 nights cost?")
    assert check("3 nights are paid with 540 euros, a night with 180 euros [1].", evidence).verdict == "good"


def test_code_headings_and_questions_claim_nothing() -> None:
    code = "```py\nx = 15 + 5  # all the days together\n```"
    answer = f"## How it is worked out\n\nHere is the calculation:\n\n{code}\nDoes that help you further?"
    assert check(answer, Evidence([])).claims == ()


@pytest.mark.parametrize(
    "answer",
    [
        "The documents do not answer this. I looked for the code word.",
        "**文档中没有找到**与暗号有关的内容。",
        "The sources don't mention a code word.",
        "I could not find anything about that.",
        "提供的资料中没有相关信息。",
    ],
)
def test_refusals_are_recognised(answer: str) -> None:
    assert refuses(answer)
    assert check(answer, Evidence([])).verdict == "not_in_documents"


def test_the_advice_of_a_refusal_claims_nothing() -> None:
    advice = "文档中没有找到相关内容。请换一种问法，或请管理员补充资料。"
    checked = check(f"{advice}\n\n年休假为全体员工每年三十天，没有例外。", Evidence([]))
    assert [claim.text for claim in checked.claims] == ["年休假为全体员工每年三十天，没有例外。"]
    assert check(advice, Evidence([])).claims == ()


def test_verdicts() -> None:
    good, bad = "You have 15 days of annual leave [1].", "You have 20 days of annual leave [1]."
    one = Evidence([cite(1, LEAVE)])
    assert check(good, one).verdict == "good"
    assert check(bad, one).verdict == "unsupported"
    assert check(f"{good} {bad}", one).verdict == "partly"
    assert check("You have fifteen days of annual leave, everybody knows.", Evidence([])).verdict == "uncited"
    two = Evidence([cite(1, LEAVE), cite(2, "Staff are entitled to 20 days of annual leave a year.", document=2)])
    assert check("The policies contradict each other: 15 days [1], or 20 days [2].", two).verdict == "disagree"


def test_facts_are_read_in_both_languages() -> None:
    assert facts.negations("not more than 5, no later than noon, 不超过三天") == 0
    assert facts.negations("It isn't allowed and never was. 未经批准不得外传。") == 4
    assert facts.names("See Form HR-204 of the DFB and 《差旅制度》 now.") == {"form", "hr-204", "dfb", "差旅制度"}
    assert facts.people("由孙炜批准，任何人都可以向王晓梅报告，许可证在周末更换。") == {"孙炜", "王晓梅"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two weeks", "14 天"),
        ("three hundred and twenty-five pages", "325页"),
        ("at most 5 days", "不超过五天"),
        ("US$1,200.50", "1200.5美元"),
        ("3 to 5 months", "三至五个月"),
        ("half a year", "半年"),
        ("18 months", "一年半"),
        ("80 percent", "百分之八十"),
        ("50,000 yuan", "5万元"),
        ("the third quarter", "第三季度"),
        ("1 March 2025", "2025-03-01"),
        ("March 1st, 2025", "二〇二五年三月一日"),
        ("from 3 to 5 March", "3月3日至5日"),
        ("5:30 pm", "下午5点半"),
        ("17:30", "下午5:30"),
        ("every Monday", "每周一"),
    ],
)
def test_the_same_in_other_words_is_the_same(one: str, other: str) -> None:
    read, also = facts.read(one), facts.read(other)
    assert [(q.value, q.dimension, q.bound) for q in read.quantities] == [
        (q.value, q.dimension, q.bound) for q in also.quantities
    ]
    assert [moment.word() for moment in read.moments] == [moment.word() for moment in also.moments]
    assert read.quantities or read.moments


@pytest.mark.parametrize(
    ("said", "source", "reason"),
    [
        ("Berlin pays 220 euros a night.", "Berlin pays 150 euros a night. Paris pays 220 euros a night.", "number"),
        ("In Berlin hotels cost 220.", "City\tLimit\nBerlin\t150\nParis\t220\nOslo\t240", "number"),
        ("At least 5 days carry over.", "At most 5 days carry over.", "comparative"),
        ("至少可结转5天。", "最多可结转5天。", "comparative"),
        ("报销单须在出差前提交。", "报销单须在出差后提交。", "comparative"),
        ("须由李娜审批。", "须由孙炜审批。", "name"),
        ("年会在成都举行。", "年会在杭州举行。", "name"),
        ("Trips are approved by Maria Keller.", "Trips are approved by Alice Miller.", "name"),
        ("The store closes on 3 April 2025.", "The store closes on 3 April 2024.", "date"),
        ("The store closes at 18:30.", "The store closes at 17:30.", "date"),
        ("班会在每周二召开。", "班会在每周一召开。", "date"),
        ("Sales rose by 5 percent.", "Sales fell by 5 percent.", "comparative"),
        ("它在14周内有效。", "It is valid for 14 days.", "unit"),
        ("The fee is €1,200.", "费用为1200美元。", "unit"),
        ("Visitors may enter without a badge.", "Visitors may not enter without a badge.", "negation"),
    ],
)
def test_one_thing_changed_is_seen(said: str, source: str, reason: str) -> None:
    assert compare(said, source) == ("unsupported", reason)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("Sales were about 1.2 million euros.", "Sales were EUR 1,187,432."),
        ("预算约120万元。", "预算为1,198,000元。"),
        ("Smoking is not allowed here.", "Smoking is prohibited here."),
        ("未接受培训的访客不得进入。", "访客未经培训，不得进入。"),
        ("The HR department must approve it.", "The Human Resources department must approve it."),
        ("The German office opens in March.", "The office in Germany opens in March 2025."),
        ("One of the staff has to sign.", "A member of the staff has to sign."),
        ("报销须在14天内提交。", "Reports must be handed in within two weeks."),
        ("The guest must not stay longer than 5 nights.", "The guest may not stay longer than 5 nights."),
    ],
)
def test_what_is_true_in_other_words_is_not_marked(said: str, source: str) -> None:
    assert compare(said, source)[0] != "unsupported"


def test_planted_falsehoods_are_marked_and_true_sentences_are_not() -> None:
    """Three hundred sentences of our own, every third of them false in one place; see `python -m bench falsehoods`."""
    chance = random.Random(7)
    said = falsehoods.answer([*falsehoods.company(), *falsehoods.made_up(24, chance)], chance)
    report = falsehoods.measure(said)
    assert sum(report.counts.values()) >= 300
    assert {kind for kind, _, _ in report.counts} >= {*KINDS, "true: literal", "true: translated", "true: joined"}
    assert report.share(false=True) >= 0.95, [one for _, _, one in report.wrong]
    assert report.share(false=False) <= 0.05, [one for _, _, one in report.wrong]

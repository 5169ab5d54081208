"""Whether a source supports a sentence: numbers, units, dates, names, negation, words; English and Chinese."""

import pytest

from agents import facts
from agents.checks import Evidence, check, compare, refuses
from agents.events import Citation

LEAVE = "Staff are entitled to 15 days of annual leave a year."


def cite(number: int, quote: str, document: int = 1) -> Citation:
    return Citation(number, document, document, None, 0, len(quote), quote, "Leave policy", "Leave", "2025-01-01")


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
    assert facts.months("from 3 May to 2024-06-01, 九月, 12月5日, may") == {5, 6, 9, 12}
    assert facts.units("180 euros, 5%, 三天, $20, 百分之八, 3 million people") == {
        "180": {"euro"}, "5": {"percent"}, "3": {"day", "person"}, "20": {"dollar"}, "8": {"percent"},
    }  # fmt: skip
    assert facts.negations("not more than 5, no later than noon, 不超过三天") == 0
    assert facts.negations("It isn't allowed and never was. 未经批准不得外传。") == 4
    assert facts.names("See Form HR-204 of the DFB and 《差旅制度》 now.") == {"form", "hr-204", "dfb", "差旅制度"}

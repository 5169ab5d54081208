"""The offline model holds documents against a condition."""

import json
from datetime import date

import pytest

from llm.local.periods import Period, period_of, turns
from llm.local.survey import survey


def asked(title: str, text: str, condition: str, kind: str = "", columns: tuple[str, ...] = ()) -> dict[str, object]:
    passage = {"source": 1, "section": "", "context": "", "text": text}
    document = {"document": 7, "title": title, "collection": "C", "tags": [], "file": "a.md", "passages": [passage]}
    criterion = {"question": "?", "kind": kind, "condition": condition, "columns": list(columns)}
    content = (
        f"<documents>\n{json.dumps(document, ensure_ascii=False)}\n</documents>\n\n"
        f"<criterion>\n{json.dumps(criterion, ensure_ascii=False)}\n</criterion>"
    )
    reply = survey([{"role": "user", "content": content}])
    assert reply is not None
    (row,) = json.loads(reply)["rows"]
    assert row["document"] == 7
    return row  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("condition", "period"),
    [
        ("end in 2026", Period("end", date(2026, 1, 1), date(2026, 12, 31))),
        ("在2026年6月到期", Period("end", date(2026, 6, 1), date(2026, 6, 30))),
        ("expire before 1 July 2026", Period("end", date.min, date(2026, 6, 30))),
        ("2026年3月31日之后生效", Period("begin", date(2026, 4, 1), date.max)),
        ("signed in March 2025", Period("sign", date(2025, 3, 1), date(2025, 3, 31))),
        ("mention 2026", None),
    ],
)
def test_the_period_of_a_condition(condition: str, period: Period | None) -> None:
    assert period_of(condition) == period


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("It runs from 1 January 2025 to 31 December 2026.", date(2026, 12, 31)),
        ("It begins on 1 March 2024 for a term of two years.", date(2026, 2, 28)),
        ("本合同自2024年3月1日起生效，合同期限为两年。", date(2026, 2, 28)),
        ("有效期至2026年5月1日。", date(2026, 5, 1)),
        ("The warranty ends on 30 June 2026.", None),
        ("保修期于2026年6月30日届满。", None),
        ("It starts on 2026-02-02.", None),
    ],
)
def test_when_it_ends(text: str, last: date | None) -> None:
    assert [day.last for day in turns(text, "end")] == ([last] if last else [])


@pytest.mark.parametrize(
    ("title", "text", "condition", "kind", "meets"),
    [
        ("Lease agreement", "It expires on 3 May 2026.", "end in 2026", "contracts", "yes"),
        (
            "Lease agreement",
            "It expires on 3 May 2026. It is extended to 3 May 2028.",
            "end in 2026",
            "contracts",
            "no",
        ),
        ("Lease agreement", "It expires some day.", "end in 2026", "contracts", "unclear"),
        ("Lease agreement", "It is concluded for an indefinite period and may end.", "end in 2026", "contracts", "no"),
        ("Contract management policy", "Each expires on 3 May 2026.", "end in 2026", "contracts", "no"),
        ("合同管理办法", "合同于2026年5月3日到期。", "在2026年到期", "合同", "no"),
        ("Travel policy", "You may work from home.", "mention remote work", "policies", "yes"),
        ("考勤制度", "员工可以居家办公。", "mention remote work", "policies", "yes"),
        ("Travel policy", "The remote control works.", "mention remote work", "policies", "no"),
        ("Rules", "The CFO must approve it.", "require the approval of the chief financial officer", "", "yes"),
        ("Rules", "It does not need the approval of the CFO.", "require the approval of the CFO", "", "no"),
        ("Rules", "The words force majeure stand here.", "mention “force majeure”", "", "yes"),
        ("Rules", "Force was used by a major.", "mention “force majeure”", "", "no"),
    ],
)
def test_decisions(title: str, text: str, condition: str, kind: str, meets: str) -> None:
    assert asked(title, text, condition, kind)["meets"] == meets


def test_a_row_has_its_words_and_its_values() -> None:
    text = "Supplier: Alder Optics\n\n**Value:** 12,000 EUR\n\nThe contract *ends* on 3 May 2026."
    row = asked("Contract", text, "end in 2026", "contracts", ("supplier", "value", "end date"))
    assert row["quote"] in text  # type: ignore[operator]
    assert row["values"] == ["Alder Optics", "12,000 EUR", "2026-05-03"]


def test_other_requests_are_not_its_business() -> None:
    assert survey([{"role": "user", "content": "<question>\nHow many?\n</question>"}]) is None
    assert survey([]) is None

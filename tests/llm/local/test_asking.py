"""The Thinking model asks tables by SQL: which questions, with which queries, and what it answers from the result."""

from typing import Any

import duckdb
import pytest

from llm.local.asking import asked_of, read_tables
from llm.local.reply import Call
from tests.llm.local.handbook import TOOLS, Run

OFFICES = [
    ("Berlin", "Germany", 40, 12500), ("Munich", "Germany", 20, 9000), ("Hangzhou", "China", 220, 8000),
    ("Oslo", "Norway", 8, 3100), ("Total", None, 288, 32600),
]  # fmt: skip
TABLE = {
    "table": "t7", "document": 20, "title": "Office list", "section": "Offices", "rows": 5,
    "columns": {"Office": "text", "Country": "text", "Desks": "integer", "Monthly rent": "integer €"},
}  # fmt: skip
ORDERS = {
    "table": "t9", "document": 21, "title": "采购清单", "section": "", "rows": 400,
    "columns": {"供应商": "text", "金额": "number", "状态": "text"},
}  # fmt: skip
FIRST = {
    "document": 20,
    "title": "Office list",
    "section": "Offices",
    "context": "Office\tCountry\tDesks\tMonthly rent",
    "text": "Berlin\tGermany\t40\t12500",
}
FIRST_ZH = {
    "document": 21,
    "title": "采购清单",
    "section": "",
    "context": "供应商,金额,状态",
    "text": "甲公司,1200.5,待付",
}


class Asking(Run):
    """A run whose searches show two tables and whose queries are run by DuckDB."""

    def __init__(self, question: str, broken: bool = False) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            'create table t7 (_row bigint, "Office" varchar, "Country" varchar, "Desks" bigint, "Monthly rent" bigint)'
        )
        for number, row in enumerate(OFFICES, 1):
            self.connection.execute("insert into t7 values (?, ?, ?, ?, ?)", [number, *row])
        self.connection.execute(
            'create table t9 (_row bigint, "供应商" varchar, "金额" decimal(10, 2), "状态" varchar)'
        )
        for number in range(1, 401):
            state = "待付" if number % 2 else "已付"
            self.connection.execute("insert into t9 values (?, ?, ?, ?)", [number, f"{number}号公司", number, state])
        options: dict[str, Any] = {"broken": ["query_tables"]} if broken else {}
        super().__init__(question, [FIRST, FIRST_ZH], tools=[*TOOLS, "query_tables"], **options)

    def _result(self, call: Call) -> dict[str, Any]:
        if call.name == "search_knowledge":
            return {**super()._result(call), "tables": [TABLE, ORDERS]}
        if call.name != "query_tables":
            return super()._result(call)
        found = self.connection.execute(call.arguments["sql"])
        names = [column[0] for column in found.description or ()]
        rows = [[float(v) if hasattr(v, "is_finite") else v for v in row] for row in found.fetchall()]
        told = {"columns": names, "rows": rows, "sources": [[30 + i] for i in range(len(rows))]}
        if names[0] == "_row":
            lines = ["\t".join(str(value) for value in row[1:]) for row in rows]
            told["passages"] = [{**FIRST, "source": 30 + i, "text": line} for i, line in enumerate(lines)]
        else:
            told["passages"] = [{**FIRST, "source": 30, "context": "", "text": FIRST["context"]}] if rows else []
        return told


def test_the_greatest_is_the_row_that_holds_it() -> None:
    run = Asking("Which office has the highest monthly rent?")
    assert run.called("query_tables")[-1]["sql"].endswith('order by "Monthly rent" desc limit 1')
    assert run.text == "- Office: Berlin; Country: Germany; Desks: 40; Monthly rent: 12500 [30]"


def test_values_that_the_question_names_filter_the_rows() -> None:
    run = Asking("What is the average monthly rent of the offices in Germany?")
    assert "\"Country\" in ('Germany')" in run.called("query_tables")[-1]["sql"]
    assert run.text == "**Result:** average of Monthly rent = 10750 [30]"


def test_totals_are_left_out() -> None:
    assert "= 32600 [30]" in Asking("What is the total monthly rent of all offices?").text


def test_the_first_few() -> None:
    run = Asking("Name the three offices with the lowest number of desks.")
    assert run.called("query_tables")[-1]["sql"].endswith('order by "Desks" asc limit 3')
    assert [line.split(";")[0][10:] for line in run.text.splitlines()] == ["Oslo", "Munich", "Berlin"]


def test_a_sum_over_more_rows_than_were_shown_in_chinese() -> None:
    run = Asking("采购清单中状态为待付的金额合计多少？")
    assert len(run.called("query_tables")) == 2
    assert "**结果：**金额合计 = 40000 [30]" in run.text


def test_rows_are_counted() -> None:
    run = Asking("采购清单里状态为已付的供应商有多少个？")
    assert "共 200 行" in run.text


def test_when_asking_fails_it_goes_on_as_before() -> None:
    run = Asking("Which office has the highest monthly rent?", broken=True)
    assert len(run.called("query_tables")) <= 2
    assert run.text


@pytest.mark.parametrize(
    "question",
    [
        "What is the address of the office in Berlin?",
        "Which department had used the largest share of its budget?",
        "What is the highest salary?",
        "How many days of leave do I have?",
        "住宿标准最高是多少？",
    ],
)
def test_other_questions_are_left_to_the_passages(question: str) -> None:
    assert asked_of(question, list(read_tables([TABLE, ORDERS]))) is None

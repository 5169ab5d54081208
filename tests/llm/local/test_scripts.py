"""The offline model reads Traditional Chinese as it reads Simplified, and quotes each as it is written."""

import json
from typing import Any

import pytest

from llm.local import INSTRUCT
from llm.local.chat import read_chat_request, reply_to
from llm.local.embedder import embedder
from llm.local.reply import Call, Reply
from llm.local.scripts import as_written, in_simplified, restored
from llm.local.survey import survey
from llm.local.transcript import read_transcript
from tests.llm.local.handbook import source, user_message

RULES = {
    "document": 1,
    "title": "辦公室管理規則",
    "section": "設備",
    "text": "員工領用的筆記型電腦應於離職當日繳回。會議室須於一個工作日前預約。\n\n| 設備 | 保固年限 |\n|---|---|\n"
    "| 印表機 | 三年 |\n| 伺服器 | 五年 |",
}
GUIDE = {
    "document": 2,
    "title": "访客指南",
    "section": "",
    "text": "访客证由前台发放，当日有效。访客的车辆停在地下二层。",
}


def ask(question: str, *passages: dict[str, Any]) -> str:
    evidence = [source(number, passage) for number, passage in enumerate(passages, 1)]
    body = {"model": INSTRUCT, "messages": [user_message(question, evidence)]}
    return reply_to(read_chat_request(body)).text


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("会议室要提前多久预约？", "會議室須於一個工作日前預約。 [1]"),
        ("會議室要提前多久預約？", "會議室須於一個工作日前預約。 [1]"),
        ("訪客證當日有效嗎？", "访客证由前台发放，当日有效。 [2]"),
        ("服务器保修多少年？", "設備: 伺服器; 保固年限: 五年 [1]"),  # as Taiwan calls a server and a warranty
    ],
)
def test_one_script_asks_of_the_other_and_the_quote_stays_as_written(question: str, told: str) -> None:
    assert told in ask(question, RULES, GUIDE)


def test_a_refusal_is_said_in_the_models_own_words() -> None:
    assert ask("員工餐廳的營業時間是什麼？", RULES) == "文档中没有找到相关内容。请换一种问法，或请管理员补充资料。"


def test_a_source_of_one_script_is_never_quoted_in_the_others() -> None:
    same = {**GUIDE, "document": 3, "title": "訪客指南", "text": "訪客證由前台發放，當日有效。"}
    messages = [user_message("訪客證？", [source(1, GUIDE), source(2, same)])]
    told = as_written(Reply("访客证由前台发放 [1]访客证由前台发放 [2] 访客证"), read_transcript(messages), messages)
    assert told.text == "访客证由前台发放 [1]訪客證由前台發放 [2] 访客证"


def test_tools_are_called_with_names_as_their_tables_have_them() -> None:
    table = json.dumps({"tables": [{"name": "t1", "columns": ["設備", "保固年限"]}]}, ensure_ascii=False)
    called = [{"id": "1", "type": "function", "function": {"name": "query_tables", "arguments": "{}"}}]
    messages = [
        user_message("哪種設備的保固年限最長？", []),
        {"role": "assistant", "tool_calls": called},
        {"role": "tool", "tool_call_id": "1", "content": table},
    ]
    reply = Reply(calls=(Call("query_tables", {"sql": 'select "设备" from t1 order by "保固年限"'}),))
    (call,) = as_written(reply, read_transcript(messages), messages).calls
    assert call.arguments == {"sql": 'select "設備" from t1 order by "保固年限"'}


def test_messages_in_simplified_characters_are_left_alone() -> None:
    assert in_simplified([user_message("访客证？", [source(1, GUIDE)])]) is None


def test_what_is_not_taken_over_stays() -> None:
    assert restored("结果：三年", ["保固三年"], 1) == "结果：三年"
    assert restored("plain", ["設備"], 1) == "plain"


def test_both_scripts_have_one_vector() -> None:
    one, other = embedder().embed(["差旅費報銷", "差旅费报销"])
    assert one.tolist() == other.tolist()


def test_a_survey_quotes_as_written() -> None:
    passage = {"source": 1, "section": "", "context": "", "text": "本合約於 2026 年 6 月 30 日到期。"}
    document = {
        "document": 7,
        "title": "租賃合約",
        "collection": "C",
        "tags": [],
        "file": "a.md",
        "passages": [passage],
    }
    criterion = {"question": "?", "kind": "合同", "condition": "在2026年6月到期", "columns": []}
    content = (
        f"<documents>\n{json.dumps(document, ensure_ascii=False)}\n</documents>\n\n"
        f"<criterion>\n{json.dumps(criterion, ensure_ascii=False)}\n</criterion>"
    )
    (row,) = json.loads(survey([{"role": "user", "content": content}]) or "")["rows"]
    assert (row["meets"], row["quote"]) == ("yes", passage["text"])

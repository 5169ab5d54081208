"""A small handbook in both languages and a tool runner over it, as the Thinking model meets them in a run."""

import json
from collections.abc import Sequence
from typing import Any

from llm.local.chat import read_chat_request, reply_to
from llm.local.reply import Call
from llm.local.rerank import scores

TOOLS = ("plan", "search_knowledge", "read_document", "list_documents", "find_in_documents", "run_python")

PASSAGES: list[dict[str, Any]] = [
    {"document": 1, "title": "Travel policy", "section": "Hotels", "date": "2025-01-01",
     "text": "# Hotels\n\nBook rooms through the portal.\n\n"
             "| City | Limit per night |\n|---|---|\n| Berlin | 150 EUR |\n"
             "| Paris | 190 EUR |\n| Oslo | 210 EUR |"},
    {"document": 1, "title": "Travel policy", "section": "Meals", "date": "2025-01-01", "page": 2,
     "text": "The meal allowance is 40 EUR per day. Receipts are handed in within 20 days after the trip."},
    {"document": 2, "title": "Organisation", "section": "Teams", "date": "2026-01-01",
     "text": "The Payments portal is run by the Harbour team.\n\nThe Harbour team is led by Nadia Brandt.\n\n"
             "The Cedar team is led by Omar Said."},
    {"document": 3, "title": "Leave policy 2024", "section": "Carry over", "date": "2024-01-01",
     "text": "At most 3 days of annual leave may be carried over into the next year."},
    {"document": 4, "title": "Leave policy 2026", "section": "Carry over", "date": "2026-01-01",
     "text": "At most 5 days of annual leave may be carried over into the next year."},
    {"document": 5, "title": "差旅制度", "section": "住宿", "date": "2025-01-01",
     "text": "北京的住宿标准为每晚700元。\n上海的住宿标准为每晚650元。\n成都的住宿标准为每晚500元。"},
    {"document": 6, "title": "付款清单", "section": "", "date": "2026-11-01",
     "text": "供应商,金额,币种,状态\n甲公司,1200,CNY,待付\n乙公司,800,CNY,已付\n"
             "丙公司,300,EUR,待付\n丁公司,500,CNY,待付"},
    {"document": 7, "title": "Defect list", "section": "", "date": "2026-11-01",
     "text": "id\tseverity\tstatus\nD-1\tS1\topen\nD-2\tS2\tfixed\nD-3\tS1\tfixed\nD-4\tS1\topen\nD-5\tS3\topen"},
    {"document": 8, "title": "Security policy", "section": "Passwords", "date": "2025-05-01",
     "text": "After 6 wrong passwords an account is locked for 30 minutes. Sign-in logs are kept for 400 days."},
]  # fmt: skip


def source(number: int, passage: dict[str, Any]) -> dict[str, Any]:
    return {"source": number, **passage}


def user_message(question: str, passages: Sequence[dict[str, Any]], note: str = "") -> dict[str, Any]:
    lines = "\n".join(json.dumps(passage, ensure_ascii=False).replace("<", "\\u003c") for passage in passages)
    content = f"<sources>\n{lines}\n</sources>\n\n<question>\n{question}\n</question>{note}"
    return {"role": "user", "content": content}


def answered(question: str, passages: Sequence[dict[str, Any]]) -> str:
    """What the quick model says to a question about these passages."""
    messages = [user_message(question, [source(number, passage) for number, passage in enumerate(passages, 1)])]
    return reply_to(read_chat_request({"model": "zhinang-local-instruct", "messages": messages})).text


class Run:
    """Asks the Thinking model and runs the tools it calls until it answers."""

    def __init__(self, question: str, passages: Sequence[dict[str, Any]] = PASSAGES, **options: Any) -> None:
        self.passages = list(passages)
        self.broken: frozenset[str] = frozenset(options.get("broken", ()))
        self.tools: Sequence[str] = options.get("tools", TOOLS)
        self.calls: list[Call] = []
        self.reasoning: list[str] = []
        self.messages = [user_message(question, options.get("evidence", ()))]
        self.text = self._run()

    def _run(self) -> str:
        for turn in range(12):
            body = {"model": "zhinang-local-thinking", "messages": self.messages, "stream": True}
            tools = [{"type": "function", "function": {"name": name}} for name in self.tools]
            reply = reply_to(read_chat_request({**body, "enable_thinking": True, "tools": tools}))
            self.reasoning.append(reply.reasoning)
            if not reply.calls:
                return reply.text
            self._answer(turn, reply.calls)
        raise AssertionError("the model does not come to an end")

    def _answer(self, turn: int, calls: Sequence[Call]) -> None:
        told = [
            {"id": f"call_{turn}_{i}", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
            for i, call in enumerate(calls)
        ]
        self.messages.append({"role": "assistant", "content": "", "tool_calls": told})
        for i, call in enumerate(calls):
            self.calls.append(call)
            result = {"error": "It does not work today."} if call.name in self.broken else self._result(call)
            content = json.dumps(result, ensure_ascii=False)
            self.messages.append({"role": "tool", "tool_call_id": f"call_{turn}_{i}", "content": content})

    def _result(self, call: Call) -> dict[str, Any]:
        arguments = call.arguments
        if call.name == "run_python":
            return {"result": eval(arguments["code"], {"__builtins__": {}}), "output": ""}
        if call.name == "plan":
            return {"ok": True}
        if call.name == "list_documents":
            titles = {passage["document"]: passage["title"] for passage in self.passages}
            return {"total": len(titles), "documents": [{"document": d, "title": t} for d, t in titles.items()]}
        if call.name == "search_knowledge":
            texts = [f"{p['title']} {p['section']} {p['text']}" for p in self.passages]
            wanted = [i for i, score in scores(arguments["query"], texts)[:3] if score > 0.1]
        elif call.name == "read_document":
            wanted = [i for i, p in enumerate(self.passages) if p["document"] == arguments["document"]]
        else:
            wanted = [i for i, p in enumerate(self.passages) if arguments["text"] in p["text"]]
        return {"passages": [source(i + 1, self.passages[i]) for i in wanted]}

    def called(self, name: str) -> list[dict[str, Any]]:
        return [call.arguments for call in self.calls if call.name == name]

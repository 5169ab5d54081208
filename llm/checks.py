"""Does everything that is configured work? One small real request for each thing the other parts rely on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import orjson

from llm.clients import ChatModel, Role, rerank_model
from llm.embeddings import EmbeddingModel
from llm.errors import Language, ModelError
from llm.messages import Message, ToolCall, ToolSpec
from llm.profiles import ModelServers
from llm.streams import Delta, Reasoning, Text

QUESTION: Message = {
    "role": "user",
    "content": "<sources>\n</sources>\n\n<question>\nWhat does the handbook say about annual leave?\n</question>",
}
TOOL = ToolSpec(
    "search_knowledge",
    "Find passages of the company's documents. Always search before you answer.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
BUDGET, ANSWER = 1024, 512
"""Tokens one check may spend on thinking and on its answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `sentence` says what was seen, or what to set where it does not work."""

    name: str
    model: str
    ok: bool
    seconds: float
    sentence: str


class Said(NamedTuple):
    """A sentence in both languages."""

    en: str
    zh: str

    def sentence(self, language: Language) -> str:
        return self.en if language == "en" else self.zh


class Unfit(Exception):
    """The server answered, but not as the other parts need it. The two sentences say what to set."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.said = Said(en, zh)


def check_models(servers: ModelServers, language: Language = "en") -> list[Check]:
    """Check chat, no-thinking, thinking, tools, embeddings and rerank, each on its own. Blocks; not for event loops."""
    return [
        *asyncio.run(_check_chat(servers, language)),
        _checked("embeddings", servers.embedding_model, partial(_embeddings, servers), language),
        _checked("rerank", servers.rerank_model, partial(_rerank, servers), language),
    ]


async def _check_chat(servers: ModelServers, language: Language) -> list[Check]:
    checks: tuple[tuple[str, Role, Callable[[ChatModel], Awaitable[Said]]], ...] = (
        ("chat", "instruct", _chat),
        ("no-thinking", "instruct", _no_thinking),
        ("thinking", "thinking", _thinking),
        ("tools", "thinking", _tools),
    )
    results = []
    for name, role, check in checks:
        model, started = ChatModel(servers, role), time.monotonic()
        called = model.configured or ""
        try:
            called = await model.resolve()
            ok, sentence = True, (await check(model)).sentence(language)
        except (ModelError, Unfit) as error:
            ok, sentence = False, _sentence(error, language)
        results.append(Check(name, called, ok, time.monotonic() - started, sentence))
    return results


def _checked(name: str, model: str, check: Callable[[], Said], language: Language) -> Check:
    started = time.monotonic()
    try:
        ok, sentence = True, check().sentence(language)
    except (ModelError, Unfit) as error:
        ok, sentence = False, _sentence(error, language)
    return Check(name, model, ok, time.monotonic() - started, sentence)


def _sentence(error: ModelError | Unfit, language: Language) -> str:
    if isinstance(error, Unfit):
        return error.said.sentence(language)
    said = error.sentence(language)
    detail = "" if not error.detail or error.detail in said else f" ({error.detail})"
    return f"{said}{detail}" + (f" [request {error.request_id}]" if error.request_id else "")


async def _chat(model: ChatModel) -> Said:
    reply = await model.complete([QUESTION], max_tokens=ANSWER)
    return Said(f"answers with {len(reply.text)} characters", f"已回答，共 {len(reply.text)} 个字符")


async def _no_thinking(model: ChatModel) -> Said:
    seen = await _deltas(model, thinking=False)
    if any(isinstance(delta, Reasoning) for delta in seen):
        raise Unfit(
            "It thinks although it is told not to, which makes quick answers slow. Set INSTRUCT_MODEL to a model whose "
            "thinking can be turned off, and MODEL_PROFILE to the kind of server.",
            "已要求不思考，但模型仍在思考，快速回答会因此变慢。请把 INSTRUCT_MODEL 设为可以关闭思考的模型，"
            "并把 MODEL_PROFILE 设为对应的服务类型。",
        )
    pieces = sum(isinstance(delta, Text) for delta in seen)
    return Said(f"streams its answer in {pieces} pieces without thinking", f"不思考，分 {pieces} 段流式回答")


async def _thinking(model: ChatModel) -> Said:
    seen = await _deltas(model, thinking=True)
    fields = {delta.field for delta in seen if isinstance(delta, Reasoning)}
    if not fields:
        raise Unfit(
            "It answers without thinking. Set THINKING_MODEL to a model that can think, and MODEL_PROFILE to the kind "
            "of server; vLLM and SGLang need --reasoning-parser.",
            "模型没有思考就回答了。请把 THINKING_MODEL 设为可以思考的模型，并把 MODEL_PROFILE 设为对应的服务类型；"
            "vLLM 与 SGLang 需要 --reasoning-parser。",
        )
    named = ", ".join(sorted(fields))
    return Said(f"thinks first ({named})", f"先思考再回答（{named}）")


async def _tools(model: ChatModel) -> Said:
    calls = [delta for delta in await _deltas(model, thinking=True, tools=(TOOL,)) if isinstance(delta, ToolCall)]
    if not calls:
        raise Unfit(
            "It calls no tools, which thorough answers need. Set THINKING_MODEL to a model that can; vLLM needs "
            "--enable-auto-tool-choice and --tool-call-parser.",
            "模型没有调用工具，而深入回答需要调用工具。请把 THINKING_MODEL 设为可以调用工具的模型；"
            "vLLM 需要 --enable-auto-tool-choice 与 --tool-call-parser。",
        )
    for call in calls:
        try:
            orjson.loads(call.arguments)
        except orjson.JSONDecodeError as error:
            raise Unfit(
                f"It calls {call.name} with arguments that are not JSON. Set another THINKING_MODEL.",
                f"模型调用 {call.name} 时给出的参数不是 JSON。请更换 THINKING_MODEL。",
            ) from error
    named = ", ".join(call.name for call in calls)
    return Said(f"calls {named}", f"会调用 {named}")


async def _deltas(model: ChatModel, *, thinking: bool, tools: tuple[ToolSpec, ...] = ()) -> list[Delta]:
    stream = model.stream(
        [QUESTION],
        tools=tools,
        thinking=thinking,
        max_tokens=ANSWER,
        thinking_budget=BUDGET if thinking else None,
    )
    async with aclosing(stream) as deltas:
        return [delta async for delta in deltas]


def _embeddings(servers: ModelServers) -> Said:
    model = EmbeddingModel(servers)
    vectors = model.embed(["Annual leave is fifteen days.", "年假为十五天。"], "document")
    return Said(f"gives {vectors.shape[1]} dimensions", f"向量为 {vectors.shape[1]} 维")


def _rerank(servers: ModelServers) -> Said:
    model = rerank_model(servers)
    if model is None:
        return Said(
            "not configured: results keep the order of the search (RERANK_MODEL and RERANK_URL turn it on)",
            "未配置：结果保持搜索的顺序（用 RERANK_MODEL 与 RERANK_URL 开启）",
        )
    documents = ["The cafeteria opens at noon.", "Annual leave is fifteen days."]
    best, _ = model.rerank("How many days of annual leave?", documents, len(documents))[0]
    if best != 1:
        raise Unfit(
            "It puts the wrong document first. Set RERANK_MODEL to a rerank model, or RERANK_MODEL=off.",
            "模型把错误的文档排在了最前。请把 RERANK_MODEL 设为重排模型，或设为 RERANK_MODEL=off。",
        )
    return Said("puts the right document first", "把正确的文档排在了最前")

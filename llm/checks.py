"""Does everything that is configured work? One small real request for each thing the other parts rely on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

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


class Unfit(Exception):
    """The server answered, but not as the other parts need it. The message says what to set."""


def check_models(servers: ModelServers, language: Language = "en") -> list[Check]:
    """Check chat, no-thinking, thinking, tools, embeddings and rerank, each on its own. Blocks; not for event loops."""
    return [
        *asyncio.run(_check_chat(servers, language)),
        _checked("embeddings", servers.embedding_model, partial(_embeddings, servers), language),
        _checked("rerank", servers.rerank_model, partial(_rerank, servers), language),
    ]


async def _check_chat(servers: ModelServers, language: Language) -> list[Check]:
    checks: tuple[tuple[str, Role, Callable[[ChatModel], Awaitable[str]]], ...] = (
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
            ok, sentence = True, await check(model)
        except (ModelError, Unfit) as error:
            ok, sentence = False, _sentence(error, language)
        results.append(Check(name, called, ok, time.monotonic() - started, sentence))
    return results


def _checked(name: str, model: str, check: Callable[[], str], language: Language) -> Check:
    started = time.monotonic()
    try:
        ok, sentence = True, check()
    except (ModelError, Unfit) as error:
        ok, sentence = False, _sentence(error, language)
    return Check(name, model, ok, time.monotonic() - started, sentence)


def _sentence(error: ModelError | Unfit, language: Language) -> str:
    if isinstance(error, Unfit):
        return str(error)
    said = error.sentence(language)
    detail = "" if not error.detail or error.detail in said else f" ({error.detail})"
    return f"{said}{detail}" + (f" [request {error.request_id}]" if error.request_id else "")


async def _chat(model: ChatModel) -> str:
    reply = await model.complete([QUESTION], max_tokens=ANSWER)
    return f"answers with {len(reply.text)} characters"


async def _no_thinking(model: ChatModel) -> str:
    seen = await _deltas(model, thinking=False)
    if any(isinstance(delta, Reasoning) for delta in seen):
        raise Unfit(
            "It thinks although it is told not to, which makes quick answers slow. Set INSTRUCT_MODEL to a model whose "
            "thinking can be turned off, and MODEL_PROFILE to the kind of server."
        )
    pieces = sum(isinstance(delta, Text) for delta in seen)
    return f"streams its answer in {pieces} pieces without thinking"


async def _thinking(model: ChatModel) -> str:
    seen = await _deltas(model, thinking=True)
    fields = {delta.field for delta in seen if isinstance(delta, Reasoning)}
    if not fields:
        raise Unfit(
            "It answers without thinking. Set THINKING_MODEL to a model that can think, and MODEL_PROFILE to the kind "
            "of server; vLLM and SGLang need --reasoning-parser."
        )
    return f"thinks first ({', '.join(sorted(fields))})"


async def _tools(model: ChatModel) -> str:
    calls = [delta for delta in await _deltas(model, thinking=True, tools=(TOOL,)) if isinstance(delta, ToolCall)]
    if not calls:
        raise Unfit(
            "It calls no tools, which thorough answers need. Set THINKING_MODEL to a model that can; vLLM needs "
            "--enable-auto-tool-choice and --tool-call-parser."
        )
    for call in calls:
        try:
            orjson.loads(call.arguments)
        except orjson.JSONDecodeError as error:
            raise Unfit(
                f"It calls {call.name} with arguments that are not JSON. Set another THINKING_MODEL."
            ) from error
    return f"calls {', '.join(call.name for call in calls)}"


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


def _embeddings(servers: ModelServers) -> str:
    model = EmbeddingModel(servers)
    vectors = model.embed(["Annual leave is fifteen days.", "年假为十五天。"], "document")
    return f"gives {vectors.shape[1]} dimensions"


def _rerank(servers: ModelServers) -> str:
    model = rerank_model(servers)
    if model is None:
        return "not configured: results keep the order of the search (RERANK_MODEL and RERANK_URL turn it on)"
    documents = ["The cafeteria opens at noon.", "Annual leave is fifteen days."]
    best, _ = model.rerank("How many days of annual leave?", documents, len(documents))[0]
    if best != 1:
        raise Unfit("It puts the wrong document first. Set RERANK_MODEL to a rerank model, or RERANK_MODEL=off.")
    return "puts the right document first"

"""Chat with a model server, and the doors to embeddings and rerank.

The raw lines of the `openai` client's streaming response are read instead of its chunk objects, which cost twenty
times the processor time. Model, duration, tokens and request id are logged; never keys or text.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import httpx2

from llm.capabilities import Capabilities, capabilities_of
from llm.chat_requests import ChatRequest
from llm.connections import TRANSPORT_ERRORS, async_client, model_error, read_json
from llm.embeddings import EmbeddingModel
from llm.errors import ModelError, ThinkingMustStream
from llm.messages import Message, ToolCall, ToolSpec
from llm.profiles import ALIASES, ModelServers
from llm.rerank import RerankModel
from llm.retries import Limiter, Retries, limiter_for
from llm.streams import ChatReply, Delta, Text, Usage

__all__ = [
    "ChatModel",
    "Completion",
    "EmbeddingModel",
    "RerankModel",
    "chat_model",
    "embedding_model",
    "rerank_model",
]

logger = logging.getLogger(__name__)

Role = Literal["instruct", "thinking"]
NOT_FOR_CHAT = re.compile(r"embed|rerank|(^|[/_-])(bge|e5|gte|whisper|tts|asr)([/_-]|$)", re.IGNORECASE)
NAMED = 20
"""How many offered models a message names."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole reply without thinking."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    usage: Usage | None


class ChatModel:
    """One of the two chat models of `servers`. Belongs to the event loop it is first used in; see `chat_model`."""

    def __init__(self, servers: ModelServers, role: Role) -> None:
        self.servers = servers
        self.role: Role = role
        self._profile = servers.profile
        self._model: str | None = None
        self._gone: set[str] = set()

    @property
    def configured(self) -> str | None:
        """The model id or alias the environment names for this role."""
        return self.servers.thinking_model if self.role == "thinking" else self.servers.instruct_model

    async def resolve(self) -> str:
        """The id of the model that is asked. Raises ModelError(kind="configuration") naming those that are there."""
        if self.configured and self.configured not in ALIASES:
            return self.configured
        if self._model is None:
            offered = await self._offered()
            chosen = self._choose(offered)
            if offered is None:
                return chosen
            self._model = chosen
        return self._model

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolSpec] = (),
        thinking: bool,
        max_tokens: int | None = None,
        thinking_budget: int | None = None,
        forced_tool: str | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """The reply as it arrives: Reasoning and Text, each ToolCall once and complete, Usage, then Finished.

        `max_tokens` limits the answer, `thinking_budget` the thinking, both in tokens. Closing the generator stops
        the generation: use `contextlib.aclosing`. Raises ModelError, also after deltas have been given.
        """
        return self._deltas(
            ChatRequest(
                messages=messages,
                tools=tools,
                thinking=thinking,
                max_tokens=max_tokens,
                thinking_budget=thinking_budget,
                forced_tool=forced_tool,
            )
        )

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolSpec] = (),
        max_tokens: int | None = None,
        thinking: bool = False,
    ) -> Completion:
        """The whole reply at once, without thinking. Raises ThinkingMustStream if thinking is asked for."""
        if thinking:
            raise ThinkingMustStream
        text: list[str] = []
        calls: list[ToolCall] = []
        usage: Usage | None = None
        request = ChatRequest(messages=messages, tools=tools, max_tokens=max_tokens, stream=False)
        async with aclosing(self._deltas(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, Text):
                    text.append(delta.text)
                elif isinstance(delta, ToolCall):
                    calls.append(delta)
                elif isinstance(delta, Usage):
                    usage = delta
        return Completion("".join(text), tuple(calls), usage)

    async def _deltas(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """Ask, and ask again as failures allow while nothing of a reply has been given away."""
        limits = self.servers.limits
        retries = Retries(time.monotonic() + limits.deadline, limits.patience)
        while True:
            model = await self.resolve()
            known = capabilities_of(self.servers.chat.base_url, model)
            body = request.body(self._profile, model, known)
            begun = False
            try:
                async with aclosing(self._attempt(body, request.thinking, known, retries.deadline)) as deltas:
                    async for delta in deltas:
                        begun = True
                        yield delta
                return
            except ModelError as error:
                if begun:
                    raise
                if not (known.learn(error, body) or await self._another_model(error, model)):
                    await self._wait(error, retries, model)

    async def _attempt(
        self, body: dict[str, Any], thinking: bool, known: Capabilities, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        """One request and its reply."""
        await asyncio.sleep(self._limiter(body["model"]).reserve())
        reply = ChatReply(
            doubtful=known.doubt.get(thinking, thinking and self._profile.inline_thinking),
            quota_is_billing=self._profile.quota_is_billing,
        )
        started, begun, failed = time.monotonic(), False, None
        finished = False
        try:
            async with aclosing(self._bytes(body, deadline)) as pieces:
                async for piece in pieces:
                    for delta in reply.feed(piece):
                        begun = True
                        yield delta
            for delta in reply.end():
                yield delta
            finished = True
        except ModelError as error:
            failed = error
            raise
        except TRANSPORT_ERRORS as failure:
            failed = model_error(failure, self._profile, begun=begun)
            raise failed from failure
        finally:
            if reply.doubt is not None:
                known.doubt[thinking] = reply.doubt or known.doubt.get(thinking, False)
            outcome = f"{failed.kind} {failed.code}".strip() if failed else "finished" if finished else "abandoned"
            request_id = failed.request_id if failed else reply.request_id
            _log(body["model"], outcome, time.monotonic() - started, reply.usage or Usage(), request_id)

    async def _bytes(self, body: dict[str, Any], deadline: float) -> AsyncGenerator[bytes, None]:
        """The reply's bytes. Leaving this generator closes the connection, which stops the generation."""
        client = async_client(self.servers.chat, self.servers.limits)
        extra = {name: value for name, value in body.items() if name not in ("model", "messages", "stream")}
        request = client.chat.completions.with_streaming_response.create(
            model=body["model"], messages=cast(Any, body["messages"]), stream=body["stream"], extra_body=extra
        )
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(deadline - time.monotonic()):
                response = await stack.enter_async_context(request)
            pieces = response.iter_bytes()
            while True:
                async with asyncio.timeout(deadline - time.monotonic()):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece

    def _limiter(self, model: str) -> Limiter:
        return limiter_for(self.servers.chat, model, self.servers.limits.requests_per_minute)

    async def _wait(self, error: ModelError, retries: Retries, model: str) -> None:
        """Wait for the next try, or raise `error`."""
        seconds = retries.wait(error)
        if seconds is None:
            raise error
        if error.kind == "rate_limit":
            self._limiter(model).pause(seconds)
        await asyncio.sleep(seconds)

    async def _another_model(self, error: ModelError, model: str) -> bool:
        """Whether another preferred model may stand in for one that the server does not have after all."""
        if error.advice != "model_missing":
            return False
        offered = await self._offered()
        if model == self.configured:
            raise self._missing(offered, error) from error
        self._gone.add(model)
        self._model = self._choose(offered, error)
        return True

    async def _offered(self) -> list[str] | None:
        """The ids the server lists, or None where it does not say. A key that is refused is raised at once."""
        client = async_client(self.servers.chat, self.servers.limits)
        try:
            response = await client.get("/models", cast_to=httpx2.Response, options={"timeout": 15})
            listed = read_json(response.content)
        except TRANSPORT_ERRORS as failure:
            error = model_error(failure, self._profile)
            if error.kind == "authentication":
                raise error from failure
            return None
        except ModelError:
            return None
        data = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(data, list):
            return None
        return [str(model["id"]) for model in data if isinstance(model, dict) and model.get("id")]

    def _choose(self, offered: list[str] | None, error: ModelError | None = None) -> str:
        """The first preferred id that is offered; any chat model where the profile prefers none."""
        preferred = self._profile.thinking_models if self.role == "thinking" else self._profile.instruct_models
        wanted = [*([self.configured] if self.configured else []), *preferred]
        if offered is None:
            there = [name for name in preferred or wanted if name not in self._gone]
        else:
            left = [name for name in offered if name not in self._gone]
            there = [name for want in wanted for name in left if _same_model(name, want)]
            if not preferred:
                fitting = [name for name in left if not NOT_FOR_CHAT.search(name)]
                fitting.sort(key=lambda name: ("thinking" in name.lower()) != (self.role == "thinking"))
                there += fitting
        if not there:
            raise self._missing(offered, error)
        return there[0]

    def _missing(self, offered: list[str] | None, error: ModelError | None) -> ModelError:
        variable = f"{self.role.upper()}_MODEL"
        names = ", ".join((offered or [])[:NAMED]) or "nothing it lists"
        return ModelError(
            "configuration",
            f"{variable} is {self.configured or 'not set'}; the server offers: {names}.",
            advice="model_missing",
            status=error.status if error else None,
            code=error.code if error else "",
            request_id=error.request_id if error else "",
        )


def _same_model(offered: str, wanted: str) -> bool:
    """Whether an offered id is the wanted one, perhaps with a vendor before it or a tag behind it."""
    return wanted in (offered, offered.rpartition("/")[2], offered.partition(":")[0])


def _log(model: str, outcome: str, seconds: float, usage: Usage, request_id: str) -> None:
    logger.info(
        "chat model=%s outcome=%s seconds=%.2f prompt_tokens=%d completion_tokens=%d request_id=%s",
        model,
        outcome,
        seconds,
        usage.prompt_tokens,
        usage.completion_tokens,
        request_id or "-",
    )


_of_loop: dict[asyncio.AbstractEventLoop, dict[tuple[ModelServers, Role], ChatModel]] = {}


def chat_model(servers: ModelServers, role: Role) -> ChatModel:
    """The running event loop's ChatModel for a role."""
    for closed in [loop for loop in list(_of_loop) if loop.is_closed()]:
        _of_loop.pop(closed, None)
    models = _of_loop.setdefault(asyncio.get_running_loop(), {})
    return models.setdefault((servers, role), ChatModel(servers, role))


@lru_cache(maxsize=32)
def embedding_model(servers: ModelServers) -> EmbeddingModel:
    """This process's EmbeddingModel."""
    return EmbeddingModel(servers)


@lru_cache(maxsize=32)
def rerank_model(servers: ModelServers) -> RerankModel | None:
    """This process's RerankModel, or None where no server reranks."""
    return RerankModel(servers) if servers.rerank else None

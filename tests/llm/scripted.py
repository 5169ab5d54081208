"""A model server over real HTTP that answers what a test has written down, and misbehaves on demand.

    with ScriptedServer() as server:                       # or the fixture `scripted` (tests/llm/conftest.py)
        server.enqueue(text("Ten days.", usage=(12, 3)))   # one script per request to /v1/chat/completions
        server.enqueue(reasoning("Let me see.") + tool_calls(("search_knowledge", {"query": "leave"})))
        server.enqueue(error(429, "Throttling.RateQuota", "Requests rate limit exceeded"), text("At last."))
        model = ChatModel(server.servers(), "instruct")    # ModelServers that point here: no waits, short time-outs
        ...
        server.requests[0].body["messages"]                # every request: path, headers, body

Scripts of the stream, joined with `+` (the end of the stream — finish_reason, usage, [DONE] — is added once):
    text(text, pieces=…)            the answer, cut into pieces
    reasoning(text, field=…)        thinking, as `reasoning_content` (Model Studio, SGLang), `reasoning` (vLLM, Ollama)
                                    or "think" (inline `<think>…</think>`) or "unopened" (only `</think>`)
    tool_calls((name, arguments)…, dialect=…)   see `DIALECTS`
    chunk({...}), raw(bytes)        anything else, as one chunk or as bytes
    wait(seconds), hold()           silence; `hold` lasts until the client goes away (then `server.abandoned` is set)
    cut()                           the connection breaks here
    no_end()                        the stream closes without finish_reason and without [DONE]
    end(reason, usage=…)            a chosen finish_reason and usage
Whole replies: error(status, code, message, shape=…), reply(status, body, content_type=…), completion(text, …).
A request that asks for no stream is given the same script as one `chat.completion` object.
A function `(Request) -> Script` may stand for a script: it sees the request and decides. `server.otherwise` (a script
or such a function) answers when nothing is enqueued; without it that is a 500 `nothing enqueued`.
Other paths: `server.models` is what /v1/models lists (None: 404). /v1/embeddings gives unit vectors of
`server.dimensions` made from the words of the text, /v1/rerank and /compatible-api/v1/reranks count shared words;
`server.enqueue(…, path="/v1/embeddings")` scripts them instead. Any other path is 404.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from llm.profiles import PROFILES, Endpoint, Limits, ModelServers

CHAT = "/v1/chat/completions"
DIALECTS = (
    "modelstudio",  # id and name first, then fragments with id "" and name null
    "openai",  # fragments without id and name
    "repeated",  # the full id and name with every fragment
    "vllm",  # fragments that carry neither id nor index after the first
    "whole",  # Ollama: the whole call in one chunk
    "unindexed",  # whole calls without an index
    "same_index",  # every whole call says index 0, with its own id
    "no_id",  # LM Studio: the id is ""
    "same_id",  # two calls with one id
    "object",  # arguments as an object rather than as text
)


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Step:
    kind: str
    value: Any = None


@dataclass(frozen=True)
class Script:
    """What the server does with one request. Scripts of a stream join with `+`."""

    steps: tuple[Step, ...] = ()
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    finish: str | None = None
    usage: tuple[int, int] | None = (11, 7)
    message: dict[str, Any] = field(default_factory=dict)

    def __add__(self, other: Script) -> Script:
        usage = other.usage if other.usage != (11, 7) else self.usage
        message = {**self.message, **other.message}
        return replace(
            self,
            steps=self.steps + other.steps,
            finish=self.finish if other.finish is None else other.finish,
            usage=usage,
            message=message,
        )


Answer = Script | Callable[[Request], Script]


def chunk(data: dict[str, Any]) -> Script:
    return Script((Step("bytes", b"data: " + orjson.dumps(data) + b"\n\n"),))


def delta(**fields: Any) -> Script:
    return chunk(_frame([{"index": 0, "delta": fields, "finish_reason": None}]))


def raw(data: bytes) -> Script:
    return Script((Step("bytes", data),))


def wait(seconds: float) -> Script:
    return Script((Step("wait", seconds),))


def hold() -> Script:
    return Script((Step("hold"),))


def cut() -> Script:
    return Script((Step("cut"),))


def no_end() -> Script:
    return Script(finish="")


def end(reason: str, usage: tuple[int, int] | None = (11, 7)) -> Script:
    return Script(finish=reason, usage=usage)


def text(content: str, *, pieces: int = 3, usage: tuple[int, int] | None = (11, 7)) -> Script:
    steps = tuple(
        step for piece in _cut(content, pieces) for step in delta(content=piece, reasoning_content=None).steps
    )
    return Script(steps, usage=usage, message={"content": content})


def reasoning(content: str, *, field: str = "reasoning_content", pieces: int = 3) -> Script:
    if field in ("think", "unopened"):
        inline = ("<think>\n" if field == "think" else "") + content + "\n</think>\n\n"
        return Script(tuple(step for piece in _cut(inline, pieces) for step in delta(content=piece).steps))
    steps = tuple(step for piece in _cut(content, pieces) for step in delta(content=None, **{field: piece}).steps)
    return Script(steps, message={field: content})


def tool_calls(*calls: tuple[str, dict[str, Any]], dialect: str = "modelstudio") -> Script:
    """Calls of tools, `(name, arguments)`, streamed as the servers of `dialect` do."""
    frames: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    for index, (name, arguments) in enumerate(calls):
        written = orjson.dumps(arguments).decode()
        ident = "call_same" if dialect == "same_id" else "" if dialect == "no_id" else f"call_{index}a"
        function: dict[str, Any] = {"name": name, "arguments": arguments if dialect == "object" else written}
        whole.append({"id": ident, "type": "function", "index": index, "function": function})
        frames += _call_frames(dialect, index, ident, name, written, function)
    steps = tuple(step for frame in frames for step in delta(content=None, tool_calls=[frame]).steps)
    return Script(steps, finish="tool_calls", message={"tool_calls": whole, "content": None})


def _call_frames(
    dialect: str, index: int, ident: str, name: str, written: str, function: dict[str, Any]
) -> list[dict[str, Any]]:
    if dialect in ("whole", "unindexed", "same_index", "no_id", "same_id", "object"):
        call: dict[str, Any] = {"id": ident, "type": "function", "function": function}
        return [call if dialect == "unindexed" else call | {"index": 0 if dialect == "same_index" else index}]
    first, *rest = _cut(written, 3)
    frames = [{"index": index, "id": ident, "type": "function", "function": {"name": name, "arguments": first}}]
    for piece in rest:
        later: dict[str, Any] = {"function": {"arguments": piece}}
        if dialect != "vllm":
            later["index"] = index
        if dialect == "modelstudio":
            later |= {"id": "", "type": "function", "function": {"name": None, "arguments": piece}}
        if dialect == "repeated":
            later |= {"id": ident, "type": "function", "function": {"name": name, "arguments": piece}}
        frames.append(later)
    if dialect == "modelstudio":
        frames.append({"index": index, "id": "", "function": {"name": None, "arguments": None}})
    return frames


def reply(
    status: int, body: bytes | str | dict[str, Any], *, content_type: str = "application/json", **headers: str
) -> Script:
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script(status=status, body=data, content_type=content_type, headers=named)


def error(status: int, code: str, message: str, *, shape: str = "nested", **headers: str) -> Script:
    """An error in one of the shapes servers use: nested, flat, framed (an event), text, vllm, ollama, fastapi."""
    nested = {"error": {"message": message, "type": code, "param": None, "code": code}, "request_id": "req-1"}
    flat = {"code": code, "message": message, "request_id": "req-1"}
    bodies: dict[str, bytes | str | dict[str, Any]] = {
        "nested": nested,
        "flat": flat,
        "framed": b"data: " + orjson.dumps(nested) + b"\n\n",
        "text": message,
        "vllm": {"object": "error", "message": message, "type": code, "param": None, "code": status},
        "ollama": {"error": message},
        "fastapi": {"detail": message},
    }
    return reply(status, bodies[shape], **headers)


def completion(content: str | None, *, finish: str = "stop", **message: Any) -> Script:
    """A whole `chat.completion` object, whether or not a stream was asked for."""
    return reply(200, _completion({"content": content, **message}, finish, (11, 7)))


class ScriptedServer:
    """See the module. A context manager; the port is free when it starts and `base_url` ends with `/v1`."""

    def __init__(self) -> None:
        self.reset()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.root = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.base_url = f"{self.root}/v1"
        methods = ["GET", "POST"]
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)])
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(5)
        self._socket.close()

    def reset(self) -> None:
        """As new: nothing enqueued, nothing recorded."""
        self.requests: list[Request] = []
        self.models: list[str] | None = ["scripted-instruct", "scripted-thinking"]
        self.dimensions = 16
        self.otherwise: Answer | None = None
        self.abandoned = threading.Event()
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def enqueue(self, *answers: Answer, path: str = CHAT) -> None:
        self._answers[path].extend(answers)

    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests so far."""
        return [request.body for request in self.requests if request.path == CHAT]

    def servers(self, profile: str = "modelstudio", **changes: Any) -> ModelServers:
        """ModelServers that use this server for everything, without waits between tries."""
        here = Endpoint(self.base_url, "sk-test-secret")
        unhurried = replace(PROFILES[profile], requests_per_minute=None)
        values: dict[str, Any] = {
            "profile": unhurried,
            "chat": here,
            "embedding_profile": unhurried,
            "embedding": here,
            "embedding_model": "scripted-embedding",
            "embedding_dimensions": self.dimensions,
            "rerank": Endpoint(f"{self.base_url}/rerank", "sk-test-secret"),
            "rerank_model": "scripted-rerank",
            "instruct_model": "scripted-instruct",
            "thinking_model": "scripted-thinking",
            "limits": Limits(connect=2, chunk=5, deadline=10, embedding=5, rerank=5, patience=0),
        }
        return ModelServers(**(values | changes))

    async def _answer(self, http: HttpRequest) -> Response:
        body = await http.body()
        request = Request(http.url.path, dict(http.headers), orjson.loads(body) if body else {})
        self.requests.append(request)
        waiting = self._answers[request.path]
        answer = waiting.popleft() if waiting else self._default(request)
        script = answer if isinstance(answer, Script) else answer(request)
        if script.body is not None:
            return Response(script.body, script.status, script.headers, script.content_type)
        if not request.body.get("stream"):
            await self._keep_silent(script, http)
            whole = _completion(script.message, script.finish or "stop", script.usage)
            return Response(orjson.dumps(whole), media_type="application/json")
        return StreamingResponse(self._play(script), script.status, script.headers, script.content_type)

    async def _keep_silent(self, script: Script, http: HttpRequest) -> None:
        """The silences of a script before an answer that comes as a whole."""
        for step in script.steps:
            if step.kind == "wait":
                await asyncio.sleep(step.value)
            elif step.kind == "hold":
                with suppress(TimeoutError):  # after its body, a request has nothing more to say than that it is over
                    await asyncio.wait_for(http.receive(), 30)
                self.abandoned.set()

    def _default(self, request: Request) -> Answer:
        if request.path == "/v1/models" and self.models is not None:
            return reply(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        if request.path == "/v1/embeddings":
            return _embeddings(request, self.dimensions)
        if request.path.endswith(("/rerank", "/reranks")):
            return _ranking(request)
        if request.path == CHAT:
            return self.otherwise or error(500, "scripted", "nothing enqueued")
        return error(404, "not_found", "no such path")

    async def _play(self, script: Script) -> AsyncIterator[bytes]:
        abandoned = self.abandoned
        for step in script.steps:
            if step.kind == "bytes":
                yield step.value
            elif step.kind == "wait":
                await asyncio.sleep(step.value)
            elif step.kind == "cut":
                raise ConnectionAbortedError
            else:
                try:
                    await asyncio.sleep(30)
                finally:
                    abandoned.set()
        if script.finish == "":
            return
        yield _event(_frame([{"index": 0, "delta": {"content": ""}, "finish_reason": script.finish or "stop"}]))
        if script.usage is not None:
            yield _event(_frame([]) | {"usage": _usage(script.usage)})
        yield b"data: [DONE]\n\n"


def _cut(value: str, pieces: int) -> list[str]:
    size = max(1, math.ceil(len(value) / max(1, pieces)))
    return [value[start : start + size] for start in range(0, len(value), size)]


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _frame(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": choices,
    }


def _usage(usage: tuple[int, int]) -> dict[str, Any]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def _completion(message: dict[str, Any], finish: str, usage: tuple[int, int] | None) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice]}
    return whole | ({"usage": _usage(usage)} if usage else {})


def _words(value: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", value.lower())


def _embeddings(request: Request, dimensions: int) -> Script:
    given = request.body["input"]
    size = request.body.get("dimensions", dimensions)
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(value, size)}
        for index, value in enumerate([given] if isinstance(given, str) else given)
    ]
    return reply(200, {"object": "list", "data": data, "model": request.body["model"], "usage": {"prompt_tokens": 1}})


def _vector(value: str, dimensions: int) -> list[float]:
    vector = [0.01] * dimensions
    for word in _words(value):
        vector[hashlib.sha256(word.encode()).digest()[0] % dimensions] += 1.0
    return vector


def _ranking(request: Request) -> Script:
    query = set(_words(request.body["query"]))
    scores = [len(query & set(_words(document))) / (len(query) or 1) for document in request.body["documents"]]
    ranked = sorted(enumerate(scores), key=lambda pair: -pair[1])[: request.body.get("top_n") or None]
    return reply(200, {"results": [{"index": index, "relevance_score": score} for index, score in ranked]})

"""The shapes of the wire, as Alibaba Cloud Model Studio's OpenAI-compatible mode sends them."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .reply import Call, Reply
from .text import pieces


class WireError(HTTPException):
    """A refusal in the server's shape: an HTTP status, the vendor's code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def json_response(data: Any, status: int = 200) -> Response:
    """A JSON response by orjson, which also writes numpy's numbers."""
    return Response(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


async def error_response(request: Request, error: Exception) -> Response:
    """An exception as `{"error": {...}, "request_id"}`; `request_id` stands outside `error`, as the vendor has it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = (
        error.detail if isinstance(error, HTTPException) else "An internal error has occurred, please try again later."
    )
    code = (
        error.code
        if isinstance(error, WireError)
        else {404: "not_found", 405: "method_not_allowed"}.get(status, "InternalError")
    )
    kind = "invalid_request_error" if status < 500 else "internal_error"
    body = {
        "error": {"message": detail, "type": kind, "param": None, "code": code},
        "request_id": uuid.uuid4().hex,
    }
    return json_response(body, status)


def completion(model: str, reply: Reply, usage: dict[str, Any]) -> dict[str, Any]:
    """A whole chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [
            {
                "index": index,
                "id": _call_id(),
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call)},
            }
            for index, call in enumerate(reply.calls)
        ]
    return {
        **_envelope(model, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}],
        "usage": usage,
    }


def chunks(model: str, reply: Reply, usage: dict[str, Any] | None) -> Iterator[bytes]:
    """A reply as server-sent events: role, reasoning, text, tool calls, finish, usage if asked for, `[DONE]`."""
    envelope = _envelope(model, "chat.completion.chunk")

    def event(delta: dict[str, Any] | None, finish: str | None = None) -> bytes:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return (
            b"data: "
            + orjson.dumps({**envelope, "choices": choices, "usage": usage if delta is None else None})
            + b"\n\n"
        )

    yield event(
        {
            "role": "assistant",
            "content": None if reply.reasoning else "",
            **({"reasoning_content": ""} if reply.reasoning else {}),
        }
    )
    for piece in pieces(reply.reasoning):
        yield event({"content": None, "reasoning_content": piece})
    for piece in pieces(reply.text):
        yield event({"content": piece, **({"reasoning_content": None} if reply.reasoning else {})})
    for index, call in enumerate(reply.calls):
        for fragment in _call_fragments(index, call):
            yield event({"content": None, "tool_calls": [fragment]})
    yield event({"content": ""}, _finish(reply))
    if usage is not None:
        yield event(None)
    yield b"data: [DONE]\n\n"


def _call_fragments(index: int, call: Call) -> Iterator[dict[str, Any]]:
    """The first fragment names the call; later ones repeat its index with an empty id, as the vendor sends them."""
    arguments = _arguments(call)
    cuts = [arguments[i : i + 16] for i in range(0, len(arguments), 16)]
    for position, cut in enumerate(cuts):
        named = {"id": _call_id(), "name": call.name} if position == 0 else {"id": "", "name": None}
        yield {
            "index": index,
            "id": named["id"],
            "type": "function",
            "function": {"name": named["name"], "arguments": cut},
        }


def usage_of(prompt: int, reasoning: int, text: int) -> dict[str, Any]:
    """Token usage with the detail objects the vendor sends."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reasoning + text,
        "total_tokens": prompt + reasoning + text,
        "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": prompt},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "text_tokens": text},
    }


def _arguments(call: Call) -> str:
    return orjson.dumps(call.arguments).decode()


def _call_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _envelope(model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4()}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": None,
        "service_tier": None,
    }

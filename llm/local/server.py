"""The embedded default's HTTP server: models, chat completions, embeddings and rerank in the OpenAI shapes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from . import EMBEDDING, INSTRUCT, RERANK, THINKING
from .chat import ChatRequest, read_chat_request, reply_to
from .embedder import DIMENSIONS, embedder, to_base64
from .rerank import read_rerank_request, scores
from .wire import WireError, chunks, completion, error_response, json_response, usage_of

MAX_BATCH = 64
MAX_BODY = 32 * 1024 * 1024
_CARD = "Zhinang's offline model: it runs inside the product, quotes documents, and needs no key and no network."


def create_app() -> Starlette:
    """The ASGI application; it loads the embedding weights as it starts."""
    routes = [
        Route("/healthz", health),
        Route("/v1/models", models),
        Route("/v1/models/{model}", model_card),
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/embeddings", embeddings, methods=["POST"]),
        Route("/v1/rerank", rerank, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        lifespan=_lifespan,
        exception_handlers={
            WireError: error_response,
            404: error_response,
            405: error_response,
            500: error_response,
        },
    )


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    await run_in_threadpool(embedder)
    yield


async def health(request: Request) -> Response:
    return json_response({"status": "ok"})


async def models(request: Request) -> Response:
    return json_response({"object": "list", "data": [_card(name) for name in (INSTRUCT, THINKING, EMBEDDING, RERANK)]})


async def model_card(request: Request) -> Response:
    name = _known(request.path_params["model"], INSTRUCT, THINKING, EMBEDDING, RERANK)
    return json_response(_card(name))


async def chat_completions(request: Request) -> Response:
    chat = read_chat_request(await _body(request))
    reply = await run_in_threadpool(reply_to, chat)
    usage = await run_in_threadpool(
        _usage, chat, reply.reasoning, reply.text + "".join(str(c.arguments) for c in reply.calls)
    )
    if not chat.stream:
        return json_response(completion(chat.model, reply, usage))

    async def events() -> AsyncIterator[bytes]:
        for chunk in chunks(chat.model, reply, usage if chat.include_usage else None):
            yield chunk
            await asyncio.sleep(0)

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def _usage(chat: ChatRequest, reasoning: str, text: str) -> dict[str, Any]:
    count = embedder().count_tokens
    return usage_of(count(chat.prompt_text()), count(reasoning), count(text))


async def embeddings(request: Request) -> Response:
    body = await _body(request)
    _known(body.get("model"), EMBEDDING)
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise WireError(400, "InvalidParameter", "Field `input` is required: a string or a list of strings.")
    if len(texts) > MAX_BATCH:
        raise WireError(
            400,
            "InvalidParameter",
            "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, "
            f"it should not be larger than {MAX_BATCH}.: input.contents",
        )
    if body.get("dimensions") not in (None, DIMENSIONS):
        raise WireError(400, "InvalidParameter", f"This model gives vectors of {DIMENSIONS} dimensions only.")
    encode = to_base64 if body.get("encoding_format") == "base64" else None
    vectors, tokens = await run_in_threadpool(embedder().embed_and_count, texts)
    data = [
        {"object": "embedding", "index": index, "embedding": encode(vector) if encode else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_response({"object": "list", "model": EMBEDDING, "data": data, "usage": usage})


async def rerank(request: Request) -> Response:
    asked = read_rerank_request(await _body(request))
    _known(asked.model, RERANK)
    ranked = await run_in_threadpool(partial(scores, asked.query, asked.documents))
    results = [
        {
            "index": index,
            "relevance_score": score,
            **({"document": {"text": asked.documents[index]}} if asked.return_documents else {}),
        }
        for index, score in ranked[: asked.top_n]
    ]
    tokens = sum(map(len, (asked.query, *asked.documents))) // 4
    return json_response({"model": RERANK, "results": results, "usage": {"total_tokens": tokens}})


async def _body(request: Request) -> dict[str, Any]:
    size = 0
    parts = []
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise WireError(413, "InvalidParameter", f"The request is larger than {MAX_BODY // 1024 // 1024} MB.")
        parts.append(part)
    try:
        body = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        raise WireError(400, "InvalidParameter", f"The request body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise WireError(400, "InvalidParameter", "The request body must be a JSON object.")
    return body


def _known(model: Any, *served: str) -> str:
    if not isinstance(model, str) or not model:
        raise WireError(400, "InvalidParameter", "Field `model` is required.")
    if model not in served:
        raise WireError(404, "model_not_found", f"The model {model} does not exist or you do not have access to it.")
    return model


def _card(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 1767225600,
        "owned_by": "zhinang-local",
        "description": _CARD,
    }

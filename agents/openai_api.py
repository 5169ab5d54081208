"""The OpenAI-compatible door: `/v1/models` and `/v1/chat/completions`.

The whole assistant stands behind a model's name, so any client of the OpenAI protocol gets cited answers: the marks in
the text are explained in a list of sources after it, and `citations`, `claims` and `conflicts` travel as extra fields,
which the official clients keep.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from asgiref.sync import sync_to_async
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from accounts.api_keys import person_of_key
from accounts.models import Person
from agents import runs
from agents.event_stream import ALIVE, HEADERS, SILENCE_SECONDS, with_silences
from agents.events import (
    Asked,
    Cancelled,
    Checked,
    Cited,
    Escalated,
    Event,
    Failed,
    Finished,
    Kept,
    Text,
    Thinking,
    ToolCalled,
    to_data,
)
from agents.journal import asked_back
from agents.models import Conversation, Run, RunState
from agents.threads import in_thread

MODELS = {
    "zhinang-auto": "auto",
    "zhinang-fast": "fast",
    "zhinang-thinking": "thinking",
    "zhinang-exhaustive": "exhaustive",
}
# When this part of the protocol was first served; clients show it as the models' age.
CREATED = 1_767_225_600
HISTORY_MESSAGES = 20


class Part(BaseModel):
    """A part of a message. Only text is read."""

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            texts = [part.text or "" for part in self.content if part.type in ("text", "input_text", "output_text")]
            return "\n".join(texts).replace("\0", "")
        return (self.content or "").replace("\0", "")


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatIn(BaseModel):
    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = None


class Refused(Exception):
    """The request cannot be served; what to answer in OpenAI's shape."""

    def __init__(
        self, status: int, message: str, code: str | None, param: str | None = None, again: bool | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.again = again  # whether the same request may do better; None: as the status says

    def error(self) -> dict[str, Any]:
        kind = {401: "authentication_error", 429: "rate_limit_error"}.get(self.status, "invalid_request_error")
        if self.status >= 500:
            kind = "server_error"
        return {"message": self.message, "type": kind, "param": self.param, "code": self.code}

    def response(self) -> JsonResponse:
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        if self.again is not None:
            # OpenAI's clients repeat a request after 409 and 5xx by themselves unless this header says otherwise.
            headers["x-should-retry"] = str(self.again).lower()
        return JsonResponse({"error": self.error()}, status=self.status, headers=headers)


def _person(request: HttpRequest) -> Person:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    person = person_of_key(key.strip()) if scheme.lower() == "bearer" and key else None
    if person is None:
        raise Refused(
            401, _("This key is unknown or revoked. Send a valid one: Authorization: Bearer <key>."), "invalid_api_key"
        )
    return person


@csrf_exempt
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """The roads as models."""
    try:
        _person(request)
    except Refused as refused:
        return refused.response()
    return JsonResponse({"object": "list", "data": [_model(name) for name in MODELS]})


@csrf_exempt
@require_GET
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One of them."""
    try:
        _person(request)
        _check_model(name)
    except Refused as refused:
        return refused.response()
    return JsonResponse(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "zhinang"}


@csrf_exempt
@require_POST
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Answer the last user message; what stands before it is read as the conversation so far."""
    try:
        person = await sync_to_async(_person)(request)
        body = _body(request)
        run = await sync_to_async(_begin)(person, body)
    except Refused as refused:
        return refused.response()
    if body.stream:
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        chunks = _chunks(run, body.model, with_usage, get_language() or "en")
        return StreamingHttpResponse(chunks, content_type="text/event-stream", headers=HEADERS)
    return await _completion(run, body.model)


def _body(request: HttpRequest) -> ChatIn:
    try:
        body = TypeAdapter(ChatIn).validate_json(request.body)
    except RequestDataTooBig as error:
        message = _("The request is too large. Send a shorter conversation.")
        raise Refused(413, message, "request_too_large") from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise Refused(400, f"{where}: {problem['msg']}".removeprefix(": "), "invalid_request", where or None) from error
    _check_model(body.model)
    if body.n not in (None, 1):
        raise Refused(400, _("There is one answer to a question here: leave n out, or set it to 1."), "invalid_n", "n")
    return body


def _check_model(name: str) -> None:
    if name not in MODELS:
        message = _("There is no model “%(model)s” here. Choose one of: %(names)s.")
        raise Refused(404, message % {"model": name, "names": ", ".join(MODELS)}, "model_not_found", "model")


def _begin(person: Person, body: ChatIn) -> Run:
    turns = [message for message in body.messages if message.role in ("user", "assistant") and message.text.strip()]
    if not turns or turns[-1].role != "user":
        raise Refused(400, _("The last message must be a question of the user."), "invalid_request", "messages")
    try:
        with transaction.atomic():
            conversation = Conversation.objects.create(person=person, title=turns[-1].text[:80], listed=False)
            _remember(conversation, turns[:-1][-HISTORY_MESSAGES:])
            return runs.start(person, turns[-1].text, mode=MODELS[body.model], conversation=conversation)
    except runs.QuestionError as error:
        raise Refused(400, str(error), "invalid_request", "messages") from error


def _remember(conversation: Conversation, turns: list[ChatMessage]) -> None:
    """The protocol has no memory of its own: what the client says was said becomes the conversation's finished runs."""
    past: list[Run] = []
    for turn in turns:
        if turn.role == "user":
            past.append(
                Run(
                    person_id=conversation.person_id,
                    conversation=conversation,
                    follows_id=past[-1].pk if past else None,
                    question=turn.text[: runs.QUESTION_LENGTH],
                    state=RunState.FINISHED,
                )
            )
        elif past:
            past[-1].answer = turn.text
    Run.objects.bulk_create(past)


async def _completion(run: Run, model: str) -> HttpResponse:
    language = get_language() or "en"
    failure: Event | None = None
    reasoning: list[str] = []
    async for _seq, event in runs.follow(run.pk):
        if isinstance(event, Thinking):
            reasoning.append(event.text)
        elif isinstance(event, (Failed, Cancelled)):
            failure = event
    if failure is not None:
        return _refusal(failure, language).response()
    run = await in_thread(Run.objects.get, pk=run.pk)
    asks = await in_thread(asked_back, run)
    content = run.answer + _sources(run.citations, language)
    message = {"role": "assistant", "content": content, "refusal": None}
    if reasoning:
        message["reasoning_content"] = "".join(reasoning)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return JsonResponse(
        {
            "id": f"chatcmpl-{run.pk.hex}",
            "object": "chat.completion",
            "created": int(run.created_at.timestamp()),
            "model": model,
            "choices": [choice],
            "usage": _usage(run.usage),
            "citations": run.citations,
            "claims": run.claims,
            "conflicts": run.conflicts,
            "asks": asks,
        }
    )


async def _chunks(run: Run, model: str, with_usage: bool, language: str) -> AsyncIterator[bytes]:
    head: dict[str, Any] = {
        "id": f"chatcmpl-{run.pk.hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    if with_usage:
        head["usage"] = None

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _frame({**head, "choices": [choice], **more})

    citations: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    conflicts: list[dict[str, Any]] = []
    asks: dict[str, Any] | None = None
    answering = False
    yield chunk({"role": "assistant", "content": ""})
    async for item in with_silences(runs.follow(run.pk), SILENCE_SECONDS):
        event = item[1] if item else None
        match event:
            case None:
                yield ALIVE
            case Thinking(text=text):
                yield chunk({"reasoning_content": text})
            case Text(text=text):
                answering = True
                yield chunk({"content": text})
            case ToolCalled() | Escalated() | Kept():
                if answering:
                    # Text that was sent cannot be taken back: a remark on the way, or an answer that another follows.
                    answering = False
                    yield chunk({"content": _turning(event, citations, language)})
                citations.clear()
            case Asked():
                asks = to_data(event)
            case Cited():
                citations += to_data(event)["citations"]
            case Checked():
                checked = to_data(event)
                claims, conflicts = checked["claims"], checked["conflicts"]
            case Finished(usage=usage):
                if sources := _sources(citations, language):
                    yield chunk({"content": sources})
                yield chunk({}, "stop", citations=citations, claims=claims, conflicts=conflicts, asks=asks)
                if with_usage:
                    yield _frame({**head, "choices": [], "usage": _usage(usage)})
            case Failed() | Cancelled():
                yield _frame({"error": _refusal(event, language).error()})
    yield b"data: [DONE]\n\n"


def _frame(data: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(data)


def _turning(event: Event, citations: list[dict[str, Any]], language: str) -> str:
    """What stands in a stream between text that was sent and the answer that follows it."""
    with override(language):
        if isinstance(event, Escalated) and event.answer:
            after = _("The sources do not fully carry this first answer. A more thorough one follows.")
        elif isinstance(event, Kept):
            after = _("The first answer stands.")
        else:
            return "\n\n"
    return f"{_sources(citations, language)}\n\n---\n\n*{after}*\n\n"


def _refusal(event: Event, language: str) -> Refused:
    if not isinstance(event, Failed):
        with override(language):
            return Refused(409, _("The answer was stopped."), "cancelled", again=False)
    status = 429 if event.error == "rate_limit" else 503 if event.retry else 502
    message = event.message_zh if language.startswith("zh") else event.message_en
    return Refused(status, message, event.error, again=event.retry)


def _sources(citations: list[dict[str, Any]], language: str) -> str:
    """The list under the answer that explains its marks, in Markdown."""
    with override(language):
        lines = [_source(citation) for citation in citations]
    return "\n\n" + "\n\n".join(lines) if lines else ""


def _source(citation: dict[str, Any]) -> str:
    place = [citation["title"] or _("document %(number)s") % {"number": citation["document"]}]
    if citation["page"]:
        place.append(_("page %(number)s") % {"number": citation["page"]})
    quote = " ".join(str(citation["quote"]).split())
    return f"[{citation['number']}] {', '.join(place)}: “{quote}”"


def _usage(usage: dict[str, int]) -> dict[str, Any]:
    prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.get("cached_tokens", 0)},
        "completion_tokens_details": {"reasoning_tokens": usage.get("reasoning_tokens", 0)},
    }

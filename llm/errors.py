"""A model server's failure → ModelError: what kind it is, whether trying again helps, what to tell people. Pure.

The rules follow Alibaba Cloud Model Studio's error code page and what OpenAI, vLLM, SGLang and Ollama
answer. A rule looks at the HTTP status, the family of the code, and the message, because servers spell
codes differently (`InvalidParameter`, `invalid_parameter_error`, `400`) for one and the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from llm.sentences import SENTENCES

Kind = Literal[
    "configuration", "authentication", "quota", "billing", "rate_limit", "overloaded", "timeout", "connection",
    "content_filter", "context_length", "invalid_request", "bad_output", "truncated", "internal",
]  # fmt: skip
Wait = Literal["never", "once", "limited", "brief", "long"]
"""How often and how patiently a request may be repeated; `llm.retries` gives each its tries and seconds."""
Language = Literal["en", "zh-hans"]

SECRET = re.compile(r"\b(sk-|Bearer\s+)[\w*.\-]+")
DETAIL_LENGTH = 600


class ConfigurationError(ValueError):
    """An environment variable has a value that cannot be used. Its message names the variable and what to set."""


class ModelError(Exception):
    """A model server failed, or gave something that cannot be used.

    `kind` is for programs, `detail` for whoever runs the system (secrets masked), `sentence()` for people.
    `retry` says whether the same request may succeed later.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        advice: str = "",
        wait: Wait = "never",
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.detail = SECRET.sub(r"\1…", detail)[:DETAIL_LENGTH]
        self.advice = advice or kind
        self.wait: Wait = wait
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(f"{kind}: {self.detail or self.sentence()}")

    @property
    def retry(self) -> bool:
        return self.wait != "never"

    def sentence(self, language: Language = "en") -> str:
        """What happened and what to do, for people."""
        return SENTENCES[self.advice][language == "zh-hans"].format(detail=self.detail).strip()


class ThinkingMustStream(ModelError):
    """Thinking was asked for without a stream. Raised before any server sees the request."""

    def __init__(self) -> None:
        super().__init__("invalid_request", "Use ChatModel.stream for thinking.", advice="thinking_must_stream")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a server's error body says, whatever its shape."""

    status: int | None = None
    """The HTTP status the body repeats as its code, as vLLM's bodies do."""
    code: str = ""
    message: str = ""
    request_id: str = ""
    page: bool = False
    """The body is a web page, so the address is a site or a proxy rather than a model server."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it applies when every column that is given matches. The first that applies wins."""

    kind: Kind
    wait: Wait
    statuses: tuple[int, ...] = ()
    code: str = ""
    message: str = ""
    advice: str = ""

    def applies(self, status: int | None, code: str, message: str) -> bool:
        return (
            (not self.statuses or status is None or status in self.statuses)
            and (not self.code or re.fullmatch(self.code, code, re.IGNORECASE) is not None)
            and (not self.message or re.search(self.message, message, re.IGNORECASE) is not None)
        )


MISSING = r"model not exist|model.*(does not exist|not found)|no such model|unsupported model"
TOO_LONG = (
    r"range of input length|maximum context length|context (length|window|size)|prompt is too long|"
    r"input.*(too long|exceeds? the)|exceeds? the (maximum|available) (context|number of tokens)"
)
RATE = r"request rate increased too quickly|rate limit|too many requests|exceeded your current requests list"
CAPACITY = r"engine is currently overloaded|system capacity limits|overloaded|too busy"
BLOCKED = (
    r"data_?inspection_?failed|ip_?infringement_?suspect|custom_?role_?blocked|faq_?rule_?blocked|"
    r"content_(filter|policy_violation)"
)
INVALID = r"(internalerror\.algo\.)?invalid_?(parameter|request)(_?error|\..*)?|bad_?request(_?error)?"

RULES: tuple[Rule, ...] = (
    # What the provider's filters stop
    Rule("content_filter", "never", code=BLOCKED),
    Rule("content_filter", "never", message=r"may contain inappropriate content|content management policy"),
    # Money and quota: some come as 429 and must not be repeated
    Rule("billing", "never", code=r"arrearage|(prepaid|postpaid)billoverdue|commoditynotpurchased|billing_.*"),
    Rule("billing", "never", (400, 402), message=r"account is in good standing|insufficient (balance|credits)"),
    Rule("quota", "never", code=r"allocationquota\.freetieronly"),
    Rule("quota", "never", message=r"free allocated quota exceeded|free tier of the model has been exhausted"),
    # Rate: on Model Studio "quota" codes mean tokens per minute, which recover
    Rule("rate_limit", "long", (429,), code=r"throttling\.allocationquota|insufficient_quota|tokens?"),
    Rule("rate_limit", "long", (429,), message=r"allocated quota exceeded|exceeded your current quota"),
    Rule("rate_limit", "long", code=r"throttling\.burstrate|limit_burst_rate"),
    Rule("rate_limit", "brief", code=r"throttling(\..*)?|limit_?requests|rate_limit(_exceeded|_error)?"),
    Rule("overloaded", "brief", code=r"modelservingerror|serviceunavailable|modelunavailable|overloaded(_error)?"),
    Rule("overloaded", "brief", (429, 500, 502, 503, 529), message=CAPACITY),
    Rule("rate_limit", "brief", (429, 500, 503), message=RATE),
    # Keys
    Rule("authentication", "never", code=r"invalid_?api_?key|not authorized|authentication_error"),
    Rule("authentication", "never", (401, 403), message=r"api.?key|invalid access token"),
    Rule("authentication", "never", code=r"(.+\.)?accessdenied(\.\w+)?|permission_denied", advice="access_denied"),
    # Names
    Rule("configuration", "never", code=r"model_?not_?found|model_not_supported", advice="model_missing"),
    Rule("configuration", "never", (400, 404), message=MISSING, advice="model_missing"),
    # Length
    Rule("context_length", "never", code=r"context_length_exceeded|exceed_context_size_error"),
    Rule("context_length", "never", (400, 413, 422, 500), message=TOO_LONG),
    # The model's own mistakes, and a conversation that cannot be continued
    Rule("bad_output", "limited", (500,), message=r"expecting ('|property name)|failed to parse tool call"),
    Rule("invalid_request", "never", (500,), message=r"list index out of range"),
    Rule("invalid_request", "never", (400,), message=r"repetitive tool calls", advice="repetition"),
    Rule("timeout", "once", code=r"request_?time_?out|timeout"),
    Rule("timeout", "once", (408, 500, 504), message=r"timed? ?out"),
    Rule(
        "internal", "limited", code=r"internal_?(server_?)?error(\.(?!algo\.invalid).*)?|systemerror|modelservicefailed"
    ),
    Rule("invalid_request", "never", code=INVALID),
)
BY_STATUS: dict[int, Rule] = {
    400: Rule("invalid_request", "never"),
    401: Rule("authentication", "never"),
    402: Rule("billing", "never"),
    403: Rule("authentication", "never", advice="access_denied"),
    404: Rule("configuration", "never", advice="address"),
    405: Rule("configuration", "never", advice="address"),
    408: Rule("timeout", "once"),
    409: Rule("overloaded", "brief"),
    413: Rule("context_length", "never"),
    422: Rule("invalid_request", "never"),
    429: Rule("rate_limit", "brief"),
}


def read_failure(body: bytes | str | object) -> Failure:
    """Read an error body: nested, flat, vLLM's, Ollama's, FastAPI's, framed as an event, plain text or a page."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        text = body.strip()
        data = [line.strip()[5:] for line in text.splitlines() if line.strip().startswith("data:")]
        try:
            body = orjson.loads("\n".join(data) if data else text)
        except orjson.JSONDecodeError:
            return Failure(message=text, page=text[:200].lower().lstrip().startswith(("<!doctype", "<html", "<?xml")))
    if not isinstance(body, Mapping):
        return Failure(message="" if body is None else str(body))
    inner = body.get("error")
    fields: Mapping[str, Any] = inner if isinstance(inner, Mapping) else body
    message = fields.get("message") or body.get("message") or (inner if isinstance(inner, str) else body.get("detail"))
    code = str(fields.get("code") or "")
    numeric = code.isdigit()
    return Failure(
        status=int(code) if numeric and 400 <= int(code) < 600 else None,
        code=str(fields.get("type") or "") if numeric or not code else code,
        message="" if message is None else str(message),
        request_id=str(body.get("request_id") or fields.get("request_id") or body.get("id") or ""),
    )


def is_failure(frame: object) -> bool:
    """Whether a frame of a stream, or a 200 body, is an error: `{"error": …}`, vLLM's, or the native flat shape."""
    if not isinstance(frame, Mapping):
        return False
    if frame.get("error") or frame.get("object") == "error":
        return True
    return not frame.get("choices") and bool(frame.get("code")) and "message" in frame


def classify(
    status: int | None,
    body: bytes | str | object,
    *,
    request_id: str = "",
    retry_after: float | None = None,
    quota_is_billing: bool = False,
) -> ModelError:
    """Say what a server's error means. `status` is None for an error inside a stream that began with 200.

    `quota_is_billing`: on OpenAI `insufficient_quota` is an empty account, on Model Studio a limit that recovers.
    """
    failure = read_failure(body)
    code = failure.code
    status = status or failure.status
    if failure.page and (status is None or status < 500):
        rule = Rule("configuration", "never", advice="address")
    elif quota_is_billing and (code == "insufficient_quota" or "exceeded your current quota" in failure.message):
        rule = Rule("billing", "never")
    else:
        rule = next((rule for rule in RULES if rule.applies(status, code, failure.message)), _by_status(status))
    return ModelError(
        rule.kind,
        "The address answers with a web page." if failure.page else failure.message,
        advice=rule.advice,
        wait=rule.wait,
        status=status,
        code=code,
        request_id=failure.request_id or request_id,
        retry_after=retry_after,
    )


def _by_status(status: int | None) -> Rule:
    if status is not None and status in BY_STATUS:
        return BY_STATUS[status]
    if status is not None and 400 <= status < 500:
        return BY_STATUS[400]
    return Rule("overloaded", "brief") if status is not None and status > 500 else Rule("internal", "limited")

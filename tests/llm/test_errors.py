"""Every row of the error table, in the shapes in which servers send it."""

import pytest

from llm.errors import ModelError, ThinkingMustStream, classify, is_failure, read_failure
from llm.sentences import SENTENCES

ALGO = "<400> InternalError.Algo.InvalidParameter: "
ROWS = [
    (400, "invalid_parameter_error", "parameter.enable_thinking must be set to false for non-streaming calls",
     "invalid_request", "never"),
    (400, "InvalidParameter", ALGO + "Range of input length should be [1, 258048]", "context_length", "never"),
    (400, "InvalidParameter", "Range of max_tokens should be [1, 65536]", "invalid_request", "never"),
    (400, "InvalidParameter", "The thinking_budget parameter must be a positive integer and not greater than 81920",
     "invalid_request", "never"),
    (400, "invalid_parameter_error", ALGO + "The tool_choice parameter does not support being set to required or "
     "object in thinking mode", "invalid_request", "never"),
    (400, "InvalidParameter", "Json mode response is not supported when enable_thinking is true",
     "invalid_request", "never"),
    (400, "InvalidParameter.NotSupportEnableThinking", "The model xxx does not support enable_thinking.",
     "invalid_request", "never"),
    (400, "InvalidParameter", "Model not exist.", "configuration", "never"),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.", "billing", "never"),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", "content_filter", "never"),
    (400, "data_inspection_failed", "Output data may contain inappropriate content.", "content_filter", "never"),
    (400, "InvalidParameter", "Input text data may contain inappropriate content.", "content_filter", "never"),
    (400, "IPInfringementSuspect", "Input data is suspected.", "content_filter", "never"),
    (400, "CustomRoleBlocked", "blocked", "content_filter", "never"),
    (400, "FaqRuleBlocked", "blocked", "content_filter", "never"),
    (401, "InvalidApiKey", "Invalid API-key provided.", "authentication", "never"),
    (401, "invalid_api_key", "Incorrect API key provided.", "authentication", "never"),
    (401, "NOT AUTHORIZED", "Access denied: workspace", "authentication", "never"),
    (401, "", "invalid access token or token expired", "authentication", "never"),
    (403, "AccessDenied", "Access denied.", "authentication", "never"),
    (403, "AccessDenied.Unpurchased", "Access to model denied.", "authentication", "never"),
    (403, "Model.AccessDenied", "Model access denied.", "authentication", "never"),
    (403, "Workspace.AccessDenied", "Workspace access denied.", "authentication", "never"),
    (403, "Endpoint.AccessDenied", "Endpoint access denied.", "authentication", "never"),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.", "quota", "never"),
    (404, "ModelNotFound", "The model xxx does not exist or you do not have access to it.", "configuration", "never"),
    (404, "model_not_found", "The model xxx does not exist.", "configuration", "never"),
    (404, "model_not_supported", "Unsupported model xxx for OpenAI compatibility mode.", "configuration", "never"),
    (429, "Throttling", "Requests throttling triggered.", "rate_limit", "brief"),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.", "rate_limit", "brief"),
    (429, "LimitRequests", "You exceeded your current requests list.", "rate_limit", "brief"),
    (429, "limit_requests", "You exceeded your current requests list.", "rate_limit", "brief"),
    (429, "Throttling.BurstRate", "Request rate increased too quickly.", "rate_limit", "long"),
    (429, "limit_burst_rate", "Request rate increased too quickly.", "rate_limit", "long"),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded.", "rate_limit", "long"),
    (429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.",
     "rate_limit", "long"),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", "quota", "never"),
    (429, "CommodityNotPurchased", "Commodity has not purchased yet.", "billing", "never"),
    (429, "PrepaidBillOverdue", "The prepaid bill is overdue.", "billing", "never"),
    (429, "PostpaidBillOverdue", "The postpaid bill is overdue.", "billing", "never"),
    (500, "InternalError", "An internal error has occured, please try again later.", "internal", "limited"),
    (500, "InternalError.Algo", "inference internal error", "internal", "limited"),
    (500, "SystemError", "An system error has occured.", "internal", "limited"),
    (500, "ModelServiceFailed", "Failed to request model service.", "internal", "limited"),
    (500, "InternalError.Algo", "Expecting ',' delimiter: line 1 column 20", "bad_output", "limited"),
    (500, "InternalError.Algo", "list index out of range", "invalid_request", "never"),
    (500, "RequestTimeOut", "Request timed out, please try again later.", "timeout", "once"),
    (500, "ModelServingError", "Too many requests. Your requests are being throttled due to system capacity limits.",
     "overloaded", "brief"),
    (503, "ServiceUnavailable", "The engine is currently overloaded", "overloaded", "brief"),
    (503, "ModelUnavailable", "Model is unavailable.", "overloaded", "brief"),
    (500, "", "Request rate increased too quickly. To ensure system stability, adjust.", "rate_limit", "brief"),
    (400, "InvalidParameter", "Repetitive tool calls detected in the conversation history", "invalid_request", "never"),
    (400, "InvalidParameter", "Tool names are not allowed to be [search]", "invalid_request", "never"),
    # Other servers
    (400, "context_length_exceeded", "This model's maximum context is 128000 tokens.", "context_length", "never"),
    (400, "BadRequestError", "This model's maximum context length is 32768 tokens.", "context_length", "never"),
    (400, "exceed_context_size_error", "the request exceeds the available context size", "context_length", "never"),
    (402, "", "Insufficient balance", "billing", "never"),
    (408, "", "", "timeout", "once"),
    (409, "", "conflict", "overloaded", "brief"),
    (413, "", "Payload Too Large", "context_length", "never"),
    (418, "", "teapot", "invalid_request", "never"),
    (422, "", "Field required", "invalid_request", "never"),
    (429, "", "slow down", "rate_limit", "brief"),
    (502, "", "Bad Gateway", "overloaded", "brief"),
    (504, "", "upstream timed out", "timeout", "once"),
    (529, "overloaded_error", "Overloaded", "overloaded", "brief"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "message", "kind", "wait"), ROWS)
def test_each_row_of_the_error_table(status: int, code: str, message: str, kind: str, wait: str) -> None:
    body = {"error": {"message": message, "type": code, "param": None, "code": code}, "request_id": "r-1"}
    error = classify(status, body)
    assert (error.kind, error.wait, error.retry) == (kind, wait, wait != "never")
    assert error.request_id == "r-1"


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=list(SENTENCES))
def test_every_sentence_is_whole_in_both_languages(sentence: tuple[str, str]) -> None:
    english, chinese = (text.format(detail="").strip() for text in sentence)
    assert english.endswith(".")
    assert chinese.endswith("。")


def test_sentences_follow_the_advice_of_the_rule() -> None:
    error = classify(404, {"error": {"code": "model_not_found", "message": "The model x does not exist."}})
    assert "INSTRUCT_MODEL" in error.sentence()
    assert "INSTRUCT_MODEL" in error.sentence("zh-hans")
    assert "The model x does not exist." in error.sentence()


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"error":{"message":"m","code":"c"},"request_id":"r"}', "c", "m"),
        (b'{"error":{"message":"m","type":"c","code":null},"request_id":"r"}', "c", "m"),
        (b'{"code":"c","message":"m","request_id":"r"}', "c", "m"),
        (b'data: {"error":{"message":"m","code":"c"},"request_id":"r"}\n\n', "c", "m"),
        (b'event:error\ndata:{"code":"c","message":"m","request_id":"r"}\n\n', "c", "m"),
        (b'{"object":"error","message":"m","type":"c","code":400,"request_id":"r"}', "c", "m"),
        (b'{"error":{"message":"m","type":"c","code":400},"request_id":"r"}', "c", "m"),
        (b'{"error":"m","request_id":"r"}', "", "m"),
        (b'{"detail":"m","request_id":"r"}', "", "m"),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: bytes, code: str, message: str) -> None:
    failure = read_failure(body)
    assert (failure.code, failure.message, failure.request_id) == (code, message, "r")


def test_a_framed_400_body_is_read_like_a_plain_one() -> None:
    error = classify(400, b'data: {"error":{"code":"data_inspection_failed","message":"blocked"},"request_id":"r"}\n\n')
    assert (error.kind, error.request_id) == ("content_filter", "r")


def test_vllm_repeats_the_status_as_its_code() -> None:
    frame = {"error": {"object": "error", "message": "slow", "type": "TooManyRequests", "code": 429}}
    assert classify(None, frame).kind == "rate_limit"


@pytest.mark.parametrize("body", ["just text", "[1, 2]", None, 17])
def test_bodies_that_are_no_object_are_kept_as_text(body: object) -> None:
    error = classify(500, body)
    assert error.kind == "internal"
    assert error.code == ""


def test_a_web_page_points_at_the_address() -> None:
    error = classify(404, b"<!DOCTYPE html><html><body>nginx</body></html>")
    assert (error.kind, error.advice) == ("configuration", "address")
    assert "nginx" not in error.detail


def test_a_web_page_from_a_struggling_proxy_is_overload() -> None:
    assert classify(502, b"<html>Bad Gateway</html>").kind == "overloaded"


def test_insufficient_quota_is_billing_on_openai_only() -> None:
    body = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}
    assert classify(429, body, quota_is_billing=True).kind == "billing"
    assert classify(429, body).kind == "rate_limit"


def test_secrets_are_masked_wherever_a_server_repeats_them() -> None:
    error = classify(401, {"error": {"code": "invalid_api_key", "message": "Incorrect API key: sk-abcDEF123456."}})
    assert "abcDEF" not in f"{error} {error.detail} {error.sentence()}"


def test_thinking_must_stream_is_a_sentence_too() -> None:
    error = ThinkingMustStream()
    assert isinstance(error, ModelError)
    assert not error.retry
    assert error.sentence("zh-hans") == "深度思考模式只支持流式输出。"


@pytest.mark.parametrize("frame", [{"choices": []}, {"error": None, "choices": [1]}, {"code": "x"}, "text", None])
def test_ordinary_frames_are_no_failures(frame: object) -> None:
    assert not is_failure(frame)

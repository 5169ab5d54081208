"""What holds for every address that programs use (`/api/v1`, `/v1`), whichever part of the server answers.

Refusals that come before or around the API's own code (an unknown address, a method that is not offered, a damaged
form, a fault of ours) have the same shape as its own. HEAD is answered wherever GET is (RFC 9110, section 9.1).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _

API, OPENAI = "/api/v1/", "/v1/"
PASSED_BY = ("/api/v1/docs",)
GetResponse = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def program_answers(get_response: GetResponse) -> GetResponse:
    """Gives every answer under the programs' addresses their shape."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            asked = _method(request)
            return _shaped(request, await get_response(request), asked)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        asked = _method(request)
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return _shaped(request, response, asked)

    return synchronous


def is_programs(path: str) -> bool:
    return path.startswith((API, OPENAI)) and not path.startswith(PASSED_BY)


def _method(request: HttpRequest) -> str:
    """The method asked for; the views below see GET instead of HEAD."""
    method = request.method or ""
    if method == "HEAD" and is_programs(request.path):
        request.method = "GET"
    return method


def _shaped(request: HttpRequest, response: HttpResponseBase, asked: str) -> HttpResponseBase:
    if not is_programs(request.path):
        return response
    json = response.headers.get("Content-Type", "").startswith("application/json")
    if response.status_code >= 400 and not json:
        allowed = ", ".join(sorted(re.findall(r"[A-Z]+", response.headers.get("Allow", ""))))
        response = refusal(request, response.status_code, allowed)
    if asked == "HEAD":
        request.method = asked
        _emptied(response)
    return response


def _emptied(response: HttpResponseBase) -> None:
    """Leave the headers of an answer, the length of what they describe among them."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""


def refusal(request: HttpRequest, status: int, allowed: str = "") -> JsonResponse:
    """An error in the shape of the address, with a sentence in the asker's language."""
    with override(get_language_from_request(request)):
        code, message = _sentence(status, request.method or "", allowed)
    error: dict[str, Any] = {"code": code, "message": message}
    if request.path.startswith(OPENAI):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        error = {"message": message, "type": kind, "param": None, "code": code}
    headers = {"Allow": allowed} if allowed else None
    return JsonResponse({"error": error}, status=status, headers=headers)


def _sentence(status: int, method: str, allowed: str) -> tuple[str, str]:
    match status:
        case 404:
            return "unknown_address", _("There is no such address. /api/v1/docs lists those there are.")
        case 405:
            values = {"method": method, "allowed": allowed}
            return "method_not_allowed", _("%(method)s is not possible here. Use one of: %(allowed)s.") % values
        case 413:
            return "too_large", _("The request is too large. Send fewer or smaller files at a time.")
        case _ if status >= 500:
            return "internal", _("Something went wrong on our side, and it has been recorded. Please try again.")
        case _:
            return "bad_request", _("The request cannot be read. Check its form, its host and its encoding.")

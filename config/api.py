"""The REST API: its routers, and one shape for every error."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.api import KeyAuth
from accounts.api import router as people
from agents.api import router as questions
from kb.api import router as knowledge
from kb.errors import DocumentError, Kind

api = NinjaAPI(
    title="Zhinang 智囊",
    version="1",
    description=(
        "Documents in, cited answers out. Send `Authorization: Bearer <key>`; a key has the rights of its person. "
        'Every error is `{"error": {"code", "message"}}` with a sentence in the language of `Accept-Language`.'
    ),
    urls_namespace="api",
    auth=KeyAuth(),
    docs=Swagger(settings={"persistAuthorization": True}),
)
api.add_router("", people)
api.add_router("", knowledge)
api.add_router("", questions)


STATUS: dict[Kind, int] = {
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "invalid": 422,
    "too_large": 413,
    "storage": 507,
}


def error(request: HttpRequest, status: int, code: str, message: str, **more: Any) -> HttpResponse:
    """One error in the API's one shape."""
    return api.create_response(request, {"error": {"code": code, "message": message, **more}}, status=status)


@api.exception_handler(AuthenticationError)
def unauthenticated(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
    response = error(
        request,
        401,
        "unauthenticated",
        _("This key is unknown or revoked. Send a valid one: Authorization: Bearer <key>."),
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    return error(request, 404, "not_found", _("There is nothing with this number that you may read."))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    fields = [
        {"field": ".".join(str(part) for part in problem["loc"][1:]), "message": problem["msg"]}
        for problem in exception.errors
    ]
    first = fields[0] if fields else {"field": "", "message": ""}
    sentence = _("The field “%(field)s” is not right: %(message)s.") % first
    return error(request, 422, "invalid", sentence, fields=fields)


@api.exception_handler(RequestDataTooBig)
@api.exception_handler(TooManyFilesSent)
def too_large(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 413, "too_large", _("The request is too large. Send fewer or smaller files at a time."))


@api.exception_handler(HttpError)
def refused(request: HttpRequest, exception: HttpError) -> HttpResponse:
    codes = {400: "bad_request", 403: "forbidden", 404: "not_found", 409: "conflict", 429: "too_many_requests"}
    return error(request, exception.status_code, codes.get(exception.status_code, "refused"), str(exception))


@api.exception_handler(DocumentError)
def document_error(request: HttpRequest, exception: DocumentError) -> HttpResponse:
    return error(request, STATUS[exception.kind], exception.code, exception.sentence(get_language() or "en"))

"""The REST API: its routers, one shape for every error, and which errors each operation may answer with."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from accounts.api import KeyAuth
from accounts.api_keys import ScopeError
from accounts.models import KeyScope
from agents.api import router as questions
from agents.attachment_api import router as attachments
from agents.audit_api import router as audit
from agents.me_api import router as people
from agents.share_api import router as shares
from agents.tool_server_api import router as tool_servers
from agents.unanswered_api import router as unanswered
from config.field_errors import sentence
from kb.document_api import router as knowledge
from kb.embedding_api import router as embedding
from kb.errors import DocumentError, Kind
from kb.evaluation_api import router as evaluation
from kb.search_api import router as searching
from kb.source_api import router as sources
from kb.table_api import router as tables

ERRORS = {
    400: "The request cannot be read.",
    401: "The key is missing, unknown or revoked.",
    403: "The key's scope does not allow it (`scope`), or its person may read this but not change it.",
    404: "There is no such thing that you may read.",
    409: "It is not in a state in which this is possible.",
    413: "The request or a file in it is too large.",
    422: "A field or a file is not right; `fields` names each.",
    507: "The server's storage is full.",
}


# Operations that name something in their body, or are not there for everybody.
NOT_FOR_ALL = (
    "ask",
    "create_share",
    "list_sources",
    "create_source",
    "list_servers",
    "create_server",
    "list_evaluation_sets",
    "list_embedding_models",
    "keep_golden_question",
    "list_unanswered",
    "list_audit",
    "export_audit",
)


class Api(NinjaAPI):
    """Names operations by their function, and adds the errors that each may answer with to its description."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Error"] = {
            "title": "Error",
            "type": "object",
            "required": ["error"],
            "properties": {"error": {"$ref": "#/components/schemas/Problem"}},
        }
        scopes = self._scopes()
        for path in schema["paths"].values():
            for method, operation in path.items():
                operation["security"] = [{"KeyAuth": [scopes[operation["operationId"]].value]}]
                for status in _errors_of(method, operation):
                    operation["responses"].setdefault(status, _described(status))
        return schema

    def _scopes(self) -> dict[str, KeyScope]:
        """What a key needs for each operation."""
        operations = (
            operation
            for router in self._get_bound_routers()  # only these know the auth of their routers
            for view in router.path_operations.values()
            for operation in view.operations
        )
        return {
            self.get_openapi_operation_id(operation): auth.needed(operation.methods[0])
            for operation in operations
            for auth in operation.auth_callbacks
            if isinstance(auth, KeyAuth)
        }


def _errors_of(method: str, operation: dict[str, Any]) -> list[int]:
    """The errors an operation may answer with."""
    changes = method != "get" and operation["operationId"] not in ("search", "ask", "cancel_run")
    uploads = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    parameters = operation.get("parameters", [])
    possible = {
        400: True,  # a damaged query string or form
        401: True,
        403: changes or operation["security"] != [{"KeyAuth": [KeyScope.READ.value]}],
        404: any(parameter["in"] == "path" for parameter in parameters) or operation["operationId"] in NOT_FOR_ALL,
        409: changes,
        413: "requestBody" in operation,
        422: bool(parameters) or "requestBody" in operation,
        507: uploads,
    }
    return [status for status, may_be in possible.items() if may_be]


def _described(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": ERRORS[status], "content": content}


api = Api(
    title="Zhinang 智囊",
    version="1",
    description=(
        "Documents in, cited answers out. Send `Authorization: Bearer <key>`; a key has the rights of its person, as "
        "far as its scope goes: `read` reads and asks, `write` also changes documents and shares, `admin` does "
        "everything. Each operation names under `security` which of them it needs. "
        'Every error is `{"error": {"code", "message"}}` with a sentence in the language of `Accept-Language`.'
    ),
    urls_namespace="api",
    auth=KeyAuth(),
    docs=Swagger(settings={"persistAuthorization": True}),
)
api.add_router("", people)
api.add_router("", knowledge)
api.add_router("", searching)
api.add_router("", sources)
api.add_router("", tables)
api.add_router("", evaluation)
api.add_router("", embedding)
api.add_router("", questions)
api.add_router("", attachments)
api.add_router("", shares)
api.add_router("", unanswered)
api.add_router("", audit)
api.add_router("", tool_servers)


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


@api.exception_handler(ScopeError)
def out_of_scope(request: HttpRequest, exception: ScopeError) -> HttpResponse:
    message = _(
        "This key was made with the scope “%(scope)s”, and this needs “%(needed)s”. Make a key with that scope under "
        "“API keys”, and send it instead."
    )
    return error(request, 403, "scope", message % {"scope": exception.scope, "needed": exception.needed})


@api.exception_handler(Http404)
def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    return error(request, 404, "not_found", _("There is nothing with this number that you may read."))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    fields = [
        {"field": _place(problem["loc"]), "message": sentence(problem["type"], problem.get("ctx", {}))}
        for problem in exception.errors
    ]
    message = _("The field “%(field)s” is not right: %(message)s.") % fields[0]
    return error(request, 422, "invalid", message, fields=fields)


def _place(location: Sequence[str | int]) -> str:
    """A field's name for people, like `collections.0`; the name of the whole body's parameter means nothing to them."""
    source, *names = (str(part) for part in location)
    if source == "body" and len(names) > 1:
        del names[0]
    return ".".join(names) or source


@api.exception_handler(RequestDataTooBig)
@api.exception_handler(TooManyFilesSent)
def too_large(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 413, "too_large", _("The request is too large. Send fewer or smaller files at a time."))


@api.exception_handler(MultiPartParserError)
@api.exception_handler(UnicodeError)
def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(
        request, 400, "bad_request", _("The request cannot be read. Check its form, its host and its encoding.")
    )


@api.exception_handler(HttpError)
def refused(request: HttpRequest, exception: HttpError) -> HttpResponse:
    if exception.status_code == 400:
        return error(request, 400, "bad_request", _("The request's body is not valid JSON. Correct it."))
    return error(request, exception.status_code, "invalid", str(exception))


@api.exception_handler(DocumentError)
def document_error(request: HttpRequest, exception: DocumentError) -> HttpResponse:
    return error(request, STATUS[exception.kind], exception.code, exception.sentence(get_language() or "en"))

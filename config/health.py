"""Whether this process lives, whether it can serve, and its figures."""

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare as compare_digest
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and no migration is missing, 503 with the reason otherwise."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception:
        return JsonResponse({"ready": False, "reason": "The database does not answer."}, status=503)
    if missing:
        return JsonResponse({"ready": False, "reason": "Run `make migrate`: migrations are missing."}, status=503)
    return JsonResponse({"ready": True})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures, for those who bring METRICS_TOKEN; closed while none is set."""
    token = settings.METRICS_TOKEN
    if not token or not compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return HttpResponse("Set METRICS_TOKEN and send it as a bearer token.", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)

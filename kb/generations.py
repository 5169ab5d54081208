"""Which embedding models' vectors there are, and how one model follows another.

The first model ever used is active at once. A later one is filled beside it, passage by passage (`kb.upkeep`), and is
active once it has all. Questions are embedded by the configured model, so its vectors are those that are searched, as
far as they go. Each model has an HNSW index of its own over its own dimensions.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from kb.access import acting_as_system
from kb.models_index import EmbeddingGeneration

State = EmbeddingGeneration.State

HNSW_M = 32
HNSW_EF_CONSTRUCTION = 200
LOCK = 7215306
"""Advisory lock for whoever makes, activates or drops generations."""


def active_generation() -> EmbeddingGeneration | None:
    """The generation that has vectors of everything; None before the first vector was ever stored."""
    return EmbeddingGeneration.objects.filter(state=State.ACTIVE).first()


def configured_generation() -> EmbeddingGeneration | None:
    """The generation of the embedding model that the settings name: where new vectors go and where questions look.

    None before its first vector."""
    servers = settings.MODEL_SERVERS
    found = EmbeddingGeneration.objects.filter(model=servers.embedding_model).exclude(state=State.RETIRED)
    if servers.embedding_dimensions is not None:
        found = found.filter(dimensions=servers.embedding_dimensions)
    return found.order_by("-pk").first()


def ensure_generation(model: str, dimensions: int) -> EmbeddingGeneration:
    """The generation of `model` with vectors of `dimensions` numbers, made with its index if there is none."""
    found = EmbeddingGeneration.objects.filter(model=model, dimensions=dimensions).first()
    if found is not None and found.state != State.RETIRED:
        return found
    with transaction.atomic():
        _lock()
        state = State.FILLING if active_generation() else State.ACTIVE
        generation, made = EmbeddingGeneration.objects.get_or_create(
            model=model, dimensions=dimensions, defaults={"state": state}
        )
        if not made and generation.state == State.RETIRED:
            generation.state = state
            generation.save(update_fields=["state"])
        if made:
            _create_index(generation)
    return generation


def activate(generation: EmbeddingGeneration) -> None:
    """`generation` has vectors of everything: the one before it is retired. One transaction."""
    with transaction.atomic():
        _lock()
        EmbeddingGeneration.objects.filter(state=State.ACTIVE).exclude(pk=generation.pk).update(state=State.RETIRED)
        EmbeddingGeneration.objects.filter(pk=generation.pk).update(state=State.ACTIVE)
    generation.state = State.ACTIVE


def drop_retired() -> int:
    """Delete the vectors and indexes of retired generations; how many generations that were."""
    retired = list(EmbeddingGeneration.objects.filter(state=State.RETIRED))
    for generation in retired:
        with acting_as_system(), connection.cursor() as cursor:
            _lock()
            cursor.execute(sql.SQL("drop index if exists {}").format(_index_name(generation)))
            cursor.execute("delete from kb_passagevector where generation_id = %s", [generation.pk])
            generation.delete()
    return len(retired)


def remember_calibration(generation: EmbeddingGeneration, calibration: Mapping[str, Any]) -> None:
    """Store how well the generation's vectors find passages (see `kb.calibration`)."""
    EmbeddingGeneration.objects.filter(pk=generation.pk).update(calibration=dict(calibration))
    generation.calibration = dict(calibration)


def _create_index(generation: EmbeddingGeneration) -> None:
    statement = sql.SQL(
        "create index {name} on kb_passagevector "
        "using hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops) "
        "with (m = {m}, ef_construction = {ef_construction}) where generation_id = {generation}"
    ).format(
        name=_index_name(generation),
        dimensions=sql.Literal(generation.dimensions),
        m=sql.Literal(HNSW_M),
        ef_construction=sql.Literal(HNSW_EF_CONSTRUCTION),
        generation=sql.Literal(generation.pk),
    )
    with connection.cursor() as cursor:
        # Where the tables were emptied and numbers begin anew, an index of another size may still stand for this one.
        cursor.execute(sql.SQL("drop index if exists {}").format(_index_name(generation)))
        cursor.execute(statement)


def _index_name(generation: EmbeddingGeneration) -> sql.Identifier:
    return sql.Identifier(f"vector_hnsw_{generation.pk}")


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])

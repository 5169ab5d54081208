"""Which embedding models' vectors there are, which of them answer, and how one model follows another.

The first model ever used is active at once. A later one is filled beside it, passage by passage (`kb.upkeep`), while
the first goes on answering. What NEXT_EMBEDDING_MODEL names is then switched to, and back, by a person (`switch`, one
transaction); what EMBEDDING_MODEL was changed to takes over by itself once it has all. Each model has an HNSW index of
its own over its own dimensions.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from accounts.audit import Act, record
from accounts.models import Person
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.models_index import EmbeddingGeneration
from kb.statements import rows
from llm.profiles import ModelServers

State = EmbeddingGeneration.State

HNSW_M = 32
HNSW_EF_CONSTRUCTION = 200
LOCK = 7215306
"""Advisory lock for whoever makes, activates or drops generations."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A generation, and the servers whose embedding model made its vectors."""

    generation: EmbeddingGeneration
    servers: ModelServers


_FIELDS = [str(field.attname) for field in EmbeddingGeneration._meta.concrete_fields]
_ACTIVE = f"select {', '.join(_FIELDS)} from kb_embeddinggeneration where state = 'active'"  # noqa: S608  its own names
_override: ContextVar[Serving | None] = ContextVar("serving", default=None)


def active_generation() -> EmbeddingGeneration | None:
    """The generation that has vectors of everything and answers; None before the first vector was ever stored."""
    # Each search asks for it, and Django takes longer to put a query together than PostgreSQL to answer this one.
    for row in rows(_ACTIVE, {}):
        values = dict(zip(_FIELDS, row, strict=True))
        values["calibration"] = orjson.loads(values["calibration"])
        return EmbeddingGeneration.from_db(connection.alias, _FIELDS, list(values.values()))
    return None


def configured_servers() -> list[ModelServers]:
    """The servers of the embedding models that are kept filled: the one in use, and the one that is to follow."""
    following: ModelServers | None = settings.NEXT_MODEL_SERVERS
    return [settings.MODEL_SERVERS, *([following] if following else [])]


def generation_of(servers: ModelServers) -> EmbeddingGeneration | None:
    """The generation that the embedding model of `servers` made; None before its first vector."""
    found = EmbeddingGeneration.objects.filter(model=servers.embedding_model)
    if servers.embedding_dimensions is not None:
        found = found.filter(dimensions=servers.embedding_dimensions)
    return found.order_by("-pk").first()


def servers_of(generation: EmbeddingGeneration) -> ModelServers | None:
    """The servers that can still be asked for a generation's model; None when none is known.

    A model that is no longer named, but whose server is still in use for another one, is asked there.
    """
    for servers in configured_servers():
        sizes = (None, generation.dimensions)
        if servers.embedding_model == generation.model and servers.embedding_dimensions in sizes:
            return servers
    for servers in configured_servers():
        if generation.base_url and servers.embedding.base_url == generation.base_url:
            return replace(servers, embedding_model=generation.model, embedding_dimensions=generation.dimensions)
    return None


def answering() -> Serving | None:
    """Whose vectors answer now: the active generation's, while its model can be asked.

    Where it cannot, those of the configured model are searched as far as they go. None before there are any.
    """
    if (chosen := _override.get()) is not None:
        return chosen
    active = active_generation()
    if active is not None and (servers := servers_of(active)) is not None:
        return Serving(active, servers)
    configured = generation_of(settings.MODEL_SERVERS)
    return Serving(configured, settings.MODEL_SERVERS) if configured else None


def answering_servers() -> ModelServers:
    """The servers to embed with, so that new vectors and questions fit those that answer."""
    serving = answering()
    return serving.servers if serving else settings.MODEL_SERVERS


@contextmanager
def answering_by(generation: EmbeddingGeneration) -> Iterator[None]:
    """Search by another generation inside the block, to compare it.

    Raises:
        DocumentError: embedding_unreachable.
    """
    if (servers := servers_of(generation)) is None:
        raise DocumentError("embedding_unreachable", model=generation.model)
    token = _override.set(Serving(generation, servers))
    try:
        yield
    finally:
        _override.reset(token)


def ensure_generation(model: str, dimensions: int, base_url: str = "") -> EmbeddingGeneration:
    """The generation of `model` with vectors of `dimensions` numbers, made with its index if there is none."""
    found = EmbeddingGeneration.objects.filter(model=model, dimensions=dimensions).first()
    if found is not None:
        if base_url and found.base_url != base_url:
            EmbeddingGeneration.objects.filter(pk=found.pk).update(base_url=base_url)
            found.base_url = base_url
        return found
    with transaction.atomic():
        _lock()
        state = State.FILLING if active_generation() else State.ACTIVE
        generation, made = EmbeddingGeneration.objects.get_or_create(
            model=model, dimensions=dimensions, defaults={"state": state, "base_url": base_url}
        )
        if made:
            _create_index(generation)
    return generation


def generation_for_writing(dimensions: int) -> EmbeddingGeneration:
    """The generation that new vectors of the answering model go to."""
    servers = answering_servers()
    return ensure_generation(servers.embedding_model, dimensions, servers.embedding.base_url)


# Passages of ready versions that a generation has no vectors of yet.
UNSEEN = """
    select p.id from kb_passage p join kb_documentversion v on v.id = p.version_id
    where v.state = 'ready' and p.id > %s
    and not exists (select from kb_passagevector e where e.generation_id = %s and e.passage_id = p.id)
    order by p.id limit %s
"""


def unseen(generation: EmbeddingGeneration, after: int, limit: int) -> list[int]:
    """The next passages, by number after `after`, that a generation has no vectors of."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(UNSEEN, [after, generation.pk, limit])
        return [row[0] for row in cursor.fetchall()]


def is_complete(generation: EmbeddingGeneration) -> bool:
    """Whether a generation has vectors of everything that answers."""
    return not unseen(generation, 0, 1)


def switch(generation: EmbeddingGeneration, *, by: Person | None = None) -> None:
    """Let `generation` answer from now on, in one transaction; the one before it is kept to switch back to.

    Raises:
        DocumentError: embedding_incomplete, embedding_unreachable.
    """
    if servers_of(generation) is None:
        raise DocumentError("embedding_unreachable", model=generation.model)
    if not is_complete(generation):
        raise DocumentError("embedding_incomplete", model=generation.model)
    activate(generation, by=by)


def activate(generation: EmbeddingGeneration, *, by: Person | None = None) -> None:
    """`generation` has vectors of everything: the one before it is retired. One transaction."""
    with transaction.atomic():
        _lock()
        EmbeddingGeneration.objects.filter(state=State.ACTIVE).exclude(pk=generation.pk).update(state=State.RETIRED)
        EmbeddingGeneration.objects.filter(pk=generation.pk).update(state=State.ACTIVE)
        record(Act.EMBEDDING_SWITCHED, by, target=generation.pk, name=generation.model)
    generation.state = State.ACTIVE


def drop_unreachable() -> int:
    """Delete retired generations whose model nobody can be asked for any more; how many that were."""
    retired = EmbeddingGeneration.objects.filter(state=State.RETIRED)
    return sum(drop(generation) for generation in retired if servers_of(generation) is None)


def drop(generation: EmbeddingGeneration, *, by: Person | None = None) -> bool:
    """Delete the vectors and the index of a generation that does not answer; False when it does."""
    with acting_as_system(), connection.cursor() as cursor:
        _lock()
        generation.refresh_from_db(fields=["state"])
        if generation.state == State.ACTIVE:
            return False
        cursor.execute(sql.SQL("drop index if exists {}").format(_index_name(generation)))
        cursor.execute("delete from kb_passagevector where generation_id = %s", [generation.pk])
        record(Act.EMBEDDING_DELETED, by, target=generation.pk, name=generation.model)
        generation.delete()
    return True


def remember_calibration(generation: EmbeddingGeneration, calibration: Mapping[str, Any]) -> None:
    """Store how well the generation's vectors find passages (see `kb.calibration`)."""
    EmbeddingGeneration.objects.filter(pk=generation.pk).update(calibration=dict(calibration))
    generation.calibration = dict(calibration)


def _create_index(generation: EmbeddingGeneration) -> None:
    statement = sql.SQL(
        "create index {name} on kb_passagevector "
        "using hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops) "
        "with (m = {m}, ef_construction = {ef_construction}) where generation_id = {generation} and in_graph"
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

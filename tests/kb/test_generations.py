"""One embedding model answers at a time, each has its own index, and the index finds what an exact scan finds."""

from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from kb import candidates as candidates_module
from kb.access import acting_as, acting_as_system
from kb.candidates import Wanted, candidates, survey
from kb.errors import DocumentError
from kb.filters import Filters
from kb.generations import (
    activate,
    active_generation,
    answering,
    drop,
    drop_unreachable,
    ensure_generation,
    generation_of,
    switch,
)
from kb.models import Collection
from kb.models_index import EmbeddingGeneration, PassageVector
from kb.search import search_as
from kb.statements import array_text
from kb.upkeep import FILLING_LOCK, follow_model, keep_up, statistics_are_due
from llm.profiles import Limits, ModelServers
from tests.kb.shelves import shelve
from tests.llm.scripted import ScriptedServer

pytestmark = pytest.mark.django_db


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("select indexname from pg_indexes where indexname like 'vector_hnsw_%'")
        return {name for (name,) in cursor.fetchall()}


def test_the_first_model_is_active_and_the_next_is_filled_beside_it() -> None:
    assert active_generation() is None
    first = ensure_generation("model-a", 8)
    second = ensure_generation("model-b", 16)
    assert ensure_generation("model-a", 8) == first
    assert (first.state, second.state) == ("active", "filling")
    assert active_generation() == first
    assert {f"vector_hnsw_{first.pk}", f"vector_hnsw_{second.pk}"} <= indexes()


def test_tables_that_were_emptied_may_number_models_anew() -> None:
    first = ensure_generation("model-a", 8)
    EmbeddingGeneration.objects.filter(pk=first.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(f"alter table kb_embeddinggeneration alter column id restart with {first.pk}")
        assert ensure_generation("model-b", 16).pk == first.pk
        cursor.execute("select indexdef from pg_indexes where indexname = %s", [f"vector_hnsw_{first.pk}"])
        assert "halfvec(16)" in cursor.fetchone()[0]


def test_a_filled_model_takes_over_and_the_old_one_can_be_dropped() -> None:
    first, second = ensure_generation("model-a", 8), ensure_generation("model-b", 16)
    activate(second)
    assert active_generation() == second
    assert not drop(second)
    assert drop_unreachable() == 1
    assert f"vector_hnsw_{second.pk}" in indexes()
    assert f"vector_hnsw_{first.pk}" not in indexes()
    assert not EmbeddingGeneration.objects.filter(pk=first.pk).exists()


def test_a_retired_model_can_come_back() -> None:
    first, second = ensure_generation("model-a", 8), ensure_generation("model-b", 16)
    activate(second)
    assert ensure_generation("model-a", 8).pk == first.pk
    activate(first)
    assert active_generation() == first


def test_the_database_knows_of_one_active_model_only() -> None:
    ensure_generation("model-a", 8)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmbeddingGeneration.objects.create(model="model-b", dimensions=8, state="active")


def test_new_vectors_go_to_the_configured_model(model_server: ModelServers, handbook: Collection) -> None:
    ensure_generation("model-a", 8)
    assert answering() is None
    shelve(handbook, "Travel", "Hotels cost 180 euros.", vectors=True)
    configured = generation_of(model_server)
    assert configured is not None
    assert (configured.model, configured.dimensions, configured.state) == ("zhinang-local-embedding", 256, "filling")
    with acting_as_system():
        assert PassageVector.objects.filter(generation=configured).count() == 1


def test_vectors_of_another_model_are_never_compared(
    model_server: ModelServers, handbook: Collection, alice: Person
) -> None:
    fill(handbook, ensure_generation("model-a", 256), np.ones((3, 256)))
    shelve(handbook, "Travel", "Hotels cost 180 euros.")
    hits = search_as(alice, "hotels")
    assert hits.degraded
    assert hits[0].why.dense_rank is None


def test_a_new_model_is_filled_and_takes_over(model_server: ModelServers, handbook: Collection, alice: Person) -> None:
    old = ensure_generation("model-a", 256)
    fill(handbook, old, np.ones((3, 256)))
    shelve(handbook, "Travel", "Hotels cost 180 euros.", "Trains go in second class.")
    shelve(handbook, "Leave", "Everybody has 25 days of leave.", vectors=True)
    assert [hit.why.dense_rank for hit in search_as(alice, "hotels leave trains")].count(None) == 2
    assert not follow_model(seconds=0)
    assert follow_model()
    active = active_generation()
    assert active is not None
    assert active.model == "zhinang-local-embedding"
    assert not EmbeddingGeneration.objects.filter(pk=old.pk).exists()
    assert {hit.why.dense_rank for hit in search_as(alice, "hotels leave trains")} == {1, 2, 3}
    assert follow_model()


def test_the_model_that_answers_goes_on_while_the_next_is_filled(
    model_server: ModelServers, handbook: Collection, alice: Person, settings: Settings
) -> None:
    """The next one is of another size and server; both get what is added meanwhile, and a person switches."""
    with ScriptedServer() as next_server:
        shelve(handbook, "Travel", "Hotels cost 180 euros.", vectors=True)
        first = active_generation()
        settings.NEXT_MODEL_SERVERS = next_server.servers()
        assert not follow_model(seconds=0)
        second = generation_of(settings.NEXT_MODEL_SERVERS)
        assert first is not None
        assert second is not None
        assert second.dimensions != first.dimensions
        with pytest.raises(DocumentError, match="does not have all passages"):
            switch(second)
        shelve(handbook, "Trains", "Trains go in second class.", vectors=True)
        assert [hit.why.dense_rank for hit in search_as(alice, "hotels trains")].count(None) == 0
        assert follow_model()
        assert active_generation() == first
        for generation in (second, first, second):
            switch(generation)
            assert active_generation() == generation
            hits = search_as(alice, "hotels trains")
            assert not hits.degraded
            assert [hit.why.dense_rank for hit in hits].count(None) == 0
        assert follow_model()
        assert active_generation() == second


def test_a_changed_model_on_the_same_server_leaves_the_old_one_answering(
    handbook: Collection, alice: Person, settings: Settings
) -> None:
    with ScriptedServer() as server:
        settings.MODEL_SERVERS = server.servers()
        shelve(handbook, "Travel", "Hotels cost 180 euros.", vectors=True)
        old = active_generation()
        settings.MODEL_SERVERS = replace(server.servers(), embedding_model="a-newer-model")
        assert not follow_model(seconds=0)
        serving = answering()
        assert serving is not None
        assert serving.generation == old
        assert not search_as(alice, "hotels").degraded
        assert follow_model()
        serving = answering()
        assert serving is not None
        assert serving.generation.model == "a-newer-model"


def test_only_one_fills_at_a_time(model_server: ModelServers, handbook: Collection) -> None:
    ensure_generation("model-a", 8)
    shelve(handbook, "Travel", "Hotels cost 180 euros.")
    with psycopg.connect(**_parameters()) as other:
        other.execute("select pg_advisory_lock(%s)", [FILLING_LOCK])
        assert not follow_model()
        # The server notices a closed connection when it gets to it, so its lock would be held a little longer.
        other.execute("select pg_advisory_unlock(%s)", [FILLING_LOCK])
    assert follow_model()


def _parameters() -> dict[str, Any]:
    names = {"host", "port", "user", "password", "dbname"}
    return {name: value for name, value in connection.get_connection_params().items() if name in names}


def test_an_empty_library_asks_no_model() -> None:
    assert not follow_model()
    keep_up()


def test_upkeep_does_what_is_due(
    model_server: ModelServers, handbook: Collection, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    shelve(handbook, "Travel", "Hotels cost 180 euros.")
    keep_up()
    assert active_generation() is not None
    assert not statistics_are_due()
    shelve(handbook, "Trains", "Trains go in second class.")
    assert statistics_are_due()
    ensure_generation("model-a", 8)
    settings.MODEL_SERVERS = replace(
        model_server, embedding_model="another", embedding_dimensions=None, limits=Limits(patience=0)
    )
    keep_up()
    assert not statistics_are_due()


def fill(
    collection: Collection,
    generation: EmbeddingGeneration,
    vectors: np.ndarray,
    *,
    in_graph: bool = True,
    first: int = 1,
) -> None:
    scope = collection.scopes.get(is_default=True)
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(
            """
            insert into kb_passagevector (generation_id, passage_id, version_id, scope_id, embedding, in_graph)
            select %s, %s + place - 1, 1, %s, vector::halfvec, %s
            from unnest(%s::text[]) with ordinality as given (vector, place)
            """,
            [generation.pk, first, scope.pk, in_graph, [orjson.dumps(row.tolist()).decode() for row in vectors]],
        )


def force_the_index() -> None:
    """In a table this small PostgreSQL would rather sort."""
    with connection.cursor() as cursor:
        cursor.execute("set local enable_sort = off")


def test_the_index_finds_what_an_exact_scan_finds(handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(7)
    generation = ensure_generation("model-a", 32)
    centres = chance.normal(size=(40, 32))
    vectors = np.repeat(centres, 50, axis=0) + 0.7 * chance.normal(size=(2000, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fill(handbook, generation, vectors)
    wanted = Wanted(timezone.localdate())

    def nearest(vector: np.ndarray, exact: bool) -> list[int]:
        monkeypatch.setattr(candidates_module, "_scan_is_exact", lambda ground: exact)
        with acting_as_system():
            force_the_index()
            ground = survey("", wanted, generation)
            found = candidates(ground, wanted, pool=20, generation=generation, vector=vector)
        return [each.passage_id for each in sorted(found, key=lambda each: -each.similarity)]

    recalls = []
    for row in range(0, 2000, 100):
        query = (vectors[row] + 0.1 * chance.normal(size=32)).astype(np.float32)
        exact = nearest(query, exact=True)
        truth = [int(place) + 1 for place in np.argsort(-(vectors @ query))[:20]]
        assert len(set(exact) & set(truth)) >= 19  # half precision may swap the last
        recalls.append(len(set(nearest(query, exact=False)) & set(exact)) / 20)
    assert np.mean(recalls) >= 0.97


def test_rights_and_versions_do_not_keep_the_index_from_being_used(handbook: Collection, bob: Person) -> None:
    generation = ensure_generation("model-a", 8)
    fill(handbook, generation, np.random.default_rng(7).normal(size=(500, 8)))
    module = candidates_module
    kept = module._FILTERED + module._NOT_HIDDEN + module._NOT_DISABLED
    nearest = module._NEAREST.format(dimensions=8, kept=kept)
    eligible = f"eligible as materialized ({Filters(languages=['en']).eligible()})"
    asked = module._ASKED.format(dimensions=8)
    statement = ",".join((f"with {asked}", eligible, module._HIDDEN, module._DISABLED, nearest))
    with acting_as(bob), connection.cursor() as cursor:
        force_the_index()
        ground = survey("", Wanted(timezone.localdate()), generation)
        cursor.execute(
            "explain " + statement + "select * from dense",
            {
                "day": timezone.localdate(),
                "generation": generation.pk,
                "scopes": array_text(ground.scopes),
                "vector": "[1,1,1,1,1,1,1,1]",
                "nearest": 10,
                "languages": ["en"],
            },
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Index Scan using vector_hnsw_{generation.pk}" in plan


@pytest.mark.parametrize(
    ("readable", "all_vectors", "exact"),
    [(5_000, 5_000, True), (30_000, 30_000, False), (30_000, 10_000_000, True), (3_000_000, 10_000_000, False)],
)
def test_few_readable_vectors_are_compared_one_by_one(readable: int, all_vectors: int, exact: bool) -> None:
    ground = candidates_module.Ground([1], readable, readable, 100.0, [], 0.0, all_vectors)
    assert candidates_module._scan_is_exact(ground) is exact

"""New vectors are found at once beside the graph, and enter it in the background once they are many."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Person
from kb import candidates as candidates_module
from kb import graph
from kb.access import acting_as, acting_as_system
from kb.candidates import Wanted, candidates, survey
from kb.generations import ensure_generation
from kb.graph import fill_graph, fill_graph_if_due
from kb.indexing import set_scope
from kb.models import Collection, Document, DocumentVersion, Scope, State
from kb.models_index import EmbeddingGeneration
from kb.upkeep import keep_up
from llm.profiles import ModelServers
from tests.kb.shelves import revise, shelve
from tests.kb.test_generations import fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search walks through the graph, as those of large libraries do."""
    monkeypatch.setattr(candidates_module, "_scan_is_exact", lambda ground: False)


def beside() -> int:
    with connection.cursor() as cursor:
        cursor.execute("reset role")
        cursor.execute("select count(*) from kb_passagevector where not in_graph")
        count = int(cursor.fetchone()[0])
        cursor.execute("set role zhinang_app")
        return count


def nearest(person: Person, generation: EmbeddingGeneration, vector: np.ndarray, pool: int) -> list[int]:
    wanted = Wanted(timezone.localdate())
    with acting_as(person):
        ground = survey("", wanted, generation)
        found = candidates(ground, wanted, pool=pool, generation=generation, vector=vector.astype(np.float32))
    return [each.passage_id for each in sorted(found, key=lambda each: -each.similarity)]


@pytest.mark.usefixtures("walking")
def test_what_is_in_the_graph_and_what_is_beside_it_is_found_alike(
    handbook: Collection, people_files: Collection, alice: Person, bob: Person
) -> None:
    generation = ensure_generation("model-a", 8)
    vectors = np.random.default_rng(7).normal(size=(60, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fill(handbook, generation, vectors[:30])
    fill(handbook, generation, vectors[30:50], in_graph=False, first=31)
    fill(people_files, generation, vectors[50:], in_graph=False, first=51)
    for asked in (0, 40, 55):
        best = [int(place) + 1 for place in np.argsort(-(vectors @ vectors[asked]))]
        assert nearest(alice, generation, vectors[asked], 10) == best[:10]
        assert nearest(bob, generation, vectors[asked], 10) == [place for place in best if place <= 50][:10]


@pytest.mark.usefixtures("walking")
def test_versions_that_do_not_count_are_left_out_beside_the_graph(
    handbook: Collection, alice: Person, model_server: ModelServers
) -> None:
    document = shelve(handbook, "Travel", "Hotels cost 180 euros.", vectors=True)
    revise(document, "Hotels cost 200 euros.", vectors=True)
    revise(document, "Hotels cost 210 euros.", vectors=True, effective_from=timezone.localdate() + timedelta(days=7))
    generation = EmbeddingGeneration.objects.get()
    assert beside() == 3
    assert len(nearest(alice, generation, np.ones(generation.dimensions), 10)) == 1


def test_few_stay_beside_the_graph_and_many_enter_it(handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = ensure_generation("model-a", 8)
    fill(handbook, generation, np.random.default_rng(7).normal(size=(250, 8)), in_graph=False)
    assert fill_graph_if_due()
    assert beside() == 250
    monkeypatch.setattr(graph, "FEW", 100)
    keep_up()
    assert beside() == 0


def test_what_is_interrupted_goes_on(handbook: Collection) -> None:
    generation = ensure_generation("model-a", 8)
    fill(handbook, generation, np.random.default_rng(7).normal(size=(250, 8)), in_graph=False)
    assert not fill_graph(seconds=-1)
    assert beside() == 250 - graph.AT_ONCE
    assert fill_graph()
    assert beside() == 0


def test_documents_that_are_being_read_go_first(handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = ensure_generation("model-a", 8)
    version = shelve(handbook, "Travel", "Hotels cost 180 euros.").current_version
    assert version is not None
    fill(handbook, generation, np.random.default_rng(7).normal(size=(50, 8)), in_graph=False)
    monkeypatch.setattr(graph, "FEW", 10)
    with acting_as_system():
        DocumentVersion.objects.filter(pk=version.pk).update(state=State.EMBEDDING)
    assert not fill_graph_if_due()
    assert beside() == 50
    monkeypatch.setattr(graph, "MANY", 40)
    assert fill_graph_if_due()
    assert beside() == 0


@pytest.mark.usefixtures("walking")
def test_moved_vectors_are_found_by_their_new_readers_alone(
    handbook: Collection, people_files: Collection, alice: Person, bob: Person, model_server: ModelServers
) -> None:
    document: Document = shelve(handbook, "Travel", "Hotels cost 180 euros.", vectors=True)
    generation = EmbeddingGeneration.objects.get()
    vector = np.ones(generation.dimensions)
    assert fill_graph()
    assert len(nearest(bob, generation, vector, 10)) == 1
    set_scope(document.pk, Scope.objects.get(collection=people_files, is_default=True).pk)
    assert beside() == 1
    assert len(nearest(alice, generation, vector, 10)) == 1
    assert nearest(bob, generation, vector, 10) == []

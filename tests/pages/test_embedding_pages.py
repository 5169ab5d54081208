"""Embedding models, by page and API: how far each is, compared, switched to and back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.audit import AuditLine
from accounts.models import Person
from kb import generations
from kb.access import acting_as_system
from kb.evaluation_sets import keep_question
from kb.generations import active_generation, ensure_generation
from kb.indexing import write_vectors
from kb.models import Collection, Document, Passage
from kb.models_evaluation import EvaluationRun
from kb.models_index import EmbeddingGeneration
from llm.profiles import ModelServers

SignIn = Callable[[Person], Client]


@pytest.fixture
def models(
    handbook: Collection, make_document: Callable[..., Document], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> tuple[EmbeddingGeneration, EmbeddingGeneration]:
    """The model that answers, with vectors of everything, and the next one without any; both can be asked."""
    make_document(handbook)
    settings.NEXT_MODEL_SERVERS = django_settings.MODEL_SERVERS
    first, second = ensure_generation("old-model", 8), ensure_generation("new-model", 16)
    fill(first)

    def servers_of(generation: EmbeddingGeneration) -> ModelServers:
        servers: ModelServers = django_settings.MODEL_SERVERS
        return servers

    for module in ("kb.generations", "kb.embedding_models"):
        monkeypatch.setattr(f"{module}.servers_of", servers_of)
    assert generations.answering()
    return first, second


def fill(generation: EmbeddingGeneration) -> None:
    with acting_as_system():
        passages = list(Passage.objects.all())
    vectors = np.ones((len(passages), generation.dimensions), np.float32) / np.sqrt(generation.dimensions)
    write_vectors(generation, passages, vectors)


Models = tuple[EmbeddingGeneration, EmbeddingGeneration]


def test_one_is_filled_then_switched_to_and_back(admin: Person, sign_in: SignIn, models: Models) -> None:
    client, (first, second) = sign_in(admin), models
    html = client.get("/embedding/").content.decode()
    assert "is being filled" in html
    assert "every 5s" in html
    form = {"action": "switch", "model": second.pk, "confirmed": "yes"}
    assert "does not have all passages" in client.post("/embedding/act/", form, follow=True).content.decode()
    assert active_generation() == first

    fill(second)
    assert "Let it answer" in client.get("/embedding/").content.decode()
    asked = client.post("/embedding/act/", {"action": "switch", "model": second.pk}).content.decode()
    assert "you can switch back" in asked
    assert active_generation() == first, "it is asked about first"
    client.post("/embedding/act/", form)
    assert active_generation() == second
    client.post("/embedding/act/", form | {"model": first.pk})
    assert active_generation() == first
    switched = AuditLine.objects.filter(act="embedding_switched", person_name="admin")
    assert [line.target for line in switched] == [str(first.pk), str(second.pk)]


def test_they_are_compared_on_an_evaluation_set(admin: Person, sign_in: SignIn, models: Models) -> None:
    client = sign_in(admin)
    with acting_as_system():
        document = Document.objects.get()
    question = keep_question("Basics", "What may a hotel cost?", {document.pk: 1}, by=admin)
    client.post("/embedding/act/", {"action": "compare", "set": question.set_id})
    with acting_as_system():
        runs = list(EvaluationRun.objects.order_by("generation_id"))
        assert [run.generation_id for run in runs] == [model.pk for model in models]
        EvaluationRun.objects.filter(pk=runs[1].pk).update(state="done", figures={"ndcg@10": 0.875})
    html = client.get("/embedding/").content.decode()
    assert "0.875" in html
    assert client.post("/embedding/act/", {"action": "compare", "set": 999}).status_code == 404


def test_only_what_nobody_needs_is_deleted(admin: Person, sign_in: SignIn, models: Models) -> None:
    client, (first, second) = sign_in(admin), models
    form = {"action": "delete", "confirmed": "yes"}
    assert (
        "Switch to another one"
        in client.post("/embedding/act/", form | {"model": first.pk}, follow=True).content.decode()
    )
    client.post("/embedding/act/", form | {"model": second.pk})
    assert list(EmbeddingGeneration.objects.all()) == [first]


def test_programs_do_the_same(admin: Person, alice: Person, models: Models) -> None:
    first, second = models
    client = Client(headers={"Authorization": f"Bearer {create_api_key(admin, 'x')}"})
    [one, two] = client.get("/api/v1/embedding-models").json()
    assert (one["answers"], one["complete"], one["vectors"]) == (True, True, 1)
    assert (two["answers"], two["complete"], two["vectors"]) == (False, False, 0)
    assert client.post(f"/api/v1/embedding-models/{second.pk}/switch").status_code == 409
    fill(second)
    assert client.post(f"/api/v1/embedding-models/{second.pk}/switch").json()[1]["answers"] is True
    assert client.delete(f"/api/v1/embedding-models/{second.pk}").status_code == 409
    assert client.delete(f"/api/v1/embedding-models/{first.pk}").status_code == 204
    alices = Client(headers={"Authorization": f"Bearer {create_api_key(alice, 'x')}"})
    assert alices.get("/api/v1/embedding-models").status_code == 404


def test_a_model_that_the_settings_would_undo_is_not_switched_to(
    admin: Person, sign_in: SignIn, models: Models, settings: Any
) -> None:
    _first, second = models
    fill(second)
    settings.NEXT_MODEL_SERVERS = None
    form = {"action": "switch", "model": second.pk, "confirmed": "yes"}
    assert "NEXT_EMBEDDING_MODEL" in sign_in(admin).post("/embedding/act/", form, follow=True).content.decode()
    assert active_generation() != second

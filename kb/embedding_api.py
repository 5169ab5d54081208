"""Embedding models over HTTP, for administrators: how far each is, and which of them answers."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Path, Router, Schema, Status

from accounts.api import ADMINISTRATION, asker
from accounts.models import Person
from kb import embedding_models
from kb.models_index import EmbeddingGeneration

router = Router(tags=["evaluation"], auth=ADMINISTRATION)
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


class EmbeddingModelOut(Schema):
    id: int
    model: str
    dimensions: int
    answers: bool = Field(description="Searches go by it now.")
    complete: bool = Field(description="It has vectors of everything, and may be switched to.")
    reachable: bool = Field(description="The settings name its server.")
    passages: int
    vectors: int
    ndcg: dict[int, float] = Field(description="nDCG@10 of its last run of each evaluation set, by the set's number.")


def _administrator(request: HttpRequest) -> Person:
    """Who asks; others find nothing here."""
    person = asker(request)
    if not person.is_superuser:
        raise Http404
    return person


def _generation(person: Person, pk: int) -> EmbeddingGeneration:
    if (found := embedding_models.generation_for(pk, person)) is None:
        raise Http404
    return found


def _shown(model: embedding_models.Model) -> dict[str, Any]:
    names = ("answers", "reachable", "passages", "vectors")
    return {name: getattr(model, name) for name in names} | {
        "id": model.generation.pk,
        "model": model.generation.model,
        "dimensions": model.generation.dimensions,
        "complete": model.is_complete,
        "ndcg": {number: run.ndcg for number, run in model.runs.items() if run.ndcg is not None},
    }


@router.get("/embedding-models", response=list[EmbeddingModelOut], summary="The embedding models, for administrators")
def list_embedding_models(request: HttpRequest) -> Any:
    return [_shown(model) for model in embedding_models.models_for(_administrator(request))]


@router.post("/embedding-models/{model_id}/switch", response=list[EmbeddingModelOut], summary="Let a model answer")
def switch_embedding_model(request: HttpRequest, model_id: Id) -> Any:
    """One transaction; switch back by the other model's number. 409 while it does not have all passages."""
    person = _administrator(request)
    embedding_models.switch_to(_generation(person, model_id), by=person)
    return list_embedding_models(request)


@router.delete("/embedding-models/{model_id}", response={204: None}, summary="Delete a model's vectors")
def delete_embedding_model(request: HttpRequest, model_id: Id) -> Any:
    """409 for the one that answers, and for those that the settings name."""
    person = _administrator(request)
    embedding_models.delete_vectors(_generation(person, model_id), by=person)
    return Status(204, None)

"""Embedding models for administrators: how far each is, how they compare, and which of them answers.

The models themselves are named by the settings; here people look, compare and switch (see `kb.generations`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from accounts.models import Person
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.evaluation_runs import start_run
from kb.generations import answering, configured_servers, drop, generation_of, is_complete, servers_of, switch
from kb.models_evaluation import EvaluationRun, EvaluationSet
from kb.models_index import EmbeddingGeneration

# Both read an index alone. Those of versions that are still at work count as well: progress is for people.
_PASSAGES = "select count(*) from kb_passage"
_VECTORS = "select generation_id, count(*) from kb_passagevector group by generation_id"


@dataclass(slots=True)
class Model:
    """An embedding model: what it has, and whether it can be asked.

    `answers`: searches go by it now. `named`: the settings name it. `runs`: its last finished run of each evaluation
    set, by the set's number.
    """

    generation: EmbeddingGeneration
    passages: int
    vectors: int
    answers: bool
    reachable: bool
    named: bool
    is_complete: bool
    runs: dict[int, EvaluationRun] = field(default_factory=dict)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return 100 if self.is_complete else min(99, 100 * self.vectors // max(1, self.passages))

    @property
    def may_switch(self) -> bool:
        return not self.answers and self.reachable and self.is_complete


def models_for(by: Person) -> list[Model]:
    """All models that have vectors, oldest first. Raises DocumentError("not_allowed")."""
    _check(by)
    serving = answering()
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(_PASSAGES)
        passages = cursor.fetchone()[0]
        cursor.execute(_VECTORS)
        vectors = dict(cursor.fetchall())
        runs = EvaluationRun.objects.filter(state=EvaluationRun.State.DONE, mode="", generation__isnull=False)
        latest = list(runs.order_by("generation_id", "set_id", "-pk").distinct("generation_id", "set_id"))
    named = [generation_of(servers) for servers in configured_servers()]
    return [
        Model(
            generation,
            passages,
            vectors.get(generation.pk, 0),
            answers=serving is not None and serving.generation == generation,
            reachable=servers_of(generation) is not None,
            named=generation in named,
            is_complete=is_complete(generation),
            runs={run.set_id: run for run in latest if run.generation_id == generation.pk},
        )
        for generation in EmbeddingGeneration.objects.order_by("pk")
    ]


def model_to_come() -> str:
    """The model that the settings say is to follow; empty where none is."""
    following = settings.NEXT_MODEL_SERVERS
    return following.embedding_model if following else ""


def generation_for(pk: int, by: Person) -> EmbeddingGeneration | None:
    """One model; None where there is none, or `by` may not see it."""
    return EmbeddingGeneration.objects.filter(pk=pk).first() if by.is_active and by.is_superuser else None


def compare(kept: EvaluationSet, *, by: Person) -> list[EvaluationRun]:
    """Ask a set's questions by each model that can be asked; workers do it.

    A model that is not complete finds what it has: its figure may still rise.

    Raises:
        DocumentError: not_allowed, set_empty.
    """
    _check(by)
    reachable = [one for one in EmbeddingGeneration.objects.order_by("pk") if servers_of(one)]
    return [start_run(kept, by=by, generation=generation) for generation in reachable]


def switch_to(generation: EmbeddingGeneration, *, by: Person) -> None:
    """Let another model answer from now on; the one before it is kept to switch back to.

    Raises:
        DocumentError: not_allowed, embedding_incomplete, embedding_unreachable, embedding_takes_over.
    """
    _check(by)
    if settings.NEXT_MODEL_SERVERS is None and generation_of(settings.MODEL_SERVERS) != generation:
        raise DocumentError("embedding_takes_over", model=settings.MODEL_SERVERS.embedding_model)
    switch(generation, by=by)


def delete_vectors(generation: EmbeddingGeneration, *, by: Person) -> None:
    """Delete a model's vectors for good.

    Raises:
        DocumentError: not_allowed, embedding_answers; embedding_named for one that would be filled again.
    """
    _check(by)
    if generation in [generation_of(servers) for servers in configured_servers()]:
        raise DocumentError("embedding_named", model=generation.model)
    if not drop(generation, by=by):
        raise DocumentError("embedding_answers", model=generation.model)


def _check(by: Person) -> None:
    if not (by.is_active and by.is_superuser):
        raise DocumentError("not_allowed")

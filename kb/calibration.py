"""How well an embedding model finds what passages say, against BM25: measured, so that fusion can weigh the two.

A sentence is cut out of a passage and asked as a question (the inverse cloze task of Lee, Chang and Toutanova, 2019).
Each method's rank of the passage without that sentence, among those of all other documents, says how much it
understands beyond the wording. Chinese, Japanese and Korean are measured apart: models differ most there.
"""

import logging
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import connection
from django.db.models import F, TextField
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from kb import embedding
from kb.access import acting_as_system
from kb.candidates import K1, B, Ground, Wanted, candidates, survey
from kb.fusion import Reliability
from kb.generations import (
    active_generation,
    configured_servers,
    generation_of,
    is_complete,
    remember_calibration,
    servers_of,
)
from kb.indexing import entry_of
from kb.lexical import terms
from kb.models import Passage
from kb.models_index import EmbeddingGeneration
from llm.errors import ModelError

logger = logging.getLogger(__name__)

SAMPLES = 160
POOL = 100
FEWEST_PASSAGES = 40
GROWTH = 1.25
"""Measured anew when the passages have grown by this factor."""
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?](?!\w)|[。！？])*")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Cloze:
    """A sentence, and the passage it was cut out of."""

    passage: Passage
    sentence: str
    rest: str


def sentences_of(text: str) -> list[str]:
    """The sentences of a text that are long enough to say something, and not endless."""
    return [piece.group() for piece in _SENTENCE.finditer(text) if 6 <= len(terms(piece.group())) <= 120]


def script_of(text: str) -> str:
    """ "cjk" for a text whose words are not parted by spaces, else "spaced"."""
    wide = len(_CJK.findall(text))
    return "cjk" if 3 * wide > len(text) - text.count(" ") - wide else "spaced"


def reliability(generation: EmbeddingGeneration | None, question: str) -> Reliability:
    """What was measured of `generation` for questions written like this one; no samples where nothing was."""
    measured = generation.calibration.get(script_of(question)) if generation else None
    return Reliability(**measured) if measured else Reliability()


def calibrate_if_due() -> bool:
    """Measure the models that have all passages, if much was indexed since they were measured; True if any was."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute("select coalesce(sum(passages), 0) from kb_indextotal")
        passages = int(cursor.fetchone()[0])
    kept = [active_generation(), *map(generation_of, configured_servers())]
    due = {
        generation.pk: generation
        for generation in kept
        if generation is not None
        and passages >= max(FEWEST_PASSAGES, GROWTH * int(generation.calibration.get("passages", 0)))
        and servers_of(generation) is not None
        and (generation.state == EmbeddingGeneration.State.ACTIVE or is_complete(generation))
    }
    try:
        for generation in due.values():
            calibrate(generation, passages)
    except ModelError as error:
        logger.warning("The embedding model could not be measured: %s", error)
        return False
    return bool(due)


def calibrate(generation: EmbeddingGeneration, passages: int) -> None:
    """Measure `generation` on a sample of what is stored and remember it. Raises llm.errors.ModelError."""
    clozes = _sample(random.Random(generation.pk))  # noqa: S311  a sample, no secret
    ranks: dict[str, list[tuple[int, int]]] = {}
    servers = servers_of(generation)
    if clozes:
        sentences = embedding.model(servers).embed([cloze.sentence for cloze in clozes], "query")
        texts = [embedding.passage_text(_without(cloze), cloze.passage.document.title) for cloze in clozes]
        rests = embedding.embed_documents(texts, servers)
        if rests.shape[1] != generation.dimensions:
            return
        for cloze, sentence, rest in zip(clozes, sentences, rests, strict=True):
            found = _ranks(cloze, sentence, float(sentence @ rest), generation)
            ranks.setdefault(script_of(cloze.sentence), []).append(found)
    measured = {script: asdict(_reliability(pairs)) for script, pairs in ranks.items()}
    remember_calibration(generation, {**measured, "passages": passages})
    logger.info("measured embedding model=%s %s", generation.model, measured)


def _sample(chance: random.Random) -> list[Cloze]:
    """Passages of at least two sentences, one of them cut out."""
    with acting_as_system():
        shown = Passage.objects.filter(version=F("document__current_version"), kind="text", enabled=True)
        chosen = shown.order_by(MD5(Cast("pk", TextField()))).values_list("pk", flat=True)[: 3 * SAMPLES]
        passages = list(Passage.objects.filter(pk__in=list(chosen)).select_related("document").order_by("pk"))
    clozes = [_cloze(passage, chance) for passage in passages]
    chance.shuffle(clozes)
    return [cloze for cloze in clozes if cloze is not None][:SAMPLES]


def _cloze(passage: Passage, chance: random.Random) -> Cloze | None:
    sentences = sentences_of(passage.text)
    if len(sentences) < 2:
        return None
    sentence = chance.choice(sentences)
    return Cloze(passage, sentence.strip(), passage.text.replace(sentence, " ", 1))


def _without(cloze: Cloze) -> Passage:
    passage = cloze.passage
    return Passage(text=cloze.rest, heading_path=passage.heading_path, context=passage.context)


def _ranks(
    cloze: Cloze, vector: embedding.Vectors, similarity: float, generation: EmbeddingGeneration
) -> tuple[int, int]:
    """The passage's rank by BM25 and by vectors, when it lacks the sentence."""
    wanted = Wanted(timezone.localdate())
    with acting_as_system():
        ground = survey(cloze.sentence, wanted, generation)
        found = candidates(ground, wanted, pool=POOL, generation=generation, vector=vector)
        own = set(
            Passage.objects.filter(
                pk__in=[candidate.passage_id for candidate in found], document=cloze.passage.document_id
            ).values_list("pk", flat=True)
        )
    rivals = [candidate for candidate in found if candidate.passage_id not in own]
    score = _bm25(ground, cloze)
    return (
        1 + sum(rival.lexical > score for rival in rivals),
        1 + sum(rival.similarity > similarity for rival in rivals),
    )


def _bm25(ground: Ground, cloze: Cloze) -> float:
    """What the index would score, had the passage been stored without the sentence."""
    entry = entry_of(_without(cloze), cloze.passage.document.title)
    allowance = K1 * (1 - B + B * entry.length / ground.average_length)
    held = ((term.idf, entry.weights[term.text]) for term in ground.terms if term.text in entry.weights)
    return sum(idf * frequency * (K1 + 1) / (frequency + allowance) for idf, frequency in held)


def _reliability(pairs: Sequence[tuple[int, int]]) -> Reliability:
    lexical = sum(1 / rank for rank, _ in pairs) / len(pairs)
    dense = sum(1 / rank for _, rank in pairs) / len(pairs)
    return Reliability(lexical, dense, len(pairs))

"""What the index needs from time to time, in the background: counts, measurements, and vectors of a new model.

Each part looks whether it is due, which is cheap, and works for some seconds at most; the next call goes on.
"""

import logging
import time

from django.db import connection

from kb import embedding
from kb.access import acting_as_system
from kb.calibration import calibrate_if_due
from kb.descriptions import index_new_titles
from kb.generations import activate, configured_generation, drop_retired, ensure_generation
from kb.indexing import fold_statistics, write_vectors
from kb.models import Passage, State
from kb.models_index import EmbeddingGeneration
from llm.errors import ModelError

logger = logging.getLogger(__name__)

CHANGED_SHARE = 0.1
CHANGES_AT_MOST = 2000
"""Statistics are folded when this share of the passages has changed, or so many changes have been written."""
SLICE_SECONDS = 10.0
PASSAGES_AT_ONCE = 64
FILLING_LOCK = 7215308

# The first row of each scope is what was folded last; those after it are changes.
_CHANGES = """
    select count(*) filter (where place > 1),
        coalesce(sum(abs(passages)) filter (where place > 1), 0),
        coalesce(sum(passages), 0)
    from (select passages, row_number() over (partition by scope_id order by id) as place from kb_indextotal) t
"""
# Passages of ready versions that a model has no vectors of yet.
_UNSEEN = """
    select p.id from kb_passage p join kb_documentversion v on v.id = p.version_id
    where v.state = %s and p.id > %s
    and not exists (select from kb_passagevector e where e.generation_id = %s and e.passage_id = p.id)
    order by p.id limit %s
"""


def keep_up() -> None:
    """Do what is due."""
    if statistics_are_due():
        fold_statistics()
    try:
        follow_model()
        index_new_titles()
    except ModelError as error:
        logger.warning("The embedding model cannot be asked: %s", error)
        return
    calibrate_if_due()


def statistics_are_due() -> bool:
    """Whether much has changed since the statistics were folded."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(_CHANGES)
        changes, changed, passages = cursor.fetchone()
    return bool(changes > CHANGES_AT_MOST or changed > CHANGED_SHARE * max(passages, 1))


def follow_model(seconds: float = SLICE_SECONDS) -> bool:
    """Give passages the vectors of the configured model that they lack; True once the model has all and is active.

    Raises:
        llm.errors.ModelError: the model does not answer.
    """
    generation = configured_generation()
    if generation is None:
        if not _any_ready():
            return False
        model = embedding.model()
        generation = ensure_generation(model.model, model.dimensions)
    if generation.state == EmbeddingGeneration.State.ACTIVE:
        drop_retired()
        return True
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [FILLING_LOCK])
        if not cursor.fetchone()[0]:
            return False
        try:
            if not _fill(generation, time.monotonic() + seconds):
                return False
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [FILLING_LOCK])
    activate(generation)
    drop_retired()
    logger.info("The embedding model %s has all passages and answers from now on.", generation)
    return True


def _fill(generation: EmbeddingGeneration, deadline: float) -> bool:
    """Embed until the deadline; True when nothing is left to embed."""
    last = 0
    while time.monotonic() < deadline:
        with acting_as_system(), connection.cursor() as cursor:
            cursor.execute(_UNSEEN, [State.READY, last, generation.pk, PASSAGES_AT_ONCE])
            unseen = [row[0] for row in cursor.fetchall()]
            passages = list(Passage.objects.filter(pk__in=unseen).select_related("document").order_by("pk"))
        if not passages:
            return True
        texts = [embedding.passage_text(passage, passage.document.title) for passage in passages]
        write_vectors(generation, passages, embedding.embed_documents(texts))
        last = passages[-1].pk
    return False


def _any_ready() -> bool:
    with acting_as_system():
        return Passage.objects.filter(version__state=State.READY).exists()

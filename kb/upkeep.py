"""What the index needs from time to time, in the background: counts, measurements, and vectors of a new model.

Each part looks whether it is due, which is cheap, and works for some seconds at most; the next call goes on.
"""

import logging
import time

from django.conf import settings
from django.db import connection

from kb import embedding
from kb.access import acting_as_system
from kb.calibration import calibrate_if_due
from kb.descriptions import index_new_titles
from kb.generations import (
    activate,
    configured_servers,
    drop_unreachable,
    ensure_generation,
    generation_of,
    is_complete,
    unseen,
)
from kb.graph import fill_graph_if_due
from kb.indexing import fold_statistics, write_vectors
from kb.models import Passage, State
from kb.models_index import EmbeddingGeneration
from kb.quality import try_due
from llm.errors import ModelError
from llm.profiles import ModelServers

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


def keep_up() -> None:
    """Do what is due."""
    if statistics_are_due():
        fold_statistics()
    fill_graph_if_due()
    try:
        follow_model()
        index_new_titles()
    except ModelError as error:
        logger.warning("The embedding model cannot be asked: %s", error)
        return
    calibrate_if_due()
    try_due()


def statistics_are_due() -> bool:
    """Whether much has changed since the statistics were folded."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(_CHANGES)
        changes, changed, passages = cursor.fetchone()
    return bool(changes > CHANGES_AT_MOST or changed > CHANGED_SHARE * max(passages, 1))


def follow_model(seconds: float = SLICE_SECONDS) -> bool:
    """Give passages the vectors that they lack of the models in use and to follow; True once nothing is missing.

    A model that EMBEDDING_MODEL was changed to answers as soon as it has all; to one that NEXT_EMBEDDING_MODEL names a
    person switches (`kb.generations.switch`).

    Raises:
        llm.errors.ModelError: a model does not answer.
    """
    if not _any_ready():
        return False
    deadline = time.monotonic() + seconds
    whole = all(_follow(servers, deadline) for servers in configured_servers())
    drop_unreachable()
    return whole


def _follow(servers: ModelServers, deadline: float) -> bool:
    generation = generation_of(servers)
    if generation is None:
        model = embedding.model(servers)
        generation = ensure_generation(model.model, model.dimensions, servers.embedding.base_url)
    if not is_complete(generation) and not _fill_alone(generation, servers, deadline):
        return False
    if generation.state != EmbeddingGeneration.State.ACTIVE and settings.NEXT_MODEL_SERVERS is None:
        activate(generation)
        logger.info("The embedding model %s has all passages and answers from now on.", generation)
    return True


def _fill_alone(generation: EmbeddingGeneration, servers: ModelServers, deadline: float) -> bool:
    """Fill, unless another process is at it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [FILLING_LOCK])
        if not cursor.fetchone()[0]:
            return False
        try:
            return fill(generation, servers, deadline)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [FILLING_LOCK])


def fill(generation: EmbeddingGeneration, servers: ModelServers, deadline: float) -> bool:
    """Embed until the deadline (of `time.monotonic`); True when nothing is left to embed.

    Raises:
        llm.errors.ModelError: the model does not answer.
    """
    last = 0
    while time.monotonic() < deadline:
        missing = unseen(generation, last, PASSAGES_AT_ONCE)
        if not missing:
            return True
        with acting_as_system():
            passages = list(Passage.objects.filter(pk__in=missing).select_related("document").order_by("pk"))
        last = missing[-1]
        if passages:
            texts = [embedding.passage_text(passage, passage.document.title) for passage in passages]
            write_vectors(generation, passages, embedding.embed_documents(texts, servers), in_graph=True)
    return False


def _any_ready() -> bool:
    with acting_as_system():
        return Passage.objects.filter(version__state=State.READY).exists()

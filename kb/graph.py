"""New vectors into the graph (HNSW) that questions walk through, in the background.

Finding a vector's place in the graph takes milliseconds, many times what storing it takes. So nobody who adds a
document waits for it: new vectors are stored beside the graph and compared one by one, which takes a question a moment
as long as they are few. Once they are many, they are put in a batch at a time, while nothing is being read if possible.
"""

import time

from django.db import connection

from kb.access import acting_as_system
from kb.models import WORKING, DocumentVersion

FEW = 2_000
"""So many vectors of one model stay beside its graph: comparing them takes about a millisecond."""
MANY = 20_000
"""From so many on they are put in even while documents are being read."""
AT_ONCE = 100
SLICE_SECONDS = 10.0

_BESIDE = "select generation_id, count(*) from kb_passagevector where not in_graph group by generation_id"
_PUT_IN = """
with chosen as materialized (
    select generation_id, passage_id from kb_passagevector where generation_id = %s and not in_graph
    limit %s for update skip locked
)
update kb_passagevector v set in_graph = true from chosen
where v.generation_id = chosen.generation_id and v.passage_id = chosen.passage_id
"""


def fill_graph_if_due() -> bool:
    """Put vectors in for some seconds if they are many; True when none are left that have to be."""
    beside = _beside()
    many = max(beside.values(), default=0)
    if many <= FEW:
        return True
    return (many > MANY or not _anything_at_work()) and fill_graph(list(beside))


def fill_graph(generations: list[int] | None = None, seconds: float = SLICE_SECONDS) -> bool:
    """Put the vectors of these generations in, or of all, for some seconds; True when none is left."""
    deadline = time.monotonic() + seconds
    for generation in sorted(_beside() if generations is None else generations):
        while _put_in(generation):
            if time.monotonic() > deadline:
                return False
    return True


def _beside() -> dict[int, int]:
    """How many vectors are not in the graph, by generation."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(_BESIDE)
        return dict(cursor.fetchall())


def _put_in(generation: int) -> int:
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(_PUT_IN, [generation, AT_ONCE])
        return int(cursor.rowcount)


def _anything_at_work() -> bool:
    with acting_as_system():
        return DocumentVersion.objects.filter(state__in=WORKING).exists()

"""How a file becomes findable: the steps, in order, and what becomes of a version whose steps do not go well.

Running a step twice changes nothing: each finds what an interrupted run had written and goes on from there, or starts
afresh. Nothing is shown to readers before `publish`, which is one transaction. Slow work (parsing, models) happens
outside transactions; every write is a short `Lease.writing()`. A large file is written in many of them, so that it can
go on where it was interrupted. Small new files go through all of this together: see `kb.bursts`.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Max
from django.utils import timezone

from kb import bursts, indexing, quality
from kb.access import acting_as_system
from kb.chunking import Cutter, PassageDraft
from kb.documents import clear
from kb.embedding import Vectors, embed_documents, passage_text
from kb.generations import answering_servers
from kb.indexing import Entry, Tally
from kb.leases import Lease, LeaseLost, TurnOver, claim_some, waited_for
from kb.models import WORKING, Document, DocumentVersion, Page, Passage, State
from kb.parsing import ParsedFile, ParseError, Part, Reading
from kb.recognition import reading_of
from kb.recognized import forget
from kb.records import let_answer, page_row, passage_row, ready, title_of, told_by
from kb.setbacks import ATTEMPTS, GAVE_UP, fail, setbacks
from kb.tables import TableWriter
from kb.tabular import Batch, TableReader

logger = logging.getLogger(__name__)

PAGES_AT_ONCE = 100
CHARACTERS_AT_ONCE = 500_000
PASSAGES_AT_ONCE = 256
WAIT_SECONDS = 0.5
WATCH_SECONDS = 0.05
"""So often the process that reads a file is watched while its next pages are waited for."""

Thing = TypeVar("Thing")


@dataclass(slots=True)
class Job:
    """One version on its way through the steps."""

    lease: Lease
    counted: Tally = field(default_factory=Tally)

    @property
    def version(self) -> DocumentVersion:
        """The version with its document; what reading it has told is with it."""
        return self.lease.version


def work_next(version_ids: Sequence[int] | None = None) -> list[int]:
    """Take the next versions in fair order (or of `version_ids`) and bring them to their end; those that were taken.

    That is one, or several small ones. A bug of ours is logged, leaves its version failed with a neutral sentence, and
    is raised.
    """
    leases = claim_some(bursts.FILES if version_ids is None else version_ids, bursts.that_go_together)
    if not leases:
        return []
    taken = [lease.version_id for lease in leases]
    alone = bursts.bring_together(leases) if bursts.is_small(leases[0].version) else leases[0]
    if alone is not None:
        bring_to_end(alone)
    return taken


def finish(version_ids: Iterable[int], progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Bring versions to their end in this process, beside whichever workers run; `progress(done, total)` hears of it.

    They are begun as they come: `version_ids` may add them on the way. As many at once as a worker would take, and one
    more, as each waits for the parsing process or the database at times; one alone where the caller is inside a
    transaction, which other connections do not see into. A version that fails stops no other.
    """
    seen: dict[int, None] = {}
    done = 0
    for some, _ in _bring_all_to_end(_some_at_once(version_ids, seen)):
        done += len(some)
        progress(done, len(seen))
    while pending := _working(seen):
        progress(len(seen) - len(pending), len(seen))
        worked = [took for _, took in _bring_all_to_end(_some_at_once(pending, {}))]
        if not any(worked):
            time.sleep(WAIT_SECONDS)
    progress(len(seen), len(seen))


def _some_at_once(version_ids: Iterable[int], seen: dict[int, None]) -> Iterator[list[int]]:
    """As many as go together, each version once."""
    some: list[int] = []
    for version_id in version_ids:
        if version_id in seen:
            continue
        seen[version_id] = None
        some.append(version_id)
        if len(some) == bursts.FILES:
            yield some
            some = []
    if some:
        yield some


def _working(version_ids: Iterable[int]) -> list[int]:
    with acting_as_system():
        working = DocumentVersion.objects.filter(pk__in=list(version_ids), state__in=WORKING)
        return list(working.order_by("pk").values_list("pk", flat=True))


def _bring_all_to_end(some_at_once: Iterator[list[int]]) -> Iterator[tuple[list[int], bool]]:
    """Each of them, with whether there was something to do; several at the same time, each in a thread of its own."""
    many = 1 if connections[DEFAULT_DB_ALIAS].in_atomic_block else settings.WORKER_CONCURRENCY + 1
    if many == 1:
        yield from map(_attempt, some_at_once)
        return
    opened: list[BaseDatabaseWrapper] = []

    def begin() -> None:
        mine = connections[DEFAULT_DB_ALIAS]
        mine.inc_thread_sharing()
        opened.append(mine)

    with ThreadPoolExecutor(many, "ingest", initializer=begin) as threads:
        yield from threads.map(_attempt, some_at_once)
    for connection in opened:
        connection.close()


def _attempt(version_ids: list[int]) -> tuple[list[int], bool]:
    """Whether there was something to do with them; what went wrong is logged, and told of in the versions."""
    worked = False
    for _ in range(len(version_ids) + 1):  # all together, or each alone after that did not go well
        try:
            if not work_next(version_ids):
                break
        except Exception:
            logger.debug("Something went wrong with one of the versions %s.", version_ids)
        worked = True
    return version_ids, worked


def bring_to_end(lease: Lease) -> None:
    """Run every step, and record what stops them."""
    with setbacks(lease):
        if lease.version.attempts > ATTEMPTS:
            fail(lease, *GAVE_UP)
            return
        job = Job(lease)
        for step in STEPS:
            step(job)


def read(job: Job) -> None:
    """The file → its pages' text, tables and passages, written while a confined child process goes on reading.

    Raises:
        TurnOver: OCR reads a scan, and somebody else waits.
    """
    if job.version.parsed_at:
        return
    lease = job.lease
    with lease.writing() as version:
        if version.pages.exists():
            clear([version.pk])  # what a worker that died, or one whose turn was over, had written
    with reading_of(lease, lease.pulse) as reading:
        _write(lease, reading)


def _write(lease: Lease, reading: Reading) -> None:
    writer, start, count = TableWriter(), 0, 0
    for some in one_ahead(_walk(reading.parts(), reading.media_type()), reading.watch):
        count += len(some.passages)
        if some.last and not count:
            raise ParseError("no_text")
        with lease.writing() as version:
            pages = []
            for ordinal, part in some.pages:
                pages.append(page_row(version, ordinal, start, part))
                start = pages[-1].end
            Page.objects.bulk_create(pages)
            writer.write((version, batch) for batch in some.tables)
            Passage.objects.bulk_create([passage_row(version, draft) for draft in some.passages])
            if some.last:
                assert reading.parsed is not None  # or there would have been more
                _take_down(lease, reading.parsed, count)
        reading.watch()
        if reading.parsed is not None:  # all of it was read, but not yet written
            lease.done, lease.total, lease.unit = start, reading.parsed.characters, "characters"
            lease.pulse()


@dataclass(slots=True)
class _Some:
    """Some pages with their ordinals, and what of tables and passages ends on them."""

    pages: list[tuple[int, Part]] = field(default_factory=list)
    tables: list[Batch] = field(default_factory=list)
    passages: list[PassageDraft] = field(default_factory=list)
    last: bool = False


def _walk(parts: Iterator[Part], media_type: str) -> Iterator[_Some]:
    """What is read, from beginning to end, as much at a time as goes into memory and one short transaction."""
    cutter, reader = Cutter(), TableReader(media_type)
    some, characters = _Some(), 0
    for ordinal, part in enumerate(parts):
        some.pages.append((ordinal, part))
        some.tables += reader.take(*part)
        some.passages += cutter.take(*part)
        characters += len(part[0].text)
        if len(some.pages) == PAGES_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield some
            some, characters = _Some(), 0
    some.tables += reader.close()
    some.passages += cutter.finish()
    some.last = True
    yield some


def embed(job: Job) -> None:
    """Passages → vectors and terms, the next batch being made while one is written. What an earlier run wrote stays.

    Raises:
        TurnOver: somebody else waits, and there is more to do.
    """
    lease, version = job.lease, job.version
    lease.done, lease.total, lease.unit = 0, version.passage_count, "passages"
    counted = Tally()
    with _Preparing(version) as preparing:
        batch = preparing.after(-1)
        while batch is not None:
            vectors = waited_for(batch.vectors, lease.pulse)
            entries = waited_for(batch.entries, lease.pulse)
            last = batch.passages[-1].ordinal
            over = last + 1 < version.passage_count and lease.turn_is_over()
            following = None if over else preparing.after(last)
            with lease.writing():
                indexing.write_part(version.pk, entries, vectors)
            counted.add(entries)
            lease.done = last + 1
            lease.pulse()
            if over:
                raise TurnOver
            batch = following
    job.counted = counted


def index(job: Job) -> None:
    """How much the index holds of the version; the terms anew where some may be missing.

    A passage without a term is missing too, as far as counting tells, which is rare and does no harm.
    """
    lease, version = job.lease, job.version
    lease.begin(State.INDEXING, "passages", version.passage_count)

    def progress(done: int) -> None:
        lease.done = done
        lease.pulse()

    held = job.counted
    if held.seen < version.passage_count:  # an earlier run has written some of it
        held = indexing.counted(version.pk)
    if held.seen == version.passage_count:
        with lease.writing():
            indexing.write_total(version.pk, held)
        progress(version.passage_count)
    else:
        indexing.index_terms(version.pk, title=title_of(version), writing=lease.writing, progress=progress)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Passages whose vectors and terms are being made."""

    passages: list[Passage]
    vectors: Future[Vectors]
    entries: Future[list[Entry]]


class _Preparing:
    """Makes vectors and terms ready in threads of its own, which ask no database."""

    def __init__(self, version: DocumentVersion) -> None:
        self.version, self.title = version, title_of(version)
        self.servers = answering_servers()  # here, as another thread would open a connection of its own to ask
        self.threads = ThreadPoolExecutor(2, "preparing")

    def __enter__(self) -> "_Preparing":
        return self

    def __exit__(self, *error: object) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)

    def after(self, ordinal: int) -> _Prepared | None:
        """The next passages without vectors; None after the last."""
        if ordinal + 1 >= self.version.passage_count:
            return None
        found = indexing.passages_without_vectors(self.version.pk, ordinal, PASSAGES_AT_ONCE)
        if not found:
            return None
        texts = [passage_text(passage, self.title) for passage in found]
        vectors = self.threads.submit(embed_documents, texts, self.servers)
        return _Prepared(found, vectors, self.threads.submit(indexing.entries_of, found, self.title))


def examine(job: Job) -> None:
    """What the text is like → the version's report. It is there to help: where it fails, the version answers anyway."""
    try:
        with acting_as_system():
            report, signature = quality.examine(job.version)
        with job.lease.writing() as version:
            quality.write_bands([(version, signature)])
            job.lease.set(
                report=report, needs_look=quality.needs_look(report), signature=signature or None, tried_at=None
            )
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Version %s got no report.", job.version.pk)


def publish(job: Job) -> None:
    """Let the version answer, in one transaction."""
    with acting_as_system():
        # The document first, as every verb locks them.
        document = Document.objects.select_for_update(no_key=True).filter(pk=job.version.document_id).first()
        with job.lease.writing() as version:
            assert document is not None  # it goes with its versions
            job.lease.end(**ready(version.passage_count))
        let_answer(document, version)


STEPS = (read, embed, index, examine, publish)


def one_ahead(things: Iterator[Thing], watch: Callable[[], None]) -> Iterator[Thing]:
    """The same, the next one being made in another thread while one is used; `watch()` goes on while one is waited for.

    Where it is not used to its end, the next one may still be in the making.
    """
    threads = ThreadPoolExecutor(1, "ahead")
    try:
        following = threads.submit(next, things, None)
        while (thing := waited_for(following, watch, WATCH_SECONDS)) is not None:
            following = threads.submit(next, things, None)
            yield thing
    finally:
        threads.shutdown(wait=False)


def _take_down(lease: Lease, parsed: ParsedFile, passages: int) -> None:
    """Note on the version what reading it has told. From here on a retry goes on with embedding."""
    forget([lease.version_id])
    lease.set(
        **told_by(parsed, lease.version.pages.aggregate(last=Max("number"))["last"], passages, timezone.now()),
        attempts=1,
        state=State.EMBEDDING,
        progress_done=0,
        progress_total=passages,
        progress_unit="passages",
    )

"""How a file becomes findable: the steps, in order, and what becomes of a version whose steps do not go well.

Running a step twice changes nothing: each finds what an interrupted run had written and goes on from there, or starts
afresh. Nothing is shown to readers before `publish`, which is one transaction. Slow work (parsing, models) happens
outside transactions; every write is a short `Lease.writing()`. A large file is written in many of them, so that it can
go on where it was interrupted; a small one in few: what was read of it, then its index entries with its publication.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils import timezone

from kb import indexing, quality
from kb.access import acting_as_system
from kb.chunking import PassageDraft, heading_text, passages
from kb.documents import clear
from kb.embedding import Vectors, embed_documents, passage_text
from kb.generations import generation_for_writing
from kb.indexing import Entry
from kb.leases import PULSE_SECONDS, Lease, LeaseLost, claim
from kb.matching import folded
from kb.models import WORKING, Document, DocumentVersion, Page, Passage, State
from kb.parsing import ParsedFile, ParseError, Part, parse_file
from kb.storage import BlobMissing, storage
from kb.tables import store_tables
from kb.tabular import tables
from kb.uploads import limits
from kb.versions import switch_current
from llm.errors import ModelError

logger = logging.getLogger(__name__)

PAGES_AT_ONCE = 100
CHARACTERS_AT_ONCE = 2_000_000
PASSAGES_AT_ONCE = 256
SMALL_CHARACTERS = 100_000
"""A file with no more text is small."""
ATTEMPTS = 10
"""So often a version is taken up before it is given up, whether model servers fail or workers die over it."""
WAIT_SECONDS = 0.5
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 300

GAVE_UP = (
    "gave_up",
    "Processing was interrupted again and again. Try again; if it stops again, tell your administrator.",
    "处理过程多次中断。请重试；如果再次中断，请联系管理员。",
)
OUR_BUG = (
    "internal",
    "Processing the file failed through a fault of ours. Try again; if it fails again, tell your administrator.",
    "处理文件时系统内部出错。请重试；如果再次出错，请联系管理员。",
)
BYTES_MISSING = (
    "file_missing",
    "The stored file is no longer there. Upload it again.",
    "存储的文件已不存在，请重新上传。",
)

Thing = TypeVar("Thing")


@dataclass(slots=True)
class Job:
    """One version on its way through the steps."""

    lease: Lease
    resources: ExitStack
    parsed: ParsedFile | None = None
    passages: list[Passage] | None = None
    """Of a small file that was just read: its passages, whose index entries `publish` writes."""
    vectors: Vectors | None = None
    entries: Sequence[Entry] = ()

    @property
    def version(self) -> DocumentVersion:
        """The version with its document; what reading it has told is with it."""
        return self.lease.version


def work_next(version_id: int | None = None) -> int | None:
    """Take the next version in fair order (or `version_id`) and bring it to its end; None when there is none to take.

    A bug of ours is logged, leaves the version failed with a neutral sentence, and is raised.
    """
    lease = claim(version_id)
    if lease is None:
        return None
    bring_to_end(lease)
    return lease.version_id


def finish(version_ids: Iterable[int], progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Bring versions to their end in this process, beside whichever workers run; `progress(done, total)` hears of it.

    As many at once as a worker would take, unless the caller is inside a transaction, which other connections do not
    see into. A version that fails stops no other.
    """
    pending = list(dict.fromkeys(version_ids))
    total = len(pending)
    many = 1 if connections[DEFAULT_DB_ALIAS].in_atomic_block else min(settings.WORKER_CONCURRENCY, total)
    while pending:
        worked = False
        with _several(many) as at_once:
            for place, took in enumerate(at_once(_attempt, pending), 1):
                worked = took or worked
                progress(total - len(pending) + place, total)
        with acting_as_system():
            working = DocumentVersion.objects.filter(pk__in=pending, state__in=WORKING)
            pending = list(working.order_by("pk").values_list("pk", flat=True))
        progress(total - len(pending), total)
        if pending and not worked:
            time.sleep(WAIT_SECONDS)


@contextlib.contextmanager
def _several(many: int) -> Iterator[Callable[[Callable[[int], bool], Iterable[int]], Iterator[bool]]]:
    """A `map` that works in `many` threads, whose database connections are closed at the end; the plain one for one."""
    if many == 1:
        yield map
        return
    opened: list[BaseDatabaseWrapper] = []

    def begin() -> None:
        mine = connections[DEFAULT_DB_ALIAS]
        mine.inc_thread_sharing()
        opened.append(mine)

    with ThreadPoolExecutor(many, "ingest", initializer=begin) as threads:
        yield threads.map
    for connection in opened:
        connection.close()


def _attempt(version_id: int) -> bool:
    """Whether there was something to do; what went wrong is logged, and told of in the version."""
    try:
        return work_next(version_id) is not None
    except Exception:
        return False


def bring_to_end(lease: Lease) -> None:
    """Run every step, and record what stops them."""
    version = lease.version
    try:
        if version.attempts > ATTEMPTS:
            _fail(lease, *GAVE_UP)
            return
        with ExitStack() as resources:
            job = Job(lease, resources)
            for step in STEPS:
                step(job)
    except LeaseLost:
        logger.info("Version %s was cancelled, deleted or taken by another worker.", version.pk)
    except ParseError as error:
        _fail(lease, error.code, error.en, error.zh)
    except BlobMissing:
        logger.exception("The file of version %s is missing.", version.pk)
        _fail(lease, *BYTES_MISSING)
    except ModelError as error:
        _postpone_or_fail(lease, error)
    except SystemExit:  # this process is told to end: another may go on at once, and it was not the version's fault
        with contextlib.suppress(DatabaseError):
            lease.end(attempts=F("attempts") - 1)
        raise
    except (OperationalError, InterfaceError):
        raise  # the database is away: the heartbeat falls silent, and the version is taken up again
    except Exception:
        logger.exception("Version %s could not be processed.", version.pk)
        _fail(lease, *OUR_BUG)
        raise


def read(job: Job) -> None:
    """The file → its pages' text, in a confined child process."""
    if job.version.parsed_at:
        return
    path = job.resources.enter_context(storage().local_path(job.version.sha256))
    job.parsed = job.resources.enter_context(
        parse_file(path, job.version.filename, limits(), _shown_on(job.lease), _while_ours(job.lease))
    )


def keep(job: Job) -> None:
    """What was read → pages, tables and passages."""
    if job.parsed is None:
        return
    if job.version.attempts > 1:
        with job.lease.writing() as version:
            clear([version.pk])  # what a worker that died had written
    summary = job.parsed.summary
    is_small = summary.characters <= SMALL_CHARACTERS and summary.parts <= PAGES_AT_ONCE
    with job.lease.writing() if is_small else contextlib.nullcontext():
        _keep_pages(job.lease, job.parsed)
        store_tables(tables(job.parsed.parts(), job.parsed.media_type), job.lease.writing, job.lease.pulse)
        passages = _cut(job.lease, job.parsed)
    if is_small and len(passages) == job.version.passage_count:
        job.passages = passages


def _keep_pages(lease: Lease, parsed: ParsedFile) -> None:
    start = 0
    for parts in _batches(parsed.parts()):
        with lease.writing() as version:
            rows = []
            for ordinal, part in parts:
                rows.append(_page(version, ordinal, start, part))
                start = rows[-1].end
            Page.objects.bulk_create(rows)
        lease.pulse()


def _cut(lease: Lease, parsed: ParsedFile) -> list[Passage]:
    """Write the passages, a batch at a time; the last batch."""
    drafts, count = passages(parsed.parts()), 0
    while True:
        batch = list(islice(drafts, PASSAGES_AT_ONCE))
        count, last = count + len(batch), len(batch) < PASSAGES_AT_ONCE
        if not count:
            raise ParseError("no_text")
        with lease.writing() as version:
            rows = Passage.objects.bulk_create([_passage(version, draft) for draft in batch])
            if last:
                _take_down(lease, parsed, count)
        lease.pulse()
        if last:
            return rows


def embed(job: Job) -> None:
    """Passages → vectors; those that an earlier run wrote stay. A small file's terms are counted meanwhile."""
    lease, version, title, after = job.lease, job.version, _title(job.version), -1
    lease.done, lease.total, lease.unit = 0, version.passage_count, "passages"
    calls = ThreadPoolExecutor(1, "embedding")
    try:
        if job.passages is not None:
            call = calls.submit(embed_documents, [passage_text(passage, title) for passage in job.passages])
            job.entries = [indexing.entry_of(passage, title) for passage in job.passages]
            job.vectors = _waited_for(call, lease)
            return
        while after + 1 < version.passage_count and (
            batch := indexing.passages_without_vectors(version.pk, after, PASSAGES_AT_ONCE)
        ):
            texts = [passage_text(passage, title) for passage in batch]
            vectors = _waited_for(calls.submit(embed_documents, texts), lease)
            with lease.writing():
                indexing.store_vectors(version.pk, batch, vectors)
            after = batch[-1].ordinal
            lease.done = after + 1
            lease.pulse()
    finally:
        calls.shutdown(wait=False, cancel_futures=True)


def index(job: Job) -> None:
    """Passages → the lexical index."""
    if job.vectors is not None:
        return
    lease, version = job.lease, job.version
    lease.begin(State.INDEXING, "passages", version.passage_count)

    def progress(done: int) -> None:
        lease.done = done
        lease.pulse()

    indexing.index_terms(version.pk, title=_title(version), writing=lease.writing, progress=progress)


def examine(job: Job) -> None:
    """What the text is like → the version's report. It is there to help: where it fails, the version answers anyway."""
    try:
        with acting_as_system():
            report, signature = quality.examine(job.version)
        with job.lease.writing() as version:
            quality.write_bands(version, signature)
            job.lease.set(
                report=report, needs_look=quality.needs_look(report), signature=signature or None, tried_at=None
            )
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Version %s got no report.", job.version.pk)


def publish(job: Job) -> None:
    """Let the version answer, in one transaction."""
    generation = None if job.vectors is None else generation_for_writing(job.vectors.shape[1])
    with acting_as_system():
        # The document first, as every verb locks them.
        document = Document.objects.select_for_update(no_key=True).filter(pk=job.version.document_id).first()
        with job.lease.writing() as version:
            assert document is not None  # it goes with its versions
            if generation is not None and job.vectors is not None:
                indexing.write_whole_versions(generation, job.entries, job.vectors)
            count = version.passage_count
            job.lease.end(
                state=State.READY,
                ready_at=Now(),
                attempts=0,
                error_code="",
                error_en="",
                error_zh="",
                progress_done=count,
                progress_total=count,
            )
        if document.latest_version_id == version.pk:
            version.document = document
            document.title = _title(version)
        _forget_failed(document, version.number)
        switch_current(document)
        document.save(update_fields=["title", "current_version", "updated_at"])


def _forget_failed(document: Document, number: int) -> None:
    """Remove what older versions that failed had kept for a retry: nobody retries them now."""
    failed = document.versions.filter(state=State.FAILED, number__lt=number, parsed_at__isnull=False)
    if ids := list(failed.values_list("pk", flat=True)):
        clear(ids)
        DocumentVersion.objects.filter(pk__in=ids).update(parsed_at=None, passage_count=0)


STEPS = (read, keep, embed, index, examine, publish)


def _shown_on(lease: Lease) -> Callable[[int, int | None, str], None]:
    def progress(done: int, total: int | None, unit: str) -> None:
        lease.done, lease.total, lease.unit = done, total, unit

    return progress


def _while_ours(lease: Lease) -> Callable[[], bool]:
    def cancelled() -> bool:
        lease.pulse()  # raises when it is ours no longer
        return False

    return cancelled


def _waited_for(future: "Future[Thing]", lease: Lease) -> Thing:
    """The result of slow work in another thread, our heart beating meanwhile. Raises what it raises, and LeaseLost."""
    while True:
        try:
            return future.result(timeout=PULSE_SECONDS / 2)
        except TimeoutError:
            if future.done():
                return future.result()
            lease.pulse()


def _batches(parts: Iterator[Part]) -> Iterator[list[tuple[int, Part]]]:
    """Pages with their ordinals, few enough at a time to be held in memory and written in one short transaction."""
    batch: list[tuple[int, Part]] = []
    characters = 0
    for ordinal, part in enumerate(parts):
        batch.append((ordinal, part))
        characters += len(part[0].text)
        if len(batch) == PAGES_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _page(version: DocumentVersion, ordinal: int, start: int, part: Part) -> Page:
    page, blocks = part
    headings = [
        [block.start, block.level or 1, heading_text(page.text[block.start - start : block.end - start])]
        for block in blocks
        if block.kind == "heading"
    ]
    return Page(
        version=version,
        scope_id=version.scope_id,
        ordinal=ordinal,
        number=page.number,
        label=page.label[:200],
        start=start,
        end=start + len(page.text),
        text=page.text,
        lines=[[line.start, line.end, *line.box] for line in page.lines],
        headings=headings,
        folded=folded(page.text),
        width=page.width,
        height=page.height,
        ocr_confidence=page.ocr_confidence,
    )


def _passage(version: DocumentVersion, draft: PassageDraft) -> Passage:
    return Passage(
        version=version,
        document_id=version.document_id,
        collection_id=version.document.collection_id,
        scope_id=version.scope_id,
        ordinal=draft.ordinal,
        start=draft.start,
        end=draft.end,
        text=draft.text,
        context=draft.context,
        heading_path=list(draft.heading_path),
        page_from=draft.page_from,
        page_to=draft.page_to,
        label=draft.label[:200],
        kind=draft.kind,
    )


def _take_down(lease: Lease, parsed: ParsedFile, passages: int) -> None:
    """Note on the version what reading it has told. From here on a retry goes on with embedding."""
    lease.set(
        page_count=lease.version.pages.aggregate(last=Max("number"))["last"],
        passage_count=passages,
        characters=parsed.characters,
        media_type=parsed.media_type[:150],
        language=parsed.language,
        metadata={**parsed.metadata, "title": parsed.title},
        warnings=list(parsed.warnings),
        attempts=1,
        parsed_at=timezone.now(),
        state=State.EMBEDDING,
        progress_done=0,
        progress_total=passages,
        progress_unit="passages",
    )


def _title(version: DocumentVersion) -> str:
    """What people call it: the title they gave, else the document's own, else where it lies or its file name."""
    document = version.document
    own = str(version.metadata.get("title", "")).strip()[:500]
    return document.title if document.title_is_given or not own else own


def _postpone_or_fail(lease: Lease, error: ModelError) -> None:
    sentences = {"error_en": error.sentence("en"), "error_zh": error.sentence("zh-hans")}
    attempts = lease.version.attempts
    logger.warning("Version %s: the embedding model failed (%s), attempt %d.", lease.version_id, error, attempts)
    if not error.retry or attempts >= ATTEMPTS:
        _fail(lease, error.kind, sentences["error_en"], sentences["error_zh"])
        return
    wait = max(error.retry_after or 0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempts - 1)))
    lease.end(retry_at=Now() + timedelta(seconds=wait), error_code=error.kind, **sentences)


def _fail(lease: Lease, code: str, en: str, zh: str) -> None:
    """Give the version back as failed. What was read of it stays for a retry, a half-read text does not."""
    with contextlib.suppress(LeaseLost), lease.writing() as version:
        if version.parsed_at is None:
            clear([version.pk])
        lease.end(state=State.FAILED, retry_at=None, error_code=code, error_en=en, error_zh=zh)

"""Small files go together: read one after the other, embedded in one call, written in one transaction.

Of a small file, most of the time would go into its own statements and transactions. What does not go well together is
done alone, by the steps of `kb.ingest`: so a bad file, or a text that the embedding model refuses, stops no other.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from kb import indexing, quality
from kb.access import acting_as_system
from kb.chunking import passages
from kb.embedding import Vectors, embed_documents, passage_text
from kb.generations import answering_servers, generation_for_writing
from kb.indexing import Entry
from kb.leases import Lease, LeaseLost, hold, waited_for
from kb.models import Document, DocumentVersion, Page, Passage, State
from kb.parsing import ParseError
from kb.recognition import reading_of
from kb.recognized import forget
from kb.records import let_answer, page_row, passage_row, ready, title_of, told_by
from kb.setbacks import give_back, setbacks
from kb.tables import TableWriter
from kb.tabular import Batch, tables
from llm.errors import ModelError

logger = logging.getLogger(__name__)

FILES = 16
SMALL_BYTES, BYTES = 100_000, 400_000
"""A small file has no more bytes; those that go together have no more in all."""
SMALL_CHARACTERS, SMALL_PARTS = 100_000, 100
"""A file that turns out to have more text, or more pages, is not small after all."""
READING_SECONDS = 2.0
"""After so long no further file is read: those that wait are given back, so that others get their turn."""
SLOW = frozenset((".pdf", ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp"))
"""Files that may be scans, which take seconds for a page: they hold up no other."""


class TogetherFailed(Exception):
    """What was done together did not go well; its cause says why."""


@dataclass(slots=True)
class Member:
    """A file that was read, and all that is to be written of it."""

    lease: Lease
    told: dict[str, Any]
    pages: list[Page]
    tables: list[Batch]
    passages: list[Passage]
    signature: bytes = b""
    entries: list[Entry] = field(default_factory=list)

    @property
    def version(self) -> DocumentVersion:
        return self.lease.version


def is_small(version: DocumentVersion) -> bool:
    """Whether a version that is taken up for the first time is small, as far as its file tells."""
    return version.parsed_at is None and version.attempts <= 1 and version.size <= SMALL_BYTES


def that_go_together(versions: Sequence[DocumentVersion]) -> list[DocumentVersion]:
    """Of versions in the order of their turn, not taken up yet: the first ones that go together, or the first alone."""
    chosen: list[DocumentVersion] = []
    size = 0
    for version in versions:
        size += version.size
        if not _is_quick(version) or size > BYTES:
            break
        chosen.append(version)
    return chosen or list(versions[:1])


def _is_quick(version: DocumentVersion) -> bool:
    fresh = version.attempts == 0 and is_small(version)
    return fresh and PurePosixPath(version.filename).suffix.lower() not in SLOW


def bring_together(leases: Sequence[Lease]) -> Lease | None:
    """Bring small versions to their end.

    What did not go well together is done alone: the first such version is handed back to the caller for that, the
    others are free again. A bug of ours that one version met is raised when the others are done.
    """
    burst = _Burst(list(leases))
    try:
        burst.read()
        burst.embed()
        burst.write()
    except SystemExit:
        with contextlib.suppress(OperationalError, InterfaceError):
            for lease in burst.leases:
                give_back(lease)
        raise
    except TogetherFailed as error:
        cause = error.__cause__
        logger.warning(
            "%d versions are done one by one: %s",
            len(burst.members),
            cause,
            exc_info=None if isinstance(cause, ModelError) else cause,
        )
        burst.alone += [member.lease for member in burst.members]
    for lease in burst.alone[1:]:
        lease.end()  # it was taken up once, so next time it goes alone
    if burst.bug is not None:
        for lease in burst.alone[:1]:
            lease.end()
        raise burst.bug
    return burst.alone[0] if burst.alone else None


class _Burst:
    """Versions on their way together. `leases` are those that are ours, as far as we know."""

    def __init__(self, leases: list[Lease]) -> None:
        self.leases = leases
        self.members: list[Member] = []
        self.alone: list[Lease] = []
        self.bug: Exception | None = None
        self.vectors: Vectors

    def pulse(self) -> None:
        """Keep all leases; whoever lost one is out. Raises LeaseLost when none is left."""
        for lease in list(self.leases):
            try:
                lease.pulse()
            except LeaseLost:
                self.leases.remove(lease)
        if not self.leases:
            raise LeaseLost

    def read(self) -> None:
        """The files → rows to write, one after the other."""
        started = time.monotonic()
        for lease in list(self.leases):
            if lease not in self.leases:
                continue
            if time.monotonic() - started > READING_SECONDS:
                self.leases.remove(lease)
                lease.end(state=State.QUEUED, attempts=0)
                continue
            read = False
            try:
                with setbacks(lease):
                    self._read_one(lease)
                    read = True
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:  # it is recorded, and stops no other
                self.bug = self.bug or error
            if not read and lease in self.leases:
                self.leases.remove(lease)

    def _read_one(self, lease: Lease) -> None:
        version = lease.version

        def ours() -> None:
            self.pulse()
            if lease not in self.leases:
                raise LeaseLost(version.pk)

        with reading_of(lease, ours) as reading, reading.finish() as parsed:
            summary = parsed.summary
            if summary.characters > SMALL_CHARACTERS or summary.parts > SMALL_PARTS:
                self.alone.append(lease)
                return
            parts = list(parsed.parts())
            pages: list[Page] = []
            for ordinal, part in enumerate(parts):
                pages.append(page_row(version, ordinal, pages[-1].end if pages else 0, part))
            cut = [passage_row(version, draft) for draft in passages(parts)]
            if not cut:
                raise ParseError("no_text")
            count = max((page.number for page in pages if page.number is not None), default=None)
            told = told_by(parsed, count, len(cut), timezone.now())
            for name in ("metadata", "warnings", "passage_count"):
                setattr(version, name, told[name])
            member = Member(lease, told, pages, list(tables(parts, parsed.media_type)), cut)
        self._examine(member)
        lease.done, lease.total, lease.unit = 0, len(cut), "passages"
        self.members.append(member)

    def _examine(self, member: Member) -> None:
        """The report is there to help: where it fails, the version answers anyway."""
        table_count = sum(batch.last for batch in member.tables)
        table_passages = sum(passage.kind == "table" for passage in member.passages)
        try:
            report, member.signature = quality.report_on(member.version, member.pages, table_count, table_passages)
        except Exception:
            logger.exception("Version %s got no report.", member.version.pk)
            return
        member.told |= {
            "report": report,
            "needs_look": quality.needs_look(report),
            "signature": member.signature or None,
            "tried_at": None,
        }

    def embed(self) -> None:
        """Passages → vectors, in one call; the terms are counted meanwhile."""
        self.members = [member for member in self.members if member.lease in self.leases]
        if not self.members:
            return
        texts = [
            passage_text(passage, title_of(member.version)) for member in self.members for passage in member.passages
        ]
        with acting_as_system():
            DocumentVersion.objects.filter(
                pk__in=[member.version.pk for member in self.members], lease=self.leases[0].token
            ).update(state=State.EMBEDDING, heartbeat_at=Now(), progress_unit="passages")
        servers = answering_servers()  # here, as the other thread would open a connection of its own to ask
        calls = ThreadPoolExecutor(1, "embedding")
        try:
            call = calls.submit(embed_documents, texts, servers)
            for member in self.members:
                title = title_of(member.version)
                member.entries = [indexing.entry_of(passage, title) for passage in member.passages]
            self.vectors = waited_for(call, self.pulse)
        except LeaseLost:
            self.members = []
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            raise TogetherFailed from error
        finally:
            calls.shutdown(wait=False, cancel_futures=True)

    def write(self) -> None:
        """All rows, and the versions begin to answer, in one transaction."""
        if not self.members:
            return
        try:
            generation = generation_for_writing(self.vectors.shape[1])
            with acting_as_system():
                # The documents first, as every verb locks them.
                wanted = Document.objects.filter(pk__in={member.version.document_id for member in self.members})
                documents = {row.pk: row for row in wanted.order_by("pk").select_for_update(no_key=True)}
                held = {lease.version_id for lease in hold([member.lease for member in self.members])}
                if members := [member for member in self.members if member.version.pk in held]:
                    self._write_rows(members)
                    rows = [member.version.pk in held for member in self.members for _ in member.passages]
                    entries = [entry for member in members for entry in member.entries]
                    indexing.write_whole_versions(generation, entries, self.vectors[rows])
                    forget([member.version.pk for member in members])
                for member in members:
                    member.lease.set(lease="", heartbeat_at=Now(), **member.told, **ready(len(member.passages)))
                    let_answer(documents[member.version.document_id], member.version)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            raise TogetherFailed from error

    def _write_rows(self, members: Sequence[Member]) -> None:
        for member in members:
            version = member.version
            for page in member.pages:
                page.scope_id = version.scope_id
            for passage in member.passages:
                passage.scope_id, passage.collection_id = version.scope_id, version.document.collection_id
        Page.objects.bulk_create([page for member in members for page in member.pages])
        TableWriter().write((member.version, batch) for member in members for batch in member.tables)
        Passage.objects.bulk_create([passage for member in members for passage in member.passages])
        quality.write_bands((member.version, member.signature) for member in members)

"""Small files that go together: each becomes what it would alone, and none stops another."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from django.db.models import Count
from django.utils import timezone

from accounts.models import Person
from kb import bursts, indexing, ingest, leases
from kb.access import acting_as, acting_as_system
from kb.chunking import passages
from kb.documents import add_document, cancel, delete_document, replace_document
from kb.embedding import Vectors, embed_documents
from kb.ingest import work_next
from kb.leases import SILENCE_SECONDS, Lease
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State, VersionBand
from kb.models_index import IndexedVersion, PassageVector, Posting
from kb.models_tables import DocumentTable
from kb.parsing import Part
from kb.readers import narrow
from kb.search import search_as
from llm.errors import ModelError
from llm.profiles import ModelServers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]
TIDES = "The gauge at pier {0} is read at {0} o'clock by whoever has the watch. " * 12
TABLE = "\n\n| Item | Price |\n|---|---|\n| Pen {0} | 1.50 |\n| Ink | 4.20 |\n"


@pytest.fixture
def files(admin: Person, handbook: Collection) -> list[Document]:
    return [add_document(handbook, f"{number}.md", BytesIO(text_of(number).encode()), by=admin) for number in range(4)]


def text_of(number: int) -> str:
    return f"# Pier {number}\n\n" + TIDES.format(number) + TABLE.format(number)


def states(documents: Sequence[Document]) -> list[str]:
    with acting_as_system():
        found = dict(DocumentVersion.objects.values_list("pk", "state"))
    return [found[document.latest_version_id or 0] for document in documents]


def ids(documents: Sequence[Document]) -> list[int]:
    return [document.latest_version_id or 0 for document in documents]


def what_is_kept() -> list[object]:
    """Everything that is written of the documents, but numbers and times."""
    with acting_as_system():
        versions = {row.pk: row.filename for row in DocumentVersion.objects.all()}
        passages = {row.pk: (versions[row.version_id], row.ordinal) for row in Passage.objects.all()}
        fields = ("filename", "state", "page_count", "passage_count", "characters", "media_type", "language")
        more = ("metadata", "warnings", "report", "needs_look", "progress_done", "attempts", "lease", "error_code")
        return [
            list(DocumentVersion.objects.order_by("pk").values_list(*fields, *more)),
            [bytes(row.signature or b"") for row in DocumentVersion.objects.order_by("pk")],
            list(Document.objects.order_by("pk").values_list("title", "current_version__filename")),
            list(Page.objects.order_by("pk").values_list("version__filename", "ordinal", "start", "text", "headings")),
            [
                (passages[row.pk], row.start, row.end, row.text, row.heading_path, row.kind, row.scope_id)
                for row in Passage.objects.order_by("pk")
            ],
            sorted((versions[row.version_id], row.passages, row.length) for row in IndexedVersion.objects.all()),
            sorted((row.term, passages[row.passage_id], row.frequency, row.length) for row in Posting.objects.all()),
            sorted((passages[row.passage_id], list(row.embedding)) for row in PassageVector.objects.all()),
            sorted(VersionBand.objects.values_list("version__filename", "band")),
            [
                (table.name, table.columns, table.row_count, list(table.batches.values_list("first", "rows")))
                for table in DocumentTable.objects.order_by("pk")
            ],
        ]


def test_they_go_together_and_become_what_they_would_alone(
    files: list[Document], admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    embed = embed_documents

    def counted(texts: Sequence[str], servers: ModelServers) -> Vectors:
        calls.append(len(texts))
        return embed(texts, servers)

    monkeypatch.setattr(bursts, "embed_documents", counted)
    assert work_next() == ids(files)
    assert states(files) == [State.READY] * 4
    assert len(calls) == 1
    together = what_is_kept()
    with acting_as_system():
        DocumentVersion.objects.update(state=State.QUEUED, parsed_at=None, attempts=1)
    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    assert [work_next() for _ in range(4)] == [[pk] for pk in ids(files)]
    assert what_is_kept() == together
    assert "pier 2" in search_as(admin, "Who reads the gauge at pier 2?")[0].text


def test_a_large_or_slow_file_goes_alone(admin: Person, handbook: Collection) -> None:
    sizes = [("a.md", 10), ("b.md", bursts.SMALL_BYTES + 1), ("c.md", 10), ("scan.PDF", 10), ("d.md", 10)]
    for name, size in sizes:
        add_document(handbook, name, BytesIO(b"x" * size), by=admin)
    taken = []
    while some := leases.claim_some(bursts.FILES, bursts.that_go_together):
        taken.append([lease.version.filename for lease in some])
    assert taken == [["a.md"], ["b.md"], ["c.md"], ["scan.PDF"], ["d.md"]]


def test_so_many_bytes_go_together(admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "BYTES", 25)
    for number in range(5):
        add_document(handbook, f"{number}.md", BytesIO(b"%d" % number * 10), by=admin)
    assert len(leases.claim_some(bursts.FILES, bursts.that_go_together)) == 2


def test_a_bad_file_stops_no_other(files: list[Document], admin: Person, handbook: Collection) -> None:
    bad = add_document(handbook, "empty.md", BytesIO(b" \n"), by=admin)
    last = add_document(handbook, "last.md", BytesIO(b"# Last\n\nThe last words."), by=admin)
    assert work_next() == ids([*files, bad, last])
    assert states([*files, bad, last]) == [State.READY] * 4 + [State.FAILED, State.READY]


def test_a_bug_in_one_is_raised_after_the_others_are_done(
    files: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = passages

    def broken(parts: list[Part]) -> object:
        if "Pier 1" in parts[0][0].text:
            raise ZeroDivisionError
        return cut(parts)

    monkeypatch.setattr(bursts, "passages", broken)
    with pytest.raises(ZeroDivisionError):
        work_next()
    assert states(files) == [State.READY, State.FAILED, State.READY, State.READY]


def test_a_text_that_the_model_refuses_stops_no_other(files: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    embed = embed_documents

    def refusing(texts: Sequence[str], servers: ModelServers) -> Vectors:
        if any("pier 1" in text for text in texts):
            raise ModelError("invalid_request", "not this one")
        return embed(texts, servers)

    for module in (bursts, ingest):
        monkeypatch.setattr(module, "embed_documents", refusing)
    assert work_next() == ids(files)
    assert states(files) == [State.READY] + [State.EMBEDDING] * 3
    while work_next():
        pass
    assert states(files) == [State.READY, State.FAILED, State.READY, State.READY]


def test_rows_that_cannot_be_written_stop_no_other(files: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError

    monkeypatch.setattr(indexing, "write_whole_versions", broken)
    while work_next():
        pass
    assert states(files) == [State.READY] * 4
    with acting_as_system():
        assert not Page.objects.values("version", "ordinal").annotate(count=Count("pk")).filter(count__gt=1)


def test_what_turns_out_large_goes_alone(
    files: list[Document], admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bursts, "SMALL_CHARACTERS", 2000)
    large = [
        add_document(handbook, name, BytesIO((text_of(7) * 3 + name).encode()), by=admin)
        for name in ("one.md", "two.md")
    ]
    work_next()
    assert states([*files, *large]) == [State.READY] * 5 + [State.PARSING]
    work_next()
    assert states(large) == [State.READY] * 2


def test_reading_for_long_gives_the_rest_back(files: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "READING_SECONDS", -1)
    assert work_next() == ids(files)
    assert states(files) == [State.QUEUED] * 4
    with acting_as_system():
        assert set(DocumentVersion.objects.values_list("attempts", "lease")) == {(0, "")}


@pytest.fixture
def while_embedding(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is put here happens while the model is at work on a burst."""
    happen: list[object] = []
    asked = threading.Event()
    release = threading.Event()
    embed = embed_documents

    def slow(texts: Sequence[str], servers: ModelServers) -> Vectors:
        asked.set()
        release.wait(60)
        return embed(texts, servers)

    def waiting(future: object, pulse: object) -> object:
        asked.wait(60)
        while happen:
            happen.pop()()  # type: ignore[operator]
        pulse()  # type: ignore[operator]
        release.set()
        return future.result()  # type: ignore[attr-defined]

    monkeypatch.setattr(leases, "PULSE_SECONDS", 0)
    monkeypatch.setattr(bursts, "embed_documents", slow)
    monkeypatch.setattr(bursts, "waited_for", waiting)
    return happen


def test_who_is_cancelled_or_deleted_meanwhile_is_left_out(
    files: list[Document], admin: Person, while_embedding: list[object]
) -> None:
    while_embedding += [lambda: cancel(files[1], admin), lambda: delete_document(files[2], by=admin)]
    work_next()
    assert states([files[0], files[1], files[3]]) == [State.READY, State.CANCELLED, State.READY]
    with acting_as_system():
        kept = {files[0].latest_version_id, files[3].latest_version_id}
        for model in (Page, Passage, Posting, PassageVector, VersionBand):
            assert set(model.objects.values_list("version_id", flat=True)) == kept, model
        assert PassageVector.objects.count() == Passage.objects.count()
    assert "pier 3" in search_as(admin, "Who reads the gauge at pier 3?")[0].text


def test_all_cancelled_meanwhile_write_nothing(
    files: list[Document], admin: Person, while_embedding: list[object]
) -> None:
    while_embedding += [lambda: [cancel(document, admin) for document in files]]
    work_next()
    assert states(files) == [State.CANCELLED] * 4
    with acting_as_system():
        assert not Page.objects.exists()


def test_who_is_narrowed_meanwhile_is_narrow(
    files: list[Document], admin: Person, alice: Person, while_embedding: list[object]
) -> None:
    while_embedding += [lambda: narrow(files[1], [], by=admin)]
    work_next()
    with acting_as(alice):
        seen = {files[0].latest_version_id, files[2].latest_version_id, files[3].latest_version_id}
        for model in (Page, Passage, Posting, PassageVector, VersionBand):
            assert set(model.objects.values_list("version_id", flat=True)) == seen, model


def test_two_versions_of_a_document_at_once(files: list[Document], admin: Person) -> None:
    second = replace_document(files[1], "1.md", BytesIO(b"# Pier 1\n\nPier 1 is closed for good."), by=admin)
    assert len(work_next()) == 5
    with acting_as_system():
        document = Document.objects.get(pk=files[1].pk)
        assert document.current_version_id == second.pk
    assert "closed for good" in search_as(admin, "Is pier 1 closed for good?")[0].text


class Killed(BaseException):
    """A worker's sudden end: nothing of ours gets to clean up after it."""


@pytest.mark.parametrize("at", ["read", "embed", "write", "_write_rows"])
def test_a_worker_that_dies_loses_nothing(files: list[Document], monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    whole = getattr(bursts._Burst, at)

    def dying(*args: object) -> None:
        whole(*args)
        if at != "write":
            raise Killed

    with monkeypatch.context() as until_death:
        until_death.setattr(bursts._Burst, at, dying)
        if at == "write":
            work_next()
        else:
            with pytest.raises(Killed):
                work_next()
            with acting_as_system():
                assert not Page.objects.exists()
                silent = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
                DocumentVersion.objects.update(heartbeat_at=silent)
    while work_next():
        pass
    assert states(files) == [State.READY] * 4
    with acting_as_system():
        assert PassageVector.objects.count() == Passage.objects.count()


def test_a_worker_told_to_end_gives_all_back(files: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*args: object, **kwargs: object) -> Vectors:
        raise SystemExit

    with monkeypatch.context() as ending:
        ending.setattr(bursts, "waited_for", told)
        with pytest.raises(SystemExit):
            work_next()
    with acting_as_system():
        assert set(DocumentVersion.objects.values_list("attempts", "lease")) == {(0, "")}
    assert work_next() == ids(files)
    assert states(files) == [State.READY] * 4


def test_their_hearts_beat_while_one_is_read(files: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "PULSE_SECONDS", 0)
    beaten: set[int] = set()
    pulse = Lease.pulse

    def watched(lease: Lease) -> None:
        beaten.add(lease.version_id)
        pulse(lease)

    monkeypatch.setattr(Lease, "pulse", watched)
    monkeypatch.setattr(bursts, "embed_documents", lambda texts: np.eye(len(texts), 256, dtype=np.float32))
    work_next()
    assert beaten == set(ids(files))

"""A library of any size, made up: real sentences put together at random, and unit vectors that have neighbours.

It is written by COPY straight into the product's tables, with the indexes made afterwards, because at the pace of the
pipeline 300,000 passages would take an hour. What stands in the tables is what the pipeline writes.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import Group
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

from accounts.models import Person
from kb import generations
from kb.access import acting_as_system, readable_scopes
from kb.indexing import fold_statistics
from kb.lexical import term_key, terms
from kb.models import Collection, Document, DocumentVersion, Passage, Scope, State
from kb.models_index import EmbeddingGeneration, IndexedVersion, PassageVector, Posting

DIMENSIONS = 1024
LATENT = 64  # as many directions as texts really differ in; the rest of the dimensions is theirs, mixed
TOPICS = 2000
SENTENCES = 5  # in a passage
PASSAGES = 10  # in a document
SHARES = {"a tenth": 10, "1 %": 100, "0.1 %": 1000}
"""What readers may read: every so manieth document."""
AT_ONCE = 10_000
MODEL = "bench-scale"
_SENTENCE = re.compile(r"[^.!?。！？\n]{20,400}[.!?。！？]")

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Library:
    """What was loaded: vectors by passage, the share that each passage belongs to, and who reads which share."""

    generation: EmbeddingGeneration
    readers: dict[str, Person]
    passage_ids: NDArray[np.int64]
    scopes: NDArray[np.int64]
    vectors: NDArray[np.float16]
    questions: list[str]
    asked: Vectors

    def readable(self, who: str) -> NDArray[np.bool_]:
        """Which passages somebody may read."""
        return np.isin(self.scopes, list(readable_scopes(self.readers[who]).values_list("pk", flat=True)))


def load(passages: int, questions: int, texts: Sequence[str]) -> Library:
    """Fill an empty database with so many passages."""
    sentences = [sentence for text in texts for sentence in _SENTENCE.findall(text)]
    if len(sentences) < 1000:
        raise SystemExit(f"{len(sentences)} sentences are too few to make a library of.")
    chance = np.random.default_rng(passages)
    documents = -(-passages // PASSAGES)
    readers, scopes = _readers()
    scope_of = np.full(documents, scopes["everything"], dtype=np.int64)
    for who, every in sorted(SHARES.items(), key=lambda share: share[1]):
        scope_of[1 :: max(every, 1)] = scopes[who]  # the rarer share takes some of the commoner one's
    versions = _documents(scope_of)
    passage_documents = np.arange(passages) // PASSAGES
    rows = np.column_stack([versions[passage_documents], scope_of[passage_documents]])
    generation = generations.ensure_generation(MODEL, DIMENSIONS)
    vectors = np.empty((passages, DIMENSIONS), dtype=np.float16)
    space = _Space(chance)
    chosen = chance.integers(len(sentences), size=(passages, SENTENCES))
    with _without_indexes("kb_posting", "kb_passagevector", "kb_passage"):
        ids = _passages(rows, chosen, sentences)
        lengths = _postings(ids, rows, chosen, sentences)
        for start in range(0, passages, AT_ONCE):
            batch = slice(start, min(start + AT_ONCE, passages))
            vectors[batch] = space.around(chance.integers(TOPICS, size=batch.stop - start), 0.7)
            _vectors(generation, ids[batch], rows[batch], vectors[batch])
    _totals(versions, scope_of, np.bincount(passage_documents), np.bincount(passage_documents, lengths).astype(int))
    fold_statistics()
    with connection.cursor() as cursor:
        cursor.execute("vacuum (analyze)")
    picked = chance.choice(passages, size=questions, replace=False)
    asked = vectors[picked].astype(np.float32) + 0.5 / np.sqrt(DIMENSIONS) * chance.normal(
        size=(questions, DIMENSIONS)
    ).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    words = [_question(sentences[chosen[row][0]]) for row in picked]
    return Library(generation, readers, ids, rows[:, 1], vectors, words, asked.astype(np.float32))


def _question(sentence: str) -> str:
    """The beginning of a sentence, as long as questions are: twelve words, or 24 Chinese characters."""
    start = " ".join(sentence.split()[:12])
    return start if start.isascii() else start[:24]


def remember(library: Library, path: Path) -> None:
    """Write down beside the database what the measuring needs to know of it."""
    np.savez(
        path,
        passage_ids=library.passage_ids,
        scopes=library.scopes,
        vectors=library.vectors,
        questions=np.array(library.questions),
        asked=library.asked,
    )


def restored(path: Path) -> Library | None:
    """What was remembered, if anything was."""
    if not path.exists():
        return None
    kept = np.load(path)
    readers = {"everything": Person.objects.get(username="everything")}
    readers |= {who: Person.objects.get(username=f"reader-{every}") for who, every in SHARES.items()}
    generation = EmbeddingGeneration.objects.get(model=MODEL)
    return Library(
        generation,
        readers,
        kept["passage_ids"],
        kept["scopes"],
        kept["vectors"],
        kept["questions"].tolist(),
        kept["asked"],
    )


def texts_in(folders: Sequence[Path]) -> list[str]:
    """The texts of BEIR folders, and of Markdown files in others."""
    found = []
    for folder in folders:
        if (corpus := folder / "corpus.jsonl").exists():
            with corpus.open(encoding="utf-8") as lines:
                found += [str(json.loads(line)["text"]) for line in lines]
        else:
            found += [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md"))]
    return found


class _Space:
    """Topics in few dimensions, shown in many, so that vectors have neighbours as texts have."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.chance = chance
        self.centres = chance.normal(size=(TOPICS, LATENT)).astype(np.float32)
        self.shown = chance.normal(size=(LATENT, DIMENSIONS)).astype(np.float32) / np.sqrt(LATENT)

    def around(self, topics: NDArray[np.int64], spread: float) -> Vectors:
        latent = self.centres[topics] + spread * self.chance.normal(size=(len(topics), LATENT))
        vectors = latent.astype(np.float32) @ self.shown
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _readers() -> tuple[dict[str, Person], dict[str, int]]:
    """A collection and a reader for each share, and an administrator who reads all."""
    readers = {"everything": Person.objects.create(username="everything", is_superuser=True)}
    scopes = {}
    with acting_as_system():
        for who in ("everything", *SHARES):
            collection = Collection.objects.create(name=who)
            scope = Scope.objects.create(collection=collection)
            scopes[who] = scope.pk
            if who in SHARES:
                group = Group.objects.create(name=who)
                scope.groups.add(group)
                readers[who] = Person.objects.create(username=f"reader-{SHARES[who]}")
                readers[who].groups.add(group)
    return readers, scopes


def _documents(scope_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ready documents with one version each; the versions' ids."""
    with acting_as_system():
        collections = dict(Scope.objects.values_list("pk", "collection_id"))
        documents = Document.objects.bulk_create(
            [
                Document(
                    collection_id=collections[scope], scope_id=scope, title=f"Document {number}", filename="made-up.txt"
                )
                for number, scope in enumerate(scope_of.tolist())
            ],
            batch_size=2000,
        )
        versions = DocumentVersion.objects.bulk_create(
            [
                DocumentVersion(
                    document=document, scope_id=document.scope_id, number=1, state=State.READY, size=1, language="en"
                )
                for document in documents
            ],
            batch_size=2000,
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "update kb_document d set current_version_id = v.id, latest_version_id = v.id "
                "from kb_documentversion v where v.document_id = d.id"
            )
    return np.array([version.pk for version in versions], dtype=np.int64)


def _passages(
    rows: NDArray[np.int64],
    chosen: NDArray[np.int64],
    sentences: Sequence[str],
) -> NDArray[np.int64]:
    """Write the passages' texts; their ids."""
    with acting_as_system():
        of_version = dict(DocumentVersion.objects.values_list("pk", "document_id"))
        collections = dict(Scope.objects.values_list("pk", "collection_id"))
    ids = np.arange(1, len(rows) + 1, dtype=np.int64)
    fields = list(Passage._meta.concrete_fields)

    def row(place: int) -> list[Any]:
        version, scope = rows[place].tolist()
        text = " ".join(sentences[number] for number in chosen[place])
        given: dict[str, Any] = {
            "id": place + 1,
            "version_id": version,
            "document_id": of_version[version],
            "collection_id": collections[scope],
            "scope_id": scope,
            "ordinal": place % PASSAGES,
            "start": place % PASSAGES * 4000,
            "end": place % PASSAGES * 4000 + len(text),
            "text": text,
        }
        return [given[field.attname] if field.attname in given else field.get_default() for field in fields]

    with _copying(Passage, [str(field.column) for field in fields]) as copy:
        for place in range(len(rows)):
            copy.write_row(row(place))
    return ids


def _postings(
    ids: NDArray[np.int64], rows: NDArray[np.int64], chosen: NDArray[np.int64], sentences: Sequence[str]
) -> NDArray[np.int64]:
    """Write the postings; the length of each passage in terms."""
    vocabulary: dict[str, int] = {}
    spelled = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(sentence)] for sentence in sentences]
    keys = np.array([term_key(term) for term in vocabulary], dtype=np.int64)
    flat = np.array([term for found in spelled for term in found], dtype=np.int64)
    sizes = np.array([len(found) for found in spelled], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    lengths = sizes[chosen].sum(axis=1)
    layout = _binary(
        [("term", ">i8"), ("scope", ">i8"), ("passage", ">i8"), ("version", ">i8"), ("f", ">f4"), ("l", ">i4")]
    )
    columns = ["term", "scope_id", "passage_id", "version_id", "frequency", "length"]
    with _copying(Posting, columns, binary=True) as copy:
        for start in range(0, len(ids), AT_ONCE):
            batch = chosen[start : start + AT_ONCE]
            each = sizes[batch].ravel()
            owner = np.repeat(np.repeat(np.arange(len(batch)), SENTENCES), each)
            offsets = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
            found = flat[np.repeat(starts[batch].ravel(), each) + offsets]
            pairs, counts = np.unique(owner * len(keys) + found, return_counts=True)
            place = start + pairs // len(keys)
            copy.write(
                layout([keys[pairs % len(keys)], rows[place, 1], ids[place], rows[place, 0], counts, lengths[place]])
            )
    return np.asarray(lengths, dtype=np.int64)


def _vectors(
    generation: EmbeddingGeneration, ids: NDArray[np.int64], rows: NDArray[np.int64], vectors: NDArray[np.float16]
) -> None:
    head = np.zeros((len(ids), 2), dtype=">u2")
    head[:, 0] = DIMENSIONS
    sent = np.concatenate([head.view(">u2"), vectors.astype(">f2").view(">u2")], axis=1)
    layout = _binary(
        [
            *[(name, ">i8") for name in ("generation", "passage", "version", "scope")],
            ("v", ">u2", DIMENSIONS + 2),
            ("in graph", "i1"),
        ]
    )
    columns = ["generation_id", "passage_id", "version_id", "scope_id", "embedding", "in_graph"]
    every = np.ones(len(ids), dtype=np.int64)
    with _copying(PassageVector, columns, binary=True) as copy:
        copy.write(layout([generation.pk * every, ids, rows[:, 0], rows[:, 1], sent, every]))


def _totals(
    versions: NDArray[np.int64], scope_of: NDArray[np.int64], passages: NDArray[np.int64], lengths: NDArray[np.int64]
) -> None:
    with acting_as_system():
        IndexedVersion.objects.bulk_create(
            [
                IndexedVersion(version_id=version, scope_id=scope, passages=count, length=length)
                for version, scope, count, length in zip(
                    versions.tolist(), scope_of.tolist(), passages.tolist(), lengths.tolist(), strict=True
                )
            ],
            batch_size=2000,
        )


def _binary(columns: list[Any]) -> Any:
    """A function from columns to rows of `COPY … (format binary)`: how many fields, then each with its size."""
    fields: list[Any] = [("fields", ">i2")]
    for name, kind, *shape in columns:
        fields += [(f"{name} size", ">i4"), (name, kind, *shape)]
    row = np.dtype(fields)

    def rows(values: Sequence[NDArray[Any]]) -> bytes:
        table = np.zeros(len(values[0]), dtype=row)
        table["fields"] = len(columns)
        for (name, *_), column in zip(columns, values, strict=True):
            table[f"{name} size"] = row[name].itemsize
            table[name] = column
        return table.tobytes()

    return rows


@contextmanager
def _copying(model: Any, columns: Sequence[str], *, binary: bool = False) -> Iterator[Any]:
    """COPY into a table. It is refused to those whom row-level security binds, so the login role does it."""
    statement = sql.SQL("copy {} ({}) from stdin {}").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(",").join(map(sql.Identifier, columns)),
        sql.SQL("(format binary)" if binary else ""),
    )
    with connection.cursor() as cursor:
        cursor.execute("reset role")
        try:
            with cursor.copy(statement) as copy:
                if binary:
                    copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
                yield copy
                if binary:
                    copy.write(b"\xff\xff")
        finally:
            cursor.execute("set role zhinang_app")


@contextmanager
def _without_indexes(*tables: str) -> Iterator[None]:
    """Take the tables' indexes away and make them again at the end, which is much faster than keeping them up."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select i.indexrelid::regclass::text, c.conrelid::regclass::text, c.conname,
                pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid)
            from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid
            where i.indrelid = any(%s::regclass[])
            and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = i.indexrelid)
            """,
            [list(tables)],
        )
        found = cursor.fetchall()
        for index, table, constraint, *_ in found:
            cursor.execute(f"alter table {table} drop constraint {constraint}" if constraint else f"drop index {index}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("set maintenance_work_mem = '2GB'")
        for _, table, constraint, definition, index in found:
            cursor.execute(f"alter table {table} add constraint {constraint} {definition}" if constraint else index)
        cursor.execute("reset maintenance_work_mem")

"""Index entries follow their passages: written twice they stand once, deleted they are gone, and totals stay right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Person
from kb import candidates as candidates_module
from kb import indexing
from kb.access import acting_as, acting_as_system
from kb.candidates import Wanted, candidates, survey
from kb.indexing import (
    fold_statistics,
    index_terms,
    index_version,
    passages_without_vectors,
    remove_version,
    set_scope,
    store_vectors,
)
from kb.models import Collection, Document, DocumentVersion, Passage, Scope
from kb.models_index import IndexedVersion, IndexTotal, PassageVector, Posting, TermFrequency
from kb.search import search_as
from llm.profiles import ModelServers
from tests.kb.shelves import revise, shelve

pytestmark = pytest.mark.django_db

TEXTS = ("Hotels cost 180 euros a night.", "Trains go in second class.", "…")


def rows(sql: str) -> list[tuple[Any, ...]]:
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(cursor.fetchall())


def totals() -> list[tuple[Any, ...]]:
    return rows("select scope_id, sum(passages), sum(length) from kb_indextotal group by 1 having sum(passages) <> 0")


def counted() -> list[tuple[Any, ...]]:
    """The totals as the postings themselves give them."""
    return rows(
        "select scope_id, count(*), sum(length) from "
        "(select distinct scope_id, passage_id, length from kb_posting) p group by 1"
    )


def test_indexing_twice_changes_nothing(handbook: Collection, model_server: ModelServers) -> None:
    document = shelve(handbook, "Travel", *TEXTS, vectors=True)
    version = document.current_version
    assert version is not None
    before = rows("select term, passage_id, frequency, length from kb_posting"), totals()
    vectors = rows("select passage_id, version_id from kb_passagevector")
    index_version(version.pk)
    assert (rows("select term, passage_id, frequency, length from kb_posting"), totals()) == before
    assert rows("select passage_id, version_id from kb_passagevector") == vectors
    assert len(vectors) == 3
    assert totals() == counted() == [(document.scope_id, 3, 9)]


def test_a_new_title_counts_once_it_is_indexed(handbook: Collection, alice: Person) -> None:
    document = shelve(handbook, "Travel", *TEXTS)
    assert document.current_version is not None
    index_terms(document.current_version.pk, title="Kantine")
    assert len(search_as(alice, "kantine", method="lexical")) == 3
    assert search_as(alice, "travel", method="lexical") == []


def test_progress_is_told_and_each_batch_is_a_transaction(
    handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PASSAGES_AT_ONCE", 2)
    document = shelve(handbook, "Travel", *TEXTS)
    assert document.current_version is not None
    told: list[int] = []
    index_terms(document.current_version.pk, progress=told.append)
    assert told == [2, 3]


def test_vectors_are_taken_up_where_an_interrupted_run_left_them(
    handbook: Collection, model_server: ModelServers
) -> None:
    from kb.embedding import embed_documents

    version = shelve(handbook, "Travel", *TEXTS).current_version
    assert version is not None
    missing = passages_without_vectors(version.pk)
    assert len(missing) == 3
    store_vectors(version.pk, missing[1:2], embed_documents([missing[1].text]))
    assert [passage.ordinal for passage in passages_without_vectors(version.pk)] == [0, 2]
    assert [passage.ordinal for passage in passages_without_vectors(version.pk, after=0, limit=5)] == [2]
    store_vectors(version.pk, [], embed_documents([]))


def delete_by_orm(document: Document) -> None:
    with acting_as_system():
        document.delete()


def delete_passages(document: Document) -> None:
    with acting_as_system():
        Passage.objects.filter(document=document).delete()


def remove(document: Document) -> None:
    assert document.current_version_id is not None
    remove_version(document.current_version_id)


@pytest.mark.parametrize("way", [delete_by_orm, delete_passages, remove])
def test_what_is_deleted_leaves_nothing(
    way: Callable[[Document], None], handbook: Collection, model_server: ModelServers
) -> None:
    kept = shelve(handbook, "Kept", "Trains go in first class.", vectors=True)
    way(shelve(handbook, "Travel", *TEXTS, vectors=True))
    with acting_as_system():
        assert set(Posting.objects.values_list("version_id", flat=True)) == {kept.current_version_id}
        assert set(PassageVector.objects.values_list("version_id", flat=True)) == {kept.current_version_id}
    assert totals() == counted() == [(kept.scope_id, 1, 4)]


def test_a_deleted_part_of_a_version_is_taken_off_the_totals(handbook: Collection) -> None:
    document = shelve(handbook, "Travel", *TEXTS)
    with acting_as_system():
        Passage.objects.get(document=document, ordinal=0).delete()
        indexed = IndexedVersion.objects.get()
    assert (indexed.passages, indexed.length) == (2, 4)
    assert totals() == counted()


def test_a_narrower_scope_takes_the_entries_along(
    handbook: Collection, model_server: ModelServers, alice: Person, bob: Person
) -> None:
    document = shelve(handbook, "Travel", *TEXTS, vectors=True)
    assert search_as(bob, "hotels")
    with acting_as_system():
        narrow = Scope.objects.create(collection=handbook, is_default=False)
        narrow.groups.set(alice.groups.all())
        Document.objects.filter(pk=document.pk).update(scope=narrow)
        for model in (DocumentVersion, Passage):
            model.objects.all().update(scope=narrow)
    set_scope(document.pk, narrow.pk)
    assert search_as(bob, "hotels") == []
    assert search_as(alice, "hotels")
    assert totals() == counted() == [(narrow.pk, 3, 9)]


def test_folding_keeps_the_sums(handbook: Collection, people_files: Collection) -> None:
    for number in range(4):
        shelve(handbook, f"Travel {number}", *TEXTS)
    remove(shelve(people_files, "Gone", "Secrets."))
    before = totals()
    assert fold_statistics()
    assert totals() == before == counted()
    with acting_as_system():
        assert IndexTotal.objects.count() == 1


def test_frequent_terms_are_counted_ahead(
    handbook: Collection, people_files: Collection, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils import timezone

    for number in range(4):
        shelve(handbook, f"Travel {number}", *TEXTS)
    shelve(people_files, "Hotels", "Hotels for the board.")

    def counts() -> dict[str, int]:
        with acting_as(alice):
            ground = survey("Which hotels and trains?", Wanted(timezone.localdate()), None)
        return {term.text: term.passages for term in ground.terms}

    exact = counts()
    assert exact == {"hotel": 5, "train": 4}
    monkeypatch.setattr(indexing, "FREQUENT", 3)
    fold_statistics()
    with acting_as_system():
        assert TermFrequency.objects.filter(passages=4).count() >= 2
    assert counts() == exact


def test_what_others_may_not_read_counts_for_nobody_else(
    handbook: Collection, people_files: Collection, alice: Person, bob: Person
) -> None:
    """Scores give no hint of what somebody may not read."""
    from django.utils import timezone

    shelve(handbook, "Travel", *TEXTS)
    alone = search_as(bob, "hotels", method="lexical")[0].score
    for number in range(5):
        shelve(people_files, f"Hotels {number}", "Hotels for the board.")
    assert search_as(bob, "hotels", method="lexical")[0].score == alone
    with acting_as(bob):
        assert survey("hotels", Wanted(timezone.localdate()), None).passages == 3


def test_common_terms_score_what_rare_ones_found(
    handbook: Collection, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        shelve(handbook, f"Policy {number}", f"Hotels of class {number}.")
    query = "hotels of class 3"
    everything = search_as(alice, query, method="lexical")
    monkeypatch.setattr(candidates_module, "READ_AT_MOST", 2)
    rarest = search_as(alice, query, method="lexical")
    assert [hit.text for hit in rarest] == ["Hotels of class 3."]
    assert rarest[0].score == pytest.approx(everything[0].score)


def test_few_postings_score_as_many_do(
    handbook: Collection, model_server: ModelServers, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        shelve(handbook, f"Policy {number}", f"Hotels of class {number}.", "Trains are slow.", vectors=True)
    few = search_as(alice, "hotels of class 3", limit=20)
    monkeypatch.setattr(candidates_module, "FEW", 0)
    assert search_as(alice, "hotels of class 3", limit=20) == few


def test_what_leaves_nothing_out_is_not_looked_at(handbook: Collection, alice: Person) -> None:
    from django.utils import timezone

    today = timezone.localdate()

    def left_out() -> tuple[bool, bool]:
        with acting_as(alice):
            ground = survey("hotels", Wanted(today), None)
        return ground.hidden, ground.disabled

    document = shelve(handbook, "Travel", *TEXTS)
    assert left_out() == (False, False)
    with acting_as_system():
        Passage.objects.filter(document=document).update(enabled=False)
    assert left_out() == (False, True)
    revise(document, "Another text.", effective_to=today - timedelta(days=1))
    assert left_out() == (True, True)


def test_a_search_by_vectors_still_tells_the_words(
    handbook: Collection, model_server: ModelServers, alice: Person
) -> None:
    shelve(handbook, "Travel", *TEXTS, vectors=True)
    first = search_as(alice, "hotels", method="dense")[0]
    assert first.why.lexical_score == pytest.approx(search_as(alice, "hotels", method="lexical")[0].score)


@pytest.mark.django_db(transaction=True)
def test_totals_stay_right_while_many_write_at_once(handbook: Collection, people_files: Collection) -> None:
    def work(number: int) -> None:
        try:
            collection = (handbook, people_files)[number % 2]
            document = shelve(collection, f"Document {number}", *TEXTS)
            revise(document, f"Only version two of {number}.")
            if number % 3 == 0:
                delete_by_orm(document)
            elif number % 3 == 1:
                fold_statistics()
                remove(document)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(16)))
    assert totals() == counted() != []
    while not fold_statistics():
        pass
    assert totals() == counted()


@pytest.mark.django_db(transaction=True)
def test_only_one_folds_at_a_time(handbook: Collection) -> None:
    def fold_elsewhere() -> bool:
        try:
            return fold_statistics()
        finally:
            connection.close()

    with acting_as_system(), connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("select pg_advisory_xact_lock(%s)", [indexing.FOLDING_LOCK])
        assert pool.submit(fold_elsewhere).result() is False
    assert fold_statistics() is True


def test_candidates_need_no_words(handbook: Collection, alice: Person) -> None:
    from django.utils import timezone

    shelve(handbook, "Travel", *TEXTS)
    wanted = Wanted(timezone.localdate())
    with acting_as(alice):
        ground = survey("xyzzy", wanted, None)
        assert ground.terms == []
        assert candidates(ground, wanted, pool=10) == []

"""Questions find passages: the right ones, for the right people, on the right day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from accounts.models import Person
from kb import candidates, reading
from kb.access import NotActing, acting_as, acting_as_system
from kb.models import Collection, Document, Page, Passage
from kb.search import Hit, search, search_as
from llm.profiles import Endpoint, Limits, ModelServers
from tests.kb.shelves import revise, shelve
from tests.serving import served

pytestmark = pytest.mark.django_db


def texts(hits: list[Hit]) -> list[str]:
    return [hit.text for hit in hits]


@pytest.fixture
def travel(handbook: Collection, model_server: ModelServers) -> Document:
    return shelve(
        handbook,
        "Travel policy",
        "Employees may spend up to 180 euros for a night in a hotel.",
        "Trains are booked in second class.",
        "出差住宿标准为每晚不超过600元。",
        headings=("Rules",),
        vectors=True,
    )


def test_a_question_finds_its_passage(travel: Document, alice: Person) -> None:
    hit, *_ = search_as(alice, "How much may a hotel cost per night?")
    assert hit.text == "Employees may spend up to 180 euros for a night in a hotel."
    assert (hit.title, hit.filename, hit.heading_path) == ("Travel policy", "Travel policy.md", ("Rules",))
    assert hit.document_id == travel.pk
    assert hit.why.lexical_rank == 1
    assert hit.why.dense_rank == 1
    assert set(hit.why.matched_terms) == {"hotel", "night"}


def test_a_hit_tells_how_much_of_the_question_its_words_hold(travel: Document, alice: Person) -> None:
    def share(query: str) -> float:
        return search_as(alice, query)[0].why.lexical_share

    assert share("hotel night") > 0.9
    assert share("hotel night") > share("hotel night in Atlantis") > share("hotel night in Atlantis with unicorns") > 0
    assert share("unicorns") == 0


def test_a_chinese_question_finds_its_passage(travel: Document, alice: Person) -> None:
    assert search_as(alice, "出差住宿標準是多少？")[0].text == "出差住宿标准为每晚不超过600元。"


@pytest.mark.parametrize("method", ["lexical", "dense", "fused"])
def test_every_method_finds_it(travel: Document, alice: Person, method: str) -> None:
    assert "180 euros" in search_as(alice, "hotel night", method=method)[0].text  # type: ignore[arg-type]


def test_the_limit_holds(travel: Document, alice: Person) -> None:
    assert len(search_as(alice, "hotel trains 出差", limit=2)) == 2
    assert search_as(alice, "hotel", limit=0) == []


@pytest.mark.parametrize(
    "query",
    ["", "   ", "?!", "的", "what is the", "\x01'\";--", "%s", "xyzzy" * 100, "\ud800 half", "hotel " * 5000, "\x00"],
)
def test_odd_questions_are_no_error(travel: Document, alice: Person, query: str) -> None:
    assert isinstance(search_as(alice, query), list)


def test_outside_acting_as_nobody_searches(travel: Document) -> None:
    with pytest.raises(NotActing):
        search("hotel")


def test_inside_acting_as_it_finds_the_same(travel: Document, alice: Person) -> None:
    outside = search_as(alice, "hotel night")
    with acting_as(alice):
        assert search("hotel night") == outside


def test_nobody_finds_what_they_may_not_read(
    people_files: Collection,
    handbook: Collection,
    model_server: ModelServers,
    alice: Person,
    bob: Person,
    admin: Person,
) -> None:
    shelve(people_files, "Salaries", "The salary of the director is confidential.", vectors=True)
    shelve(handbook, "Board minutes", "The salary of the board.", groups=["Board"], vectors=True)
    assert texts(search_as(alice, "salary director")) == ["The salary of the director is confidential."]
    assert search_as(bob, "salary director") == []
    assert len(search_as(admin, "salary director")) == 2


def test_a_raw_query_sees_no_row_of_the_index(travel: Document, people_files: Collection, bob: Person) -> None:
    shelve(people_files, "Salaries", "The salary of the director.", vectors=True)
    tables = ("kb_posting", "kb_passagevector", "kb_indexedversion", "kb_indextotal")

    def counts() -> list[int]:
        found = []
        for table in tables:
            with connection.cursor() as cursor:
                cursor.execute(f"select count(*) from {table}")
                found.append(cursor.fetchone()[0])
        return found

    assert counts() == [0] * len(tables)
    with acting_as(bob):
        seen = counts()
    with acting_as_system():
        everything = counts()
    assert all(0 < few < all_ for few, all_ in zip(seen, everything, strict=True))


def test_collections_and_documents_narrow_the_search(
    travel: Document, people_files: Collection, handbook: Collection, alice: Person, bob: Person
) -> None:
    other = shelve(people_files, "Hotels", "Our hotel contracts.", vectors=True)
    assert len(search_as(alice, "hotel")) == 4
    assert texts(search_as(alice, "hotel", collections=[people_files.pk])) == ["Our hotel contracts."]
    assert texts(search_as(alice, "hotel", documents=[other.pk])) == ["Our hotel contracts."]
    assert search_as(alice, "hotel", collections=[]) == []
    assert search_as(alice, "hotel", documents=[]) == []
    assert search_as(bob, "hotel", collections=[people_files.pk]) == []
    assert search_as(bob, "hotel", documents=[other.pk]) == []
    assert search_as(bob, "hotel", documents=[-1, 10**30], collections=[10**30]) == []


def test_only_the_current_version_answers(travel: Document, alice: Person) -> None:
    revise(travel, "Employees may spend up to 200 euros for a night in a hotel.", vectors=True)
    for method in ("lexical", "dense", "fused"):
        found = texts(search_as(alice, "hotel night euros", method=method))
        assert found == ["Employees may spend up to 200 euros for a night in a hotel."]


def test_as_of_another_day_the_version_of_that_day_answers(handbook: Collection, alice: Person) -> None:
    policy = shelve(handbook, "Leave", "Leave is 20 days.", effective_from=date(2023, 1, 1))
    revise(policy, "Leave is 25 days.", effective_from=date(2024, 1, 1), effective_to=date(2024, 6, 30))
    revise(policy, "Leave is 30 days.", effective_from=date(2999, 1, 1))

    def on(day: date | None) -> list[str]:
        return texts(search_as(alice, "leave days", as_of=day, method="lexical"))

    assert on(date(2022, 12, 31)) == []
    assert on(date(2023, 5, 1)) == ["Leave is 20 days."]
    assert on(date(2024, 1, 1)) == ["Leave is 25 days."]
    assert on(date(2024, 6, 30)) == ["Leave is 25 days."]
    assert on(date(2024, 7, 1)) == ["Leave is 20 days."]
    assert on(None) == ["Leave is 20 days."]
    assert on(date(2999, 1, 1)) == ["Leave is 30 days."]


def test_a_version_at_work_does_not_answer(handbook: Collection, alice: Person) -> None:
    leave = shelve(handbook, "Leave", "Leave is 20 days.")
    with acting_as_system():
        leave.versions.update(state="indexing")
    assert search_as(alice, "leave", method="lexical") == []


def test_disabled_passages_are_not_found(travel: Document, alice: Person) -> None:
    with acting_as_system():
        Passage.objects.filter(text__contains="hotel").update(enabled=False)
    for method in ("lexical", "dense", "fused"):
        assert not [hit for hit in search_as(alice, "hotel night", method=method) if "hotel" in hit.text]


def test_a_text_that_stands_twice_is_shown_once(handbook: Collection, alice: Person) -> None:
    documents = {
        shelve(handbook, title, "Hotels cost 180 euros.", f"Only in {title}: hotel names.").pk
        for title in ("Hotels", "Copy of hotels", "Hotels (old)")
    }
    hits = search_as(alice, "hotels euros", method="lexical")
    assert len(hits) == 4
    [hit] = [hit for hit in hits if hit.text == "Hotels cost 180 euros."]
    assert {hit.document_id, *hit.also_in} == documents
    assert not [other for other in hits if other is not hit and other.also_in]


def test_titles_and_headings_count(handbook: Collection, alice: Person) -> None:
    shelve(handbook, "Kantine", "Open from eleven to two.", headings=("Opening hours",))
    shelve(handbook, "Library", "Open from nine to five.")
    assert texts(search_as(alice, "kantine open", method="lexical"))[0] == "Open from eleven to two."
    assert texts(search_as(alice, "opening hours", method="lexical"))[0] == "Open from eleven to two."


def test_without_the_embedding_server_words_still_find(
    travel: Document, alice: Person, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MODEL_SERVERS = ModelServers.from_environment({"LOCAL_MODEL_URL": "http://127.0.0.1:9/v1"})
    hits = search_as(alice, "hotel night under no other circumstances")
    assert "hotel" in hits[0].text
    assert hits.degraded
    assert "goes by words alone" in caplog.text


@pytest.fixture
def reranker() -> Iterator[list[dict[str, Any]]]:
    """A rerank server that likes the last document best; `asked` holds what it was asked, `failing` lets it fail."""
    asked: list[dict[str, Any]] = []

    async def rerank(request: Request) -> JSONResponse:
        body = await request.json()
        asked.append(body)
        if "fail" in body["query"]:
            return JSONResponse({"error": {"message": "no"}}, status_code=400)
        count = len(body["documents"])
        ranked = [{"index": index, "relevance_score": index / count} for index in reversed(range(count))]
        return JSONResponse({"results": ranked[: body["top_n"]]})

    with served(Starlette(routes=[Route("/rerank", rerank, methods=["POST"])])) as url:
        asked.append({"url": f"{url}/rerank"})
        yield asked


@pytest.fixture
def reranked(travel: Document, model_server: ModelServers, reranker: list[dict[str, Any]], settings: Settings) -> None:
    endpoint = Endpoint(reranker.pop()["url"])
    limits = Limits(rerank=2, patience=0)
    settings.MODEL_SERVERS = replace(model_server, rerank=endpoint, rerank_model="some-reranker", limits=limits)


def test_a_rerank_server_orders_what_was_found(
    reranked: None, reranker: list[dict[str, Any]], alice: Person, settings: Settings
) -> None:
    hits = search_as(alice, "hotel night", limit=2)
    assert len(hits) == 2
    assert "hotel" not in hits[0].text
    assert hits[0].why.rerank_score == hits[0].score > hits[1].score
    assert reranker[0]["documents"][0].startswith("Travel policy > Rules\nEmployees may spend")
    with acting_as(alice):
        assert search("hotel night", limit=2) == hits
    assert search_as(alice, "hotel night", method="lexical")[0].why.rerank_score is None


def test_without_the_rerank_server_results_keep_their_order(
    reranked: None, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    hits = search_as(alice, "hotel night fail")
    assert "hotel" in hits[0].text
    assert hits[0].why.rerank_score is None
    assert "results keep their order" in caplog.text


def paged(document: Document, gap: str = "\n") -> Document:
    """The document with its text as a page, its passages with `gap` between them."""
    with acting_as_system():
        version = document.versions.get()
        passages = list(version.passages.all())
        text = gap.join(passage.text for passage in passages)
        Page.objects.create(version=version, scope_id=document.scope_id, ordinal=0, start=0, end=len(text), text=text)
    return document


def test_neighbours_of_one_section_become_one_hit(handbook: Collection, alice: Person) -> None:
    document = paged(shelve(handbook, "Travel", "Hotels cost 180 euros.", "Hotels are booked early.", "Trains too."))
    [joined] = search_as(alice, "hotels booked", method="lexical", documents=[document.pk])
    assert joined.text == "Hotels cost 180 euros.\nHotels are booked early.\nTrains too."[joined.start : joined.end]
    assert joined.text.startswith("Hotels cost")
    assert joined.text.endswith("early.") or joined.text.endswith("too.")
    assert joined.why.lexical_rank == 1
    assert set(joined.why.matched_terms) == {"hotel", "book"}
    assert quote_is_readable(alice, joined)


def quote_is_readable(person: Person, hit: Hit) -> bool:
    with acting_as(person):
        return reading.read(hit.version_id, hit.start, hit.end) == hit.text


def test_neighbours_that_are_fetched_one_after_the_other_become_one_hit(handbook: Collection, alice: Person) -> None:
    numbered = ("one", "two", "three", "four", "five", "six")
    document = paged(shelve(handbook, "Travel", *(f"Hotel {number} is near." for number in numbered)))
    [joined] = search_as(alice, "hotel near", method="lexical", limit=2)
    assert joined.text == "\n".join(f"Hotel {number} is near." for number in numbered)
    assert joined.document_id == document.pk


@pytest.mark.parametrize("few", [0, 5000])
def test_the_matched_words_are_told_however_they_were_looked_up(
    travel: Document, alice: Person, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "FEW", few)
    hits = search_as(alice, "a hotel for a night, or trains in second class")
    matched = {hit.text.split()[0]: set(hit.why.matched_terms) for hit in hits}
    assert matched["Employees"] == {"hotel", "night"}
    assert matched["Trains"] == {"train", "second", "class"}
    assert matched["出差住宿标准为每晚不超过600元。"] == set()


def test_what_is_joined_makes_room_for_others(handbook: Collection, alice: Person) -> None:
    paged(shelve(handbook, "Travel", *(f"Hotel number {number} is near." for number in range(4))))
    shelve(handbook, "Fees", "The hotel fees.")
    assert len(search_as(alice, "hotel number near fees", method="lexical", limit=2)) == 2


def test_neighbours_of_other_sections_or_too_long_stay_apart(handbook: Collection, alice: Person) -> None:
    document = paged(shelve(handbook, "Travel", "Hotels cost 180 euros.", "Hotels are booked early."))
    with acting_as_system():
        Passage.objects.filter(document=document, ordinal=1).update(heading_path=["Booking"])
    assert len(search_as(alice, "hotels", method="lexical")) == 2
    shelve(handbook, "Long", "pool " * 300 + "end.", "pool " * 300 + "begin.")
    assert len(search_as(alice, "pool", method="lexical")) == 2


def test_what_says_the_same_is_shown_once(handbook: Collection, alice: Person) -> None:
    says = (
        "Employees may spend up to 180 euros for a night in a hotel, and more where nothing cheaper is to be had. "
        "They book it themselves and hand in the invoice when they are back."
    )
    alike = {
        shelve(handbook, "Hotels", says).pk,
        shelve(handbook, "Hotels, a copy", says.replace("hand in", "send in")).pk,
    }
    other = shelve(handbook, "Hotels abroad", says.replace("180", "220"))
    shown = search_as(alice, "hotel night euros", method="lexical")
    assert len(shown) == 2
    [hit] = [hit for hit in shown if hit.document_id != other.pk]
    assert {hit.document_id, *hit.also_in} == alike

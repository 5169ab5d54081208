"""A search can be narrowed to types of documents, languages, tags and days, within what somebody may read."""

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import Person
from kb import candidates
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.filters import TYPES, DocumentType, Filters
from kb.models import Collection, Document
from kb.parsing.kinds import KINDS
from kb.search import search_as
from llm.profiles import ModelServers
from tests.kb.shelves import revise, shelve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def library(handbook: Collection, people_files: Collection, model_server: ModelServers) -> dict[str, Document]:
    """Documents about hotels: a PDF of 2023, a sheet in Chinese changed in 2024, and one that bob may not read."""
    return {
        "policy": described(
            shelve(handbook, "policy", "Hotels cost 180 euros.", effective_from=date(2023, 5, 1), vectors=True),
            "application/pdf",
            "en",
            ["Travel", "2023"],
        ),
        "rates": described(
            shelve(handbook, "rates", "Hotels 酒店标准为每晚六百元。", vectors=True),
            KINDS["xlsx"].media_type,
            "zh",
            ["travel"],
        ),
        "secret": described(
            shelve(people_files, "secret", "Hotels of directors.", vectors=True), "application/pdf", "en", ["travel"]
        ),
    }


def described(document: Document, media_type: str, language: str, tags: list[str]) -> Document:
    with acting_as_system():
        document.versions.update(media_type=media_type, language=language)
        Document.objects.filter(pk=document.pk).update(tags=tags, updated_at=datetime(2024, 2, 1, 12, tzinfo=UTC))
    return document


CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"policy", "rates", "secret"}),
    ({"types": ["pdf"]}, {"policy", "secret"}),
    ({"types": ["spreadsheet", "mail"]}, {"rates"}),
    ({"types": ["mail"]}, set()),
    ({"languages": ["zh"]}, {"rates"}),
    ({"languages": ["zh", "en"]}, {"policy", "rates", "secret"}),
    ({"tags": ["TRAVEL "]}, {"policy", "rates", "secret"}),
    ({"tags": ["2023", "nothing"]}, {"policy"}),
    ({"dated_from": date(2024, 2, 1)}, {"rates", "secret"}),
    ({"dated_from": date(2024, 2, 2)}, set()),
    ({"dated_to": date(2024, 1, 31)}, {"policy"}),
    ({"dated_from": date(2023, 5, 1), "dated_to": date(2023, 5, 1)}, {"policy"}),
    ({"types": ["pdf"], "languages": ["zh"]}, set()),
    ({"types": ["pdf"], "tags": ["travel"], "dated_to": date(2024, 12, 31)}, {"policy", "secret"}),
]


@pytest.mark.parametrize("square", [candidates.EXACT_SQUARE, 0], ids=["exact", "walking"])
@pytest.mark.parametrize(("wanted", "found"), CASES)
def test_filters_narrow_each_method(
    wanted: dict[str, Any], found: set[str], square: int, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "EXACT_SQUARE", square)
    filters = Filters(**wanted)
    for method in ("lexical", "dense", "fused"):
        assert {hit.title for hit in search_as(alice, "hotels", filters=filters, method=method)} == found
        assert {hit.title for hit in search_as(bob, "hotels", filters=filters, method=method)} == found - {"secret"}


def test_filters_hold_together_with_documents_and_days(library: dict[str, Document], alice: Person) -> None:
    policy, rates = library["policy"].pk, library["rates"].pk
    pdfs = Filters(types=["pdf"])
    assert [hit.title for hit in search_as(alice, "hotels", documents=[policy, rates], filters=pdfs)] == ["policy"]
    assert search_as(alice, "hotels", documents=[rates], filters=pdfs) == []
    assert {hit.title for hit in search_as(alice, "hotels", as_of=date(2023, 4, 30), filters=pdfs)} == {"secret"}


def test_another_version_may_be_of_another_type(library: dict[str, Document], alice: Person) -> None:
    revise(library["policy"], "Hotels cost 200 euros.", effective_from=date(2024, 1, 1))
    with acting_as_system():
        library["policy"].versions.filter(number=2).update(media_type="text/markdown")
    assert [hit.title for hit in search_as(alice, "hotels", filters=Filters(types=["markdown"]))] == ["policy"]
    assert {hit.title for hit in search_as(alice, "hotels", filters=Filters(types=["pdf"]))} == {"secret"}


def test_the_last_day_is_not_before_the_first() -> None:
    with pytest.raises(DocumentError, match="before the first"):
        Filters(dated_from=date(2024, 1, 2), dated_to=date(2024, 1, 1))


def test_every_kind_of_file_has_a_type() -> None:
    from kb.filters import _KINDS_OF

    assert {kind for kinds in _KINDS_OF.values() for kind in kinds} == set(KINDS)
    assert set(_KINDS_OF) == set(TYPES) == set(get_args(DocumentType))


def test_the_api_takes_them(bob: Person, client: Client) -> None:
    def ask(**narrowed: Any) -> Any:
        headers = {"Authorization": f"Bearer {create_api_key(bob, 'test')}"}
        body = {"query": "hotels", **narrowed}
        return client.post("/api/v1/search", body, content_type="application/json", headers=headers)

    def titles(**narrowed: Any) -> list[str]:
        return [hit["title"] for hit in ask(**narrowed).json()["hits"]]

    assert titles(types=["pdf"]) == ["policy"]
    assert titles(languages=["zh"], tags=["travel"]) == ["rates"]
    assert titles(dated_from="2024-01-01", dated_to="2024-12-31") == ["rates"]
    assert ask(types=["parchment"]).status_code == 422
    assert ask(tags=[]).status_code == 422
    backwards = ask(dated_from="2024-01-02", dated_to="2024-01-01")
    assert (backwards.status_code, backwards.json()["error"]["code"]) == (422, "dates_reversed")

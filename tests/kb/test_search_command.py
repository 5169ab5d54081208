"""`manage.py search` shows what somebody would find."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion
from llm.profiles import ModelServers
from tests.kb.shelves import shelve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def library(handbook: Collection, people_files: Collection, model_server: ModelServers) -> None:
    shelve(handbook, "Travel", "Hotels cost 180 euros a night.", headings=("Rules",), vectors=True)
    shelve(people_files, "Salaries", "Hotels are paid with the salary.", vectors=True)


def shown(*arguments: str) -> str:
    out = StringIO()
    call_command("search", *arguments, stdout=out)
    return out.getvalue()


def test_the_operator_finds_everything() -> None:
    text = shown("hotels")
    assert "1. Travel > Rules" in text
    assert "Salaries" in text


def test_others_find_what_they_may_read(bob: Person, alice: Person) -> None:
    assert "Salaries" in shown("hotels", "--as", "alice")
    assert "Salaries" not in shown("hotels", "--as", "bob")


def test_one_json_object_comes_last() -> None:
    found = json.loads(shown("hotels", "--json", "--limit", "1").splitlines()[-1])
    assert found["degraded"] is False
    assert [hit["title"] for hit in found["hits"]] == ["Travel"]
    assert found["hits"][0]["why"]["matched_terms"] == ["hotel"]


def test_a_collection_narrows_it_and_must_exist() -> None:
    assert "Travel" not in shown("hotels", "--collection", "People files")
    with pytest.raises(CommandError, match="no collection Nowhere"):
        shown("hotels", "--collection", "Nowhere")


def test_somebody_unknown_is_said_so() -> None:
    with pytest.raises(CommandError, match="no account nobody"):
        shown("hotels", "--as", "nobody")


def test_types_languages_tags_and_days_narrow_it(handbook: Collection) -> None:
    with acting_as_system():
        Document.objects.filter(title="Travel").update(tags=["2024"])
        DocumentVersion.objects.filter(document__title="Travel").update(media_type="application/pdf", language="en")
    for narrowed in (["--type", "pdf"], ["--language", "en"], ["--tag", "2024"]):
        assert "Travel" in shown("hotels", *narrowed)
        assert "Salaries" not in shown("hotels", *narrowed)
    assert shown("hotels", "--from", "2000-01-01", "--to", "2000-12-31") == ""
    with pytest.raises(CommandError, match="before the first"):
        shown("hotels", "--from", "2001-01-01", "--to", "2000-12-31")

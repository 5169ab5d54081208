"""Comparing documents and versions."""

import json
from datetime import date

import pytest

from accounts.models import Person
from agents.tools import ToolError
from kb.access import acting_as_system
from kb.embedding import embed_documents
from kb.indexing import index_version
from kb.matching import folded
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State
from tests.agents.conftest import LEAVE, AddDocument
from tests.agents.test_tools import call, deps_for

NEW = (
    "Staff are entitled to 18 days of annual leave a year. Carried days expire on 31 March. "
    "Leave is asked for in the portal."
)


@pytest.fixture
def leave(add_document: AddDocument, handbook: Collection) -> Document:
    """A policy whose second version is in force from 2025 on."""
    document = add_document(handbook, "Leave policy", LEAVE)
    with acting_as_system():
        first = document.current_version
        assert first
        DocumentVersion.objects.filter(pk=first.pk).update(effective_to=date(2025, 1, 1))
        second = DocumentVersion.objects.create(
            document=document, scope_id=first.scope_id, number=2, filename="b.md", sha256="b" * 64, size=len(NEW),
            state=State.READY, characters=len(NEW), passage_count=1, effective_from=date(2025, 1, 1),
        )  # fmt: skip
        place = {"version": second, "scope_id": first.scope_id, "ordinal": 0, "start": 0, "end": len(NEW)}
        Page.objects.create(**place, text=NEW, folded=folded(NEW))
        Passage.objects.create(**place, document=document, collection=handbook, text=NEW, heading_path=["Leave"])
        Document.objects.filter(pk=document.pk).update(current_version=second, latest_version=second)
    index_version(second.pk, embed=embed_documents)
    return document


def test_versions_are_compared_sentence_by_sentence_with_sources(leave: Document, bob: Person) -> None:
    result = call(deps_for(bob), "compare_documents", document=leave.pk)
    data = result.data
    assert data["changed"] == [
        {
            "first": "Staff are entitled to 18 days of annual leave a year.",
            "other": "Staff are entitled to 15 days of annual leave a year.",
        }
    ]
    assert data["only_in_first"] == ["Leave is asked for in the portal."]
    assert data["only_in_other"] == ["Up to 5 unused days carry over to the next year."]
    assert data["same_sentences"] == 1
    assert len({one.source.version for one in result.shown}) == 2, "both versions can be cited"
    json.dumps(data)


def test_what_cannot_be_compared_is_said(
    leave: Document, add_document: AddDocument, handbook: Collection, people_files: Collection, bob: Person
) -> None:
    other = add_document(handbook, "Holidays", "Staff are entitled to 15 days of annual leave a year. May 1 is free.")
    secret = add_document(people_files, "Salaries", "The salary is 5.")
    data = call(deps_for(bob), "compare_documents", document=other.pk, other=leave.pk).data
    assert [one["other"] for one in data["changed"]] == ["Staff are entitled to 18 days of annual leave a year."]
    for arguments in (
        {"document": other.pk},
        {"document": other.pk, "other": other.pk},
        {"document": leave.pk, "other": secret.pk},
        {"document": leave.pk, "section": "Nothing"},
    ):
        with pytest.raises(ToolError, match=r"\.$"):
            call(deps_for(bob), "compare_documents", **arguments)


def test_a_range_is_read(leave: Document, bob: Person) -> None:
    assert call(deps_for(bob), "read_document", document=leave.pk, start=0, end=10).found == 1
    with pytest.raises(ToolError):
        call(deps_for(bob), "read_document", document=leave.pk, start=len(NEW), end=len(NEW) + 10)

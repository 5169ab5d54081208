"""The report of a version: made on the way, never in the way, and telling nobody of what they may not read."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.api_keys import create_api_key
from accounts.models import Person
from kb import quality
from kb.access import acting_as, acting_as_system
from kb.documents import add_document, replace_document
from kb.findings import findings
from kb.ingest import work_next
from kb.models import Collection, Document, DocumentVersion, State, VersionBand
from kb.quality import similar_to, try_due
from kb.readers import narrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]
FILES = Path(__file__).resolve().parents[1] / "samples"
TEXT = "# Tides\n\n" + "\n\n".join(
    f"The gauge at station {number} is read at {number % 24} o'clock by whoever has the watch on pier {number * 7}."
    for number in range(30)
)


def ready(collection: Collection, by: Person, name: str, content: bytes) -> DocumentVersion:
    document = add_document(collection, name, BytesIO(content), by=by)
    work_next()
    return version_of(document)


def version_of(document: Document) -> DocumentVersion:
    with acting_as_system():
        return DocumentVersion.objects.select_related("document").get(pk=document.latest_version_id or 0)


def titles(version: DocumentVersion, person: Person) -> list[str]:
    with acting_as(person):
        return [one.document.title for one in similar_to(version)]


def test_a_scan_says_how_surely_it_was_read(admin: Person, handbook: Collection) -> None:
    version = ready(handbook, admin, "scan.pdf", (FILES / "scan.pdf").read_bytes())
    assert version.report["recognised"] == version.report["pages"] > 0
    assert 0.5 < version.report["confidence"] <= 1


@pytest.mark.parametrize(
    ("name", "encoding", "known"),
    [("utf8-bom.txt", "utf-8-sig", "mark"), ("rules-zh.txt", "utf-8", "valid"), ("gb2312.html", "gb18030", "declared")],
)
def test_known_encodings_are_no_finding(
    admin: Person, handbook: Collection, name: str, encoding: str, known: str
) -> None:
    version = ready(handbook, admin, name, (FILES / name).read_bytes())
    assert (version.report["encoding"], version.report["encoding_known"]) == (encoding, known)
    assert "encoding_guessed" not in {finding.code for finding in findings(version.report)}


def test_a_guessed_encoding_says_how_sure_it_is(admin: Person, handbook: Collection) -> None:
    version = ready(handbook, admin, "gb18030.txt", (FILES / "gb18030.txt").read_bytes())
    (finding,) = [one for one in findings(version.report) if one.code == "encoding_guessed"]
    assert "gb18030" in finding.sentence
    assert float(version.report["encoding_known"]) > 0.75


def test_what_a_report_means_is_said_in_both_languages() -> None:
    report: dict[str, Any] = {"blank": 2, "blank_pages": [3, 7], "low": 1, "low_pages": [5], "unreadable": 4}
    report |= {"encoding": "cp1252", "encoding_known": "0.50", "warnings": 1}
    report |= {"questions": {"asked": 5, "found": 1, "missed": []}}
    for language, words in (("en", "3, 7"), ("zh-hans", "页")):
        with translation.override(language):
            found = findings(report)
            assert len(found) == 6
            assert all(one.look for one in found)
            assert words in found[0].sentence
            assert found[0].pages == (3, 7)
    assert findings({}) == []


def test_questions_made_from_it_find_their_place(admin: Person, handbook: Collection) -> None:
    version = ready(handbook, admin, "tides.md", TEXT.encode())
    assert try_due() == 1
    assert try_due() == 0
    version = version_of(version.document)
    asked = version.report["questions"]
    assert asked["asked"] == asked["found"] > 0
    assert not version.needs_look
    assert version.tried_at is not None


def test_a_text_that_search_cannot_find_is_worth_a_look(
    admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = ready(handbook, admin, "tides.md", TEXT.encode())
    monkeypatch.setattr(quality, "search_as", lambda *_, **__: [])
    try_due()
    version = version_of(version.document)
    assert version.report["questions"]["found"] == 0
    assert version.report["questions"]["missed"][0]["question"] in " ".join(TEXT.split())
    assert version.needs_look


def test_a_report_that_fails_keeps_nothing_from_answering(
    admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(version: DocumentVersion) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(quality, "report_on", broken)
    version = ready(handbook, admin, "tides.md", TEXT.encode())
    assert (version.state, version.report) == (State.READY, {})
    assert try_due() == 0


def test_documents_that_say_the_same_are_named_to_those_who_may_read_them(
    admin: Person, alice: Person, bob: Person, handbook: Collection, people_files: Collection
) -> None:
    version = ready(handbook, admin, "tides.md", TEXT.encode())
    ready(people_files, admin, "secret.md", TEXT.replace("# Tides", "# Secret tides").encode())
    ready(handbook, admin, "copy.txt", TEXT.encode())
    ready(handbook, admin, "other.md", b"# Other\n\n" + b"Something else altogether stands in this one. " * 20)
    assert titles(version, alice) == ["copy", "Secret tides"]
    assert titles(version, bob) == ["copy"]
    with acting_as(alice):
        assert [(one.identical, one.similarity > 0.8) for one in similar_to(version)] == [(True, True), (False, True)]
    with acting_as(admin):
        copy = Document.objects.get(title="copy")
    narrow(copy, ["People"], by=admin)
    assert titles(version, bob) == []
    with acting_as(bob):
        assert {band.version_id for band in VersionBand.objects.all()} <= set(
            DocumentVersion.objects.values_list("pk", flat=True)
        )
    replace_document(copy, "copy.txt", BytesIO(b"Now it says something quite different. " * 20), by=admin)
    work_next()
    assert titles(version, alice) == ["Secret tides"]


def test_page_list_and_api_show_it(admin: Person, alice: Person, handbook: Collection, client: Client) -> None:
    version = ready(handbook, admin, "tides.md", TEXT.encode())
    with acting_as_system():
        report = {**version.report, "blank": 1, "blank_pages": [2]}
        DocumentVersion.objects.update(report=report, needs_look=True)
    client.force_login(alice)
    page = client.get(f"/documents/d/{version.document_id}/report/").content.decode()
    assert "No text was found on 1 pages (2)." in page
    assert client.get(f"/documents/d/{version.document_id}/report/?version=9").status_code == 404
    assert "worth a look</a>" in client.get("/documents/?state=look").content.decode()
    key = create_api_key(alice, "report")
    found = Client(headers={"Authorization": f"Bearer {key}"}).get(f"/api/v1/documents/{version.document_id}/report")
    body = found.json()
    assert (body["version"], body["ready"], body["needs_look"], body["similar"]) == (1, True, True, [])
    assert [(one["code"], one["pages"]) for one in body["findings"]] == [("blank_pages", [2])]

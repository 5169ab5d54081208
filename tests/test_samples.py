"""The sample company must agree with itself: manifest, files, and golden questions."""

import email
import email.policy
import importlib
import json
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from samples.build import build, document_files
from samples.rendering.fonts import CHINESE_FONT

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
DOCUMENTS = SAMPLES / "documents"
COMPANY: dict[str, Any] = json.loads((SAMPLES / "company.json").read_text(encoding="utf-8"))
GOLDEN: list[dict[str, Any]] = [
    json.loads(line) for line in (SAMPLES / "golden.jsonl").read_text(encoding="utf-8").splitlines()
]
SIMPLE = [golden for golden in GOLDEN if golden["kind"] == "simple"]
DOCUMENT_OF = {version["file"]: document for document in COMPANY["documents"] for version in document["versions"]}
OFFICE = [file for file in DOCUMENT_OF if file.endswith((".docx", ".xlsx", ".pptx"))]


def _alternatives(entry: str | list[str]) -> list[str]:
    return [entry] if isinstance(entry, str) else entry


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def _valid(file: str, day: str) -> bool:
    version = next(version for version in DOCUMENT_OF[file]["versions"] if version["file"] == file)
    return (version["effective_from"] or "") <= day <= (version["effective_to"] or "9999")


def _visible(person: str, collection: str) -> bool:
    shelf = next(shelf for shelf in COMPANY["collections"] if shelf["key"] == collection)
    groups = next(one["groups"] for one in COMPANY["people"] if one["username"] == person)
    return bool(shelf["everyone"] or set(groups) & set(shelf["groups"]))


def _written(file: str) -> str:
    """What a person wrote: the text a document is built from, or the document itself."""
    for suffix in (".md", ".csv"):
        text = (SAMPLES / "texts" / file).with_suffix(suffix)
        if text.exists():
            return text.read_text(encoding="utf-8")
    if file.endswith(".eml"):
        message = email.message_from_bytes((DOCUMENTS / file).read_bytes(), policy=email.policy.default)
        return f"{message['Subject']}\n{message.get_content()}"
    return (DOCUMENTS / file).read_text(encoding="utf-8").replace("&amp;", "&")


def test_the_manifest_names_every_file_and_no_other() -> None:
    there = {path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*") if path.is_file()}
    assert set(document_files()) == there
    assert len(document_files()) == len(there)


def test_the_manifest_knows_its_people_groups_and_collections() -> None:
    groups = {group["key"] for group in COMPANY["groups"]}
    people = {person["username"] for person in COMPANY["people"]}
    collections = {collection["key"] for collection in COMPANY["collections"]}
    assert all(set(owner["groups"]) <= groups for owner in COMPANY["people"] + COMPANY["collections"])
    for document in COMPANY["documents"]:
        assert document["owner"] in people
        assert document["collection"] in collections
        assert all(version["file"].startswith(document["collection"] + "/") for version in document["versions"])


def test_versions_follow_each_other_without_gap_or_overlap() -> None:
    replaced = [document["versions"] for document in COMPANY["documents"] if len(document["versions"]) > 1]
    assert len(replaced) == 2
    for old, new in replaced:
        end, start = date.fromisoformat(old["effective_to"]), date.fromisoformat(new["effective_from"])
        assert (start - end).days == 1


def test_golden_questions_cover_what_they_should() -> None:
    kinds = Counter(golden["kind"] for golden in GOLDEN)
    assert kinds["simple"] >= 30
    assert kinds["complex"] >= 20
    assert kinds["absent"] >= 10
    assert len({golden["id"] for golden in GOLDEN}) == len(GOLDEN)
    asked = {Path(file).suffix for golden in SIMPLE for source in golden["sources"] for file in _alternatives(source)}
    assert asked == {Path(file).suffix for file in DOCUMENT_OF}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["id"])
def test_golden_sources_are_there_visible_and_in_force(golden: dict[str, Any]) -> None:
    assert bool(golden["sources"]) == (golden["kind"] != "absent") == bool(golden["answer_contains"])
    files = [file for source in golden["sources"] for file in _alternatives(source)]
    for file in files:
        assert _visible(golden["person"], DOCUMENT_OF[file]["collection"])
        if "as_of" in golden:
            assert _valid(file, golden["as_of"])
        else:
            assert DOCUMENT_OF[file]["versions"][-1]["effective_to"] is None, "true for a time only: give as_of"
    if golden.get("cross"):
        assert any(DOCUMENT_OF[file]["language"] != golden["lang"] for file in files)


@pytest.mark.parametrize("golden", SIMPLE, ids=lambda golden: golden["id"])
def test_simple_answers_stand_in_what_was_written(golden: dict[str, Any]) -> None:
    _assert_answered(golden, _written)


@pytest.mark.parametrize("golden", SIMPLE, ids=lambda golden: golden["id"])
def test_simple_answers_stand_in_what_is_read(golden: dict[str, Any], read: Callable[[str], str]) -> None:
    _assert_answered(golden, read)


def _assert_answered(golden: dict[str, Any], text_of: Callable[[str], str]) -> None:
    for file in (file for source in golden["sources"] for file in _alternatives(source)):
        text = _plain(text_of(file))
        for entry in golden["answer_contains"]:
            assert any(_plain(answer) in text for answer in _alternatives(entry)), (file, entry)


@pytest.fixture(scope="module")
def read() -> Callable[[str], str]:
    """The text of a sample as the product reads it, each file parsed once."""
    try:
        parsing = importlib.import_module("kb.parsing")
        limits = importlib.import_module("kb.parsing.limits").ParseLimits()
        parse_file = parsing.parse_file
    except (ImportError, AttributeError):
        pytest.skip("kb.parsing cannot read files yet")
    texts: dict[str, str] = {}

    def text_of(file: str) -> str:
        if file not in texts:
            path = DOCUMENTS / file
            parsed = parse_file(path, path.name, limits, lambda *_: None, lambda: False)
            texts[file] = "".join(page.text for page in parsed.pages())
        return texts[file]

    return text_of


@pytest.mark.parametrize("file", ["handbook/holidays-2026.csv", "finance/payments-due-2026-11.csv"])
def test_chinese_tables_are_gbk_as_excel_saves_them(file: str) -> None:
    data = (DOCUMENTS / file).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert data.decode("gbk").replace("\r\n", "\n") == _written(file)
    assert data.count(b"\r\n") == data.count(b"\n")


def test_the_scan_has_pictures_and_no_text() -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / "handbook/lab-safety-notice-scan.pdf") as scan:
        assert len(scan) == 2
        for page in scan:
            assert page.get_textpage().get_text_bounded() == ""
            assert [thing.type for thing in page.get_objects()] == [pdfium.FPDF_PAGEOBJ_IMAGE]


def test_the_chinese_pdf_gives_its_text_and_carries_its_font() -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / "handbook/leave-policy-2026.pdf") as policy:
        text = "".join(page.get_textpage().get_text_bounded() for page in policy)
    assert "当年未休完的年休假，最多可结转5天" in text
    assert b"/FontFile2" in (DOCUMENTS / "handbook/leave-policy-2026.pdf").read_bytes()


@pytest.mark.parametrize("file", OFFICE)
def test_office_files_are_built_from_their_texts(file: str, tmp_path: Path) -> None:
    assert build(file, tmp_path)
    with zipfile.ZipFile(DOCUMENTS / file) as kept, zipfile.ZipFile(tmp_path / file) as fresh:
        assert {name: kept.read(name) for name in kept.namelist()} == {
            name: fresh.read(name) for name in fresh.namelist()
        }


@pytest.mark.skipif(not CHINESE_FONT.exists(), reason="the generator's font is not installed")
@pytest.mark.parametrize("file", [file for file in DOCUMENT_OF if file.endswith(".pdf")])
def test_pdf_files_look_like_their_texts(file: str, tmp_path: Path) -> None:
    assert build(file, tmp_path)
    with pypdfium2.PdfDocument(DOCUMENTS / file) as kept, pypdfium2.PdfDocument(tmp_path / file) as fresh:
        assert len(kept) == len(fresh)
        for old, new in zip(kept, fresh, strict=True):
            assert old.render(scale=0.5).to_pil().tobytes() == new.render(scale=0.5).to_pil().tobytes()


def test_the_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in DOCUMENTS.rglob("*") if path.is_file()) < 3_000_000

"""Word, PowerPoint, workbooks and the other formats with structure."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import pytest

from kb.parsing import ParseError
from kb.parsing.sheets import cell_text
from tests.kb.parsing.conftest import SAMPLES, Reader, shapes


def test_word(parsed: Reader) -> None:
    document = parsed("travel-zh.docx")
    assert document.title == "差旅管理办法"
    assert document.language == "zh"
    assert shapes(document)[:3] == [
        ("heading", "差旅管理办法"),
        ("paragraph", "本办法适用于全体员工。"),
        ("heading", "住宿标准"),
    ]
    assert shapes(document)[-3:] == [("row", "城市\t上限"), ("row", "北京\t600"), ("row", "成都\t400")]
    assert document.blocks[-1].header == "城市\t上限"


def test_slides_are_pages_with_notes_and_without_hidden_ones(parsed: Reader) -> None:
    document = parsed("review.pptx")
    assert [page.number for page in document.pages] == [1, 2]
    assert shapes(document)[:4] == [
        ("heading", "Quarterly review"),
        ("list_item", "- Revenue grew"),
        ("list_item", "- by nine percent"),
        ("paragraph", "Thank the sales team."),
    ]
    assert "差旅\t1200" in document.pages[1].text
    assert "In a group" in document.pages[1].text
    assert "Hidden" not in document.text


def rewritten(name: str, changes: dict[str, bytes | None]) -> bytes:
    """A sample with some members replaced, or left out where None."""
    target = io.BytesIO()
    with zipfile.ZipFile(SAMPLES / name) as source, zipfile.ZipFile(target, "w") as sink:
        for info in source.infolist():
            data = changes.get(info.filename, source.read(info))
            if data is not None:
                sink.writestr(info.filename, data)
    return target.getvalue()


def test_a_damaged_slide_is_left_out_and_named(parsed: Reader) -> None:
    document = parsed("review.pptx", rewritten("review.pptx", {"ppt/slides/slide1.xml": b"<broken"}))
    assert "Slide 1" in document.warnings[0]
    assert "差旅" in document.text


def test_slides_survive_missing_notes_and_relations(parsed: Reader) -> None:
    changes = {"ppt/notesSlides/notesSlide1.xml": None, "ppt/slides/_rels/slide2.xml.rels": None}
    assert "Revenue grew" in parsed("review.pptx", rewritten("review.pptx", dict(changes))).text


@pytest.mark.parametrize("change", [b"<broken", b"<p:presentation xmlns:p='urn:none'/>"])
def test_a_show_without_slides_is_damaged(parsed: Reader, change: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("review.pptx", rewritten("review.pptx", {"ppt/presentation.xml": change}))
    assert caught.value.code == "damaged"


def test_workbook(parsed: Reader) -> None:
    document = parsed("costs.xlsx")
    assert [page.label for page in document.pages] == ["费用", "Notes"]
    assert document.pages[0].text.splitlines() == [
        "部门\t金额\t日期\t已批",
        "研发\t1200\t2026-03-01\tTRUE",
        "财务\t99.5\t2026-03-02 09:30:00\tFALSE",
    ]
    assert document.blocks[1].header == "部门\t金额\t日期\t已批"
    assert "far away" in document.text
    assert "secret" not in document.text


def test_cells_as_people_write_them() -> None:
    cells = (0.1 + 0.2, 3.0, datetime.time(9, 30), datetime.date(2026, 1, 2), True, 5, "x")
    assert [cell_text(cell) for cell in cells] == ["0.3", "3", "09:30:00", "2026-01-02", "TRUE", "5", "x"]


@pytest.mark.parametrize(
    ("name", "expected", "title"),
    [
        ("book.epub", [("heading", "Opening"), ("paragraph", "It begins here.")], "A small book"),
        ("letter.odt", [("heading", "制度"), ("paragraph", "正文一段。")], "制度"),
        ("notes.rtf", [("paragraph", "Body 差旅 text."), ("paragraph", "After")], "Notes on travel"),
    ],
)
def test_other_formats(parsed: Reader, name: str, expected: list[tuple[str, str]], title: str) -> None:
    document = parsed(name)
    assert shapes(document) == expected
    assert document.title == title


def test_xml_text(parsed: Reader) -> None:
    assert "值" in parsed("a.xml", '<?xml version="1.0" encoding="utf-8"?><root><b><c>值</c></b></root>').text


@pytest.mark.parametrize("name", ["travel-zh.docx", "costs.xlsx", "review.pptx", "book.epub"])
def test_cut_off_files_are_damaged(parsed: Reader, name: str) -> None:
    with pytest.raises(ParseError) as caught:
        parsed(name, (SAMPLES / name).read_bytes()[:-400])
    assert caught.value.code == "damaged"


def test_broken_xml_is_damaged(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("a.docx", rewritten("travel-zh.docx", {"word/document.xml": b"<w:document><unclosed"}))
    assert caught.value.code in ("damaged", "no_text")


def test_a_broken_sheet_is_left_out_and_named(parsed: Reader) -> None:
    document = parsed("a.xlsx", rewritten("costs.xlsx", {"xl/worksheets/sheet1.xml": b"<worksheet><unclosed"}))
    assert "费用" in document.warnings[0]
    assert "far away" in document.text


def test_entities_are_refused(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("entities.docx")
    assert caught.value.code == "hostile"


def test_samples_are_small() -> None:
    assert all(path.stat().st_size < 50_000 for path in Path(SAMPLES).iterdir())

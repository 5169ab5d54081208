"""PDF pages and scans: text in reading order with the box of every line."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import orjson
import pytest
from PIL import Image

from kb.parsing import ParseError, ParseLimits, Part, Recognized, kinds, ocr
from kb.parsing.layout import lay_out
from kb.parsing.ocr import read
from kb.parsing.printed import PrintedLine
from kb.parsing.recognized import Pictures
from tests.kb.parsing.conftest import SAMPLES, Reader, shapes


def test_pages_paragraphs_headings_and_rows(parsed: Reader) -> None:
    document = parsed("handbook.pdf")
    assert document.title == "Staff handbook"
    assert [page.number for page in document.pages] == [1, 2]
    assert ("heading", "Staff handbook") in shapes(document)
    assert ("heading", "Working hours") in shapes(document)
    assert ("heading", "第二章 年假") in shapes(document)
    leave = next(text for kind, text in shapes(document) if text.startswith("Every employee"))
    assert "counted from the first of January. Days" in leave
    assert leave.endswith("in writing.")
    assert [text for kind, text in shapes(document) if kind == "row"][:2] == [
        "City\tLimit\tCurrency",
        "Berlin\t150\tEUR",
    ]


def test_hyphens_stay_literal_and_chinese_lines_join(parsed: Reader) -> None:
    text = parsed("handbook.pdf").text
    assert "the thi-\nrd day on" in text
    assert "满二十年的，享受十五天" in text


def test_every_line_has_its_box(parsed: Reader) -> None:
    page = parsed("handbook.pdf").pages[0]
    assert (round(page.width), round(page.height)) == (595, 842)
    line = next(line for line in page.lines if page.text[line.start : line.end] == "Staff handbook")
    x0, y0, x1, y1 = line.box
    assert x0 == pytest.approx(60 / 595, abs=0.01)
    assert y1 == pytest.approx((842 - 780) / 842, abs=0.01)
    assert y0 < y1 < 0.1
    assert x0 < x1 < 0.4
    assert all(0 <= line.start < line.end <= len(page.text) for line in page.lines)


def test_turned_pages_have_boxes_as_shown(parsed: Reader) -> None:
    page = parsed("turned.pdf").pages[0]
    assert page.width > page.height
    x0, y0, x1, y1 = page.lines[0].box
    assert x0 > 0.9  # the top of the sheet is shown at the right
    assert y1 - y0 > x1 - x0


def test_columns_are_read_one_after_the_other(parsed: Reader) -> None:
    text = parsed("columns.pdf").text
    assert text.index("Column 1 line 30") < text.index("Column 2 line 01")


def test_the_outline_names_the_headings(parsed: Reader) -> None:
    document = parsed("outline.pdf")
    headings = [
        (text, block.level)
        for (kind, text), block in zip(shapes(document), document.blocks, strict=True)
        if kind == "heading"
    ]
    assert headings == [("Part 1", 1), ("Part 2", 2), ("Part 3", 2)]


def test_what_was_filled_into_a_form_is_read(parsed: Reader) -> None:
    document = parsed("form.pdf")
    assert shapes(document)[:3] == [
        ("row", "Applicant: Zhang Min"),
        ("row", "Department: Research"),
        ("paragraph", "Remarks: Approved:"),
    ]


def test_an_owner_password_does_not_stop_reading(parsed: Reader) -> None:
    assert "Everybody may read" in parsed("owner-password.pdf").text


def test_a_user_password_does(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("locked.pdf")
    assert caught.value.code == "encrypted"


def test_a_cut_off_pdf_is_read_or_damaged(parsed: Reader) -> None:
    data = (SAMPLES / "handbook.pdf").read_bytes()
    with pytest.raises(ParseError) as caught:
        parsed("a.pdf", data[:300])
    assert caught.value.code == "damaged"


def test_too_many_pages_are_refused(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("handbook.pdf", limits=ParseLimits(pages=1))
    assert caught.value.code == "too_large"


def test_scanned_page_is_read_by_ocr(parsed: Reader) -> None:
    page = parsed("scan.pdf").pages[0]
    assert "Meeting rooms are booked online" in page.text
    assert page.ocr_confidence is not None
    assert page.ocr_confidence > 0.8
    assert len(page.lines) == 2
    assert 0.1 < page.lines[0].box[1] < 0.25


def test_without_ocr_a_scan_has_no_text(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("scan.pdf", limits=ParseLimits(ocr=False))
    assert caught.value.code == "no_text"


def test_chinese_picture(parsed: Reader) -> None:
    document = parsed("scan-zh.png")
    assert "员工食堂中午十二点开放" in document.text
    assert document.language == "zh"
    assert document.media_type == "image/*"


def test_long_pictures_are_read_in_strips() -> None:
    with Image.open(SAMPLES / "scan.png") as picture:
        long = Image.new("RGB", (900, 2400), "white")
        long.paste(picture.convert("RGB"), (0, 0))
        long.paste(picture.convert("RGB"), (0, 1900))
    lines, _ = read(long)
    assert [line.text for line in lines].count("Doors close at 19:30") == 2
    assert lines[-1].box[1] > 0.8


def test_pictures_past_the_limit_and_broken_ones(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("scan.png", limits=ParseLimits(image_pixels=1000))
    assert caught.value.code == "too_large"
    with pytest.raises(ParseError) as caught:
        parsed("a.png", (SAMPLES / "scan.png").read_bytes()[:600])
    assert caught.value.code == "damaged"


def test_every_frame_of_a_tiff_is_a_page(parsed: Reader, tmp_path: Path) -> None:
    blank, sink = Image.new("L", (60, 40), "white"), io.BytesIO()
    with Image.open(SAMPLES / "scan.png") as picture:
        picture.convert("L").resize((450, 200)).save(sink, "TIFF", save_all=True, append_images=[blank])
    assert [page.number for page in parsed("a.tif", sink.getvalue()).pages] == [1, 2]


def line(
    text: str, top: float, left: float = 0.1, right: float = 0.9, size: float = 10, bold: bool = False
) -> PrintedLine:
    return PrintedLine(text, (left, top, right, top + 0.012), size, bold)


def test_fragments_of_a_line_are_joined() -> None:
    page = lay_out([line("Name", 0.1, 0.1, 0.2), line("1", 0.1, 0.201, 0.21), line("far", 0.1, 0.8, 0.9)])
    assert page.text == "Name1\tfar\n"
    assert [page.text[span.start : span.end] for span in page.lines] == ["Name1\tfar"]


def test_lines_out_of_order_are_sorted_where_there_is_one_column() -> None:
    page = lay_out([line("second", 0.2), line("third", 0.3), line("first", 0.1)])
    assert page.text.split() == ["first", "second", "third"]


def test_paragraphs_end_at_gaps_items_and_short_lines() -> None:
    page = lay_out(
        [
            line("A full line of the first paragraph that goes", 0.1),
            line("on and ends here.", 0.115, right=0.4),
            line("A new one without any gap before it", 0.13),
            line("1. An item", 0.145),
            line("After a gap", 0.3),
        ]
    )
    assert [page.text[block.start : block.end].split()[0] for block in page.blocks] == ["A", "A", "1.", "After"]
    assert page.blocks[2].kind == "list_item"


def test_headings_by_print() -> None:
    lines = [
        line("Title", 0.1, size=20),
        line("2.1 Bold and numbered", 0.2, bold=True),
        line("Running text", 0.3),
        line("Bold, but a sentence.", 0.4, bold=True),
    ]
    page = lay_out(lines, body_size=10)
    assert [(block.kind, block.level) for block in page.blocks] == [
        ("heading", 1),
        ("heading", 4),
        ("paragraph", 0),
        ("paragraph", 0),
    ]
    assert lay_out(lines, 10, {"runningtext": 2}).blocks[2].level == 2
    assert lay_out([]).text == ""


def test_pictures_that_were_read_before_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank, path = Image.new("L", (60, 40), "white"), tmp_path / "scan.tif"
    blank.save(path, "TIFF", save_all=True, append_images=[blank, blank])
    attached = b'Subject: The scan\r\nContent-Type: image/tiff; name="scan.tif"\r\n'
    attached += b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    (tmp_path / "scan.eml").write_bytes(attached + base64.encodebytes(path.read_bytes()))
    monkeypatch.setattr(ocr, "read", lambda image: ([line("read anew", 0.1, size=0)], 0.5))
    known = [Recognized(number, number + 1, 0.9, (line(f"known {number}", 0.1),)) for number in range(2)]
    for name in ("scan.tif", "scan.eml"):
        told: list[Recognized] = []
        parts: list[Part] = []
        pictures = Pictures(known, told.append)
        kinds.read(tmp_path / name, name, ParseLimits(), parts.append, lambda *step: None, pictures)
        read = [page.text.strip() for page, _ in parts if page.ocr_confidence]
        assert read == ["known 0", "known 1", "read anew"]
        assert [(one.ordinal, one.page) for one in told] == [(2, 3)]
        assert Recognized.from_data(orjson.loads(orjson.dumps(told[0].to_data()))) == told[0]

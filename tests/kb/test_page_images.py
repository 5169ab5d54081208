"""Pages as images, drawn in a confined process."""

import os
import time
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from pytest_django import Settings
from reportlab.pdfgen.canvas import Canvas

from kb import page_images
from kb.models import DocumentVersion
from kb.page_images import NoPageImage, forget_images, has_page_images, page_image
from kb.page_renderer import from_image, from_pdf
from kb.storage import BlobMissing, storage


@pytest.fixture(autouse=True)
def var(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    settings.STORAGE_URL = (tmp_path / "files").as_uri()
    return tmp_path


def stored(content: bytes, media_type: str) -> DocumentVersion:
    blob = storage().put(BytesIO(content), len(content))
    return DocumentVersion(sha256=blob.sha256, media_type=media_type)


@pytest.fixture
def pdf() -> DocumentVersion:
    paper = BytesIO()
    canvas = Canvas(paper, pagesize=(300, 400))
    for page in (1, 2):
        canvas.drawString(50, 200, f"page {page}")
        canvas.showPage()
    canvas.save()
    return stored(paper.getvalue(), "application/pdf")


def picture(size: tuple[int, int], **options: object) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, "teal").save(written, "JPEG", **options)
    return written.getvalue()


def opened(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    return image


def test_a_page_is_drawn_as_wide_as_asked(pdf: DocumentVersion) -> None:
    assert opened(page_image(pdf, 2, width=600)).size == (600, 800)
    assert opened(page_image(pdf, 1, width=10)).width == 100


def test_it_is_drawn_once(pdf: DocumentVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    first = page_image(pdf, 1)
    storage().delete(pdf.sha256)
    assert page_image(pdf, 1) == first
    with pytest.raises(BlobMissing):
        page_image(pdf, 2)


def test_a_picture_is_written_anew_upright_and_without_what_its_camera_noted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "secret place"
    image = opened(page_image(stored(picture((300, 200), exif=exif), "image/jpeg"), 1))
    assert image.size == (200, 300)
    assert not dict(image.getexif())


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_page_that_is_not_there_has_no_image(pdf: DocumentVersion, number: int) -> None:
    with pytest.raises(NoPageImage):
        page_image(pdf, number)


def test_other_files_have_no_page_images() -> None:
    version = stored(b"# words", "text/markdown")
    assert not has_page_images(version)
    with pytest.raises(LookupError):
        page_image(version, 1)


def test_a_damaged_file_hurts_nobody() -> None:
    with pytest.raises(NoPageImage):
        page_image(stored(b"%PDF-1.7 nothing else", "application/pdf"), 1)


def test_drawing_has_its_time(pdf: DocumentVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_images, "RENDER_SECONDS", 0.001)
    with pytest.raises(NoPageImage):
        page_image(pdf, 1)


def test_what_was_not_asked_for_longest_is_forgotten_first(var: Path) -> None:
    folder = var / "page-images" / "ab"
    folder.mkdir(parents=True)
    for age, name in enumerate(("new", "middle", "old")):
        (folder / name).write_bytes(b"x" * 100)
        os.utime(folder / name, (time.time() - 1000 * age,) * 2)
    assert forget_images(bound=250) == 1
    assert {path.name for path in folder.iterdir()} == {"new", "middle"}


def test_the_renderer_draws_pages_and_frames(pdf: DocumentVersion, tmp_path: Path) -> None:
    with storage().local_path(pdf.sha256) as path:
        assert from_pdf(path, 1, 150).size == (150, 200)
        with pytest.raises(pypdfium2.PdfiumError):
            from_pdf(path, 3, 150)
    scan = tmp_path / "scan.tiff"
    frames = [Image.new("1", (400, 100 * number)) for number in (1, 2)]
    frames[0].save(scan, save_all=True, append_images=frames[1:])
    assert from_image(scan, 2, 200).size == (200, 100)
    with pytest.raises(StopIteration):
        from_image(scan, 3, 200)

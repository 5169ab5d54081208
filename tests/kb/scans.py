"""Scans for tests: files of pictures alone."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont


def scan(sentences: Sequence[str]) -> BytesIO:
    """A PDF of pictures alone, a sentence on each."""
    font = ImageFont.load_default(40)
    pages = []
    for sentence in sentences:
        page = Image.new("L", (800, 200), "white")
        ImageDraw.Draw(page).text((40, 70), sentence, "black", font)
        pages.append(page)
    sink = BytesIO()
    pages[0].save(sink, "PDF", save_all=True, append_images=pages[1:])
    return BytesIO(sink.getvalue())

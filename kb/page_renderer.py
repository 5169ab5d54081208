"""`python -m kb.page_renderer PATH pdf|image NUMBER WIDTH`: draw one page and write it to the standard output as PNG.

Runs in a process of its own, confined before it opens the file: whatever the file does to the library that draws it,
nothing else is hurt.
"""

import sys
from pathlib import Path

import pypdfium2
from PIL import Image, ImageOps, ImageSequence

from kb.parsing.confine import confine, die_with_parent
from kb.parsing.limits import ParseLimits

TALLEST_RATIO = 10
"""A page is drawn at most so many times as high as it is wide."""
LIMITS = ParseLimits(maximum_seconds=30)


def from_pdf(path: Path, number: int, width: int) -> Image.Image:
    """A PDF's page, drawn on white."""
    with pypdfium2.PdfDocument(path) as document:
        page = document[number - 1]
        across, down = page.get_size()
        scale = min(width / across, TALLEST_RATIO * width / down)
        drawn: Image.Image = page.render(scale=scale).to_pil()
        return drawn.convert("RGB")


def from_image(path: Path, number: int, width: int) -> Image.Image:
    """A picture's frame, turned as its camera says, and written anew so that nothing but its pixels is left."""
    Image.MAX_IMAGE_PIXELS = LIMITS.image_pixels
    with Image.open(path) as image:
        frame = next(frame for index, frame in enumerate(ImageSequence.Iterator(image), 1) if index == number)
        upright = ImageOps.exif_transpose(frame).convert("RGB")
        upright.thumbnail((width, TALLEST_RATIO * width))
        return upright


def main() -> None:
    path, kind, number, width = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    die_with_parent()
    confine(LIMITS)
    page = (from_pdf if kind == "pdf" else from_image)(path, number, width)
    page.save(sys.stdout.buffer, "PNG")


if __name__ == "__main__":
    main()

"""Reading pictures of text, Chinese and English, with the models that rapidocr carries: nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from kb.parsing.composer import Composer
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError
from kb.parsing.layout import lay_out
from kb.parsing.parsed import ParsedPage
from kb.parsing.printed import PrintedLine

if TYPE_CHECKING:
    from rapidocr import RapidOCR
    from rapidocr.utils.output import RapidOCROutput

MAXIMUM_SIDE = 1_800
STRIP_RATIO = 2  # a picture longer than this many times its width is read in strips
SHAPE_RATIO = 2
MINIMUM_CONFIDENCE = 0.5


@cache
def _engine() -> RapidOCR:
    """The engine, loaded on first use: a second of time and some 80 MB."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": MAXIMUM_SIDE,
            "Rec.rec_batch_num": 1,  # a batch is padded to its longest line: more memory, no gain on a processor
            "Cls.cls_thresh": 0.99,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        }
    )


def read(image: Image.Image) -> tuple[list[PrintedLine], float | None]:
    """The lines on a picture from top to bottom and their mean confidence (0 to 1), None where there are none.

    A long picture, such as a screenshot of a chat, is read in strips, so that its letters need not shrink.
    """
    image = ImageOps.exif_transpose(image).convert("RGB")
    width, height = image.size
    if height <= STRIP_RATIO * width:
        image.thumbnail((MAXIMUM_SIDE, MAXIMUM_SIDE))
    elif width > MAXIMUM_SIDE // STRIP_RATIO:
        image = image.resize((MAXIMUM_SIDE // STRIP_RATIO, max(1, height * MAXIMUM_SIDE // STRIP_RATIO // width)))
    pixels = np.asarray(image)[:, :, ::-1]
    lines: list[PrintedLine] = []
    scores: list[float] = []
    for top, bottom in _strips(pixels):
        for line, score in _read_strip(pixels[top:bottom], top, pixels.shape[0]):
            lines.append(line)
            scores.append(score)
    return lines, sum(scores) / len(scores) if scores else None


def _strips(pixels: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Spans of rows no longer than the longest side, cut in the plainest row near their end."""
    top, rows = 0, pixels.shape[0]
    while rows - top > MAXIMUM_SIDE:
        low = top + MAXIMUM_SIDE * 3 // 4
        plainness = pixels[low : top + MAXIMUM_SIDE].std(axis=(1, 2))
        bottom = low + int(plainness.argmin())
        yield top, bottom
        top = bottom
    yield top, rows


def _read_strip(pixels: NDArray[np.uint8], top: int, rows: int) -> Iterator[tuple[PrintedLine, float]]:
    """The lines of a strip that begins at row `top` of `rows`, with the confidence of each."""
    found = cast("RapidOCROutput", _engine()(_padded(pixels)))
    if found.txts is None or found.boxes is None or found.scores is None:
        return
    columns = pixels.shape[1]
    for corners, raw, score in zip(found.boxes, found.txts, found.scores, strict=True):
        if score >= MINIMUM_CONFIDENCE and (text := clean(raw).strip()):
            across = [float(x) / columns for x, _ in corners]
            down = [(top + float(y)) / rows for _, y in corners]
            box = (max(0.0, min(across)), max(0.0, min(down)), min(1.0, max(across)), min(1.0, max(down)))
            yield PrintedLine(text, box), float(score)


def _padded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with white added until it is at most twice as long as wide: the engine enlarges by the short side."""
    rows, columns = pixels.shape[:2]
    below, beside = max(0, columns // SHAPE_RATIO - rows), max(0, rows // SHAPE_RATIO - columns)
    return np.pad(pixels, ((0, below), (0, beside), (0, 0)), constant_values=255)


def parse(path: Path, out: Composer) -> None:
    """Hand on every frame of an image file as a page."""
    Image.MAX_IMAGE_PIXELS = out.limits.image_pixels
    try:
        with Image.open(path) as image:
            frames = getattr(image, "n_frames", 1) if image.format in ("TIFF", "MPO") else 1
            for number, frame in enumerate(ImageSequence.Iterator(image), 1):
                if number > frames:
                    break
                _parse_frame(frame, number, out)
                out.progress(number, frames, "pages")
    except Image.DecompressionBombError as error:
        raise ParseError("too_large") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ParseError("damaged") from error


def _parse_frame(frame: Image.Image, number: int, out: Composer) -> None:
    if frame.width * frame.height > out.limits.image_pixels:
        raise ParseError("too_large")
    lines, confidence = out.pictures.lines(number, lambda: read(frame))
    page = lay_out(lines)
    width, height = float(frame.width), float(frame.height)
    out.put(ParsedPage(number, "", page.text, page.lines, width, height, confidence), page.blocks)

"""Reading pictures of text, Chinese and English, with the models that rapidocr carries: nothing is fetched."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from kb.parsing.composer import Composer
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError
from kb.parsing.layout import PrintedLine, lay_out
from kb.parsing.parsed import ParsedPage

if TYPE_CHECKING:
    from rapidocr import RapidOCR

MAXIMUM_SIDE = 2_600
MINIMUM_CONFIDENCE = 0.5


@cache
def _engine() -> RapidOCR:
    """The engine, loaded on first use: a second of time and some 80 MB."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": MAXIMUM_SIDE,
            "Rec.rec_batch_num": 2,
            "EngineConfig.onnxruntime.intra_op_num_threads": 2,
        }
    )


def read(image: Image.Image) -> tuple[list[PrintedLine], float | None]:
    """The lines on a picture from top to bottom and their mean confidence (0 to 1), None where there are none."""
    image = ImageOps.exif_transpose(image).convert("RGB")
    image.thumbnail((MAXIMUM_SIDE, MAXIMUM_SIDE))
    found = _engine()(np.asarray(image)[:, :, ::-1])
    if found.txts is None or found.boxes is None:
        return [], None
    lines, scores = [], []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        if score >= MINIMUM_CONFIDENCE and (text := clean(text).strip()):
            across = [float(x) / image.width for x, _ in corners]
            down = [float(y) / image.height for _, y in corners]
            box = (max(0.0, min(across)), max(0.0, min(down)), min(1.0, max(across)), min(1.0, max(down)))
            lines.append(PrintedLine(text, box))
            scores.append(float(score))
    return lines, sum(scores) / len(scores) if scores else None


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
    lines, confidence = read(frame)
    page = lay_out(lines)
    width, height = float(frame.width), float(frame.height)
    out.put(ParsedPage(number, "", page.text, page.lines, width, height, confidence), page.blocks)

"""A paper notice that went through an office scanner: grey, a little crooked, with specks and no text layer."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from samples.rendering.archive import MOMENT
from samples.rendering.blocks import Block
from samples.rendering.fonts import CHINESE_FONT

_DPI = 150
_SIZE = (1240, 1754)  # A4 at 150 dots per inch
_MARGIN = 130
_TILT = (0.7, -0.5)  # degrees, page by page
_SIZES = {"h1": 52, "h2": 34, "body": 27}


def write_scan(blocks: list[Block], target: Path) -> None:
    pages = [_scanned(_paper(page), number) for number, page in enumerate(_pages(blocks))]
    moment = time.struct_time((*MOMENT, 0, 1, 0))
    pages[0].save(
        target, "PDF", save_all=True, append_images=pages[1:], resolution=_DPI, quality=60,
        creationDate=moment, modDate=moment,
    )  # fmt: skip


def _pages(blocks: list[Block]) -> list[list[Block]]:
    pages: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "page":
            pages.append([])
        else:
            pages[-1].append(block)
    return pages


def _paper(blocks: list[Block]) -> Image.Image:
    paper = Image.new("L", _SIZE, 250)
    draw = ImageDraw.Draw(paper)
    top = _MARGIN
    for block in blocks:
        size = _SIZES[f"h{block.level}" if block.kind == "heading" else "body"]
        font = ImageFont.truetype(str(CHINESE_FONT), size)
        top += size // 2 if block.kind == "heading" else 0
        for line in _wrapped(block.text, font):
            draw.text((_MARGIN, top), line, font=font, fill=25, stroke_width=int(block.kind == "heading"))
            top += int(size * 1.6)
        top += size // 2
    return paper


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    width = _SIZE[0] - 2 * _MARGIN
    lines, line = [], ""
    for word in text.replace("\n", " ").split(" "):
        longer = f"{line} {word}".strip()
        if font.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def _scanned(paper: Image.Image, number: int) -> Image.Image:
    tilted = paper.rotate(_TILT[number % len(_TILT)], Image.Resampling.BICUBIC, fillcolor=240)
    grey = np.asarray(tilted.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float64)
    random = np.random.default_rng(number)
    grey = grey + random.normal(0, 6, grey.shape) + np.linspace(-8, 4, grey.shape[1])
    grey[random.random(grey.shape) < 0.0004] = 60
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8), "L")

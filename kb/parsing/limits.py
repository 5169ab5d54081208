"""How much one file may cost."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Limits of one parse. Sizes are bytes, times seconds of wall clock, `characters` are of extracted text.

    A file may take `idle_seconds` without progress. In all it may take `total_seconds`, more by its size and by the
    pages already done (a scan is read at some six seconds a page), but never more than `maximum_seconds`.
    """

    file_bytes: int = 512 * MEBIBYTE
    memory_bytes: int = 1024 * MEBIBYTE
    idle_seconds: float = 55
    total_seconds: float = 300
    total_seconds_per_mebibyte: float = 30
    total_seconds_per_page: float = 20
    maximum_seconds: float = 6 * 3600
    characters: int = 100_000_000
    output_bytes: int = 512 * MEBIBYTE
    pages: int = 20_000
    archive_bytes: int = 1024 * MEBIBYTE
    archive_entries: int = 10_000
    archive_ratio: int = 200
    archive_depth: int = 3
    image_pixels: int = 150_000_000
    ocr: bool = True

    def seconds_for(self, size: int, pages: int = 0) -> float:
        """The longest a file of `size` bytes of which `pages` are done may take in all."""
        by_size = self.total_seconds_per_mebibyte * size / MEBIBYTE
        return min(self.maximum_seconds, self.total_seconds + by_size + self.total_seconds_per_page * pages)

"""How much one file may cost."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Limits of one parse. Sizes are bytes, times seconds of wall clock, `characters` are of extracted text."""

    file_bytes: int = 512 * MEBIBYTE
    memory_bytes: int = 1024 * MEBIBYTE
    idle_seconds: float = 55
    total_seconds: float = 300
    total_seconds_per_mebibyte: float = 30
    characters: int = 100_000_000
    output_bytes: int = 512 * MEBIBYTE
    pages: int = 20_000
    archive_bytes: int = 1024 * MEBIBYTE
    archive_entries: int = 10_000
    archive_ratio: int = 200
    archive_depth: int = 3
    image_pixels: int = 150_000_000
    ocr: bool = True

    def seconds_for(self, size: int) -> float:
        """The longest a file of `size` bytes may take in all, even while it makes progress."""
        return self.total_seconds + self.total_seconds_per_mebibyte * size / MEBIBYTE

"""Characters that nobody sees, and that may say something to a model or turn a text around all the same. Pure."""

from __future__ import annotations

# Tags (a second alphabet that models read), directions, and the spaces of no width; joiners are needed by scripts.
_INVISIBLE = dict.fromkeys(
    [
        *range(0xE0000, 0xE0080),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0x2060, 0x2065),
        0x00AD,
        0x180E,
        0x200B,
        0x200E,
        0x200F,
        0xFEFF,
    ]
)


def visible(text: str) -> str:
    """A text without what people would not see of it."""
    return text.translate(_INVISIBLE) if not text.isascii() else text

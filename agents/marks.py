"""How models write the number of a source. Pure.

`[3]`, `[1, 3]`, `【3】`, `[^3]`, and, though nobody asks for it, `[Source 3]`, `[来源 3]` and `【3†title】`.
"""

from __future__ import annotations

LIST = r"\^?\d{1,3}(?:\s?[,，、;]\s?\^?\d{1,3}){0,9}\^?"
_WORD = r"(?:(?:[Ss]ources?|[Pp]assages?|来源|资料)\s?[:：]?\s?)?"
MARK = rf"\[{_WORD}{LIST}\]|【\s?{_WORD}{LIST}(?:†[^】\n]{{0,40}})?\s?】"
BEGUN = r"\[[^\]\n]{0,90}|【[^】\n]{0,140}"
"""What may still become a mark."""

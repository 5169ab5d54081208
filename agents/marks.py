"""How models write the number of a source. Pure.

`[3]`, `[1, 3]`, `【3】`, `[^3]`, and, though nobody asks for it, `[Source 3]`, `[来源 3]` and `【3†title】`.
"""

from __future__ import annotations

# A mark stands on one line, so that a line's end decides what was begun on it, wherever a stream is cut.
_SPACE = r"[^\S\n]?"
LIST = rf"\^?\d{{1,3}}(?:{_SPACE}[,，、;]{_SPACE}\^?\d{{1,3}}){{0,9}}\^?"
_WORD = rf"(?:(?:[Ss]ources?|[Pp]assages?|来源|资料){_SPACE}[:：]?{_SPACE})?"
MARK = rf"\[{_WORD}{LIST}\]|【{_SPACE}{_WORD}{LIST}(?:†[^】【[\n]{{0,40}})?{_SPACE}】"
BEGUN = r"\[[^\]\n]{0,90}|【[^】\n]{0,140}"
"""What may still become a mark."""

"""The main language of a text, told by its scripts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from kb.parsing.parsed import Language

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def count_scripts(text: str) -> Counter[str]:
    """How many Han, kana and Hangul characters and Latin words `text` has."""
    patterns = {"han": _HAN, "kana": _KANA, "hangul": _HANGUL, "latin": _LATIN_WORD}
    return Counter({name: len(pattern.findall(text)) for name, pattern in patterns.items()})


def main_language(scripts: Mapping[str, int]) -> Language:
    """The language for counts of `count_scripts`. Kana among Han is Japanese; a Latin word weighs as two characters."""
    han, kana, hangul = scripts.get("han", 0), scripts.get("kana", 0), scripts.get("hangul", 0)
    latin = 2 * scripts.get("latin", 0)
    eastern = han + kana + hangul
    if eastern + latin == 0:
        return "und"
    if latin > 2 * eastern:
        return "en"
    if hangul > han + kana:
        return "ko"
    return "ja" if kana > 0.15 * (han + kana) else "zh"

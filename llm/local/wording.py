"""How much of a question's own wording a text keeps: runs of its words, or of its Chinese characters."""

from .text import bare, content_runs, has_han, terms


def kept(question: str, text: str, length: int) -> float:
    """The share (0 to 1) of a question that stands in a text in runs of at least `length` words, or characters.

    Words that are shared by chance stand apart; where a text speaks of the same thing they stand together.
    """
    return _kept_characters(question, text, length) if has_han(question) else _kept_words(question, text, length)


def _kept_words(question: str, text: str, length: int) -> float:
    asked = _runs(terms(question), length)
    return len(asked & _runs(terms(text), length)) / len(asked) if asked else 0.0


def _runs(words: tuple[str, ...], length: int) -> frozenset[tuple[str, ...]]:
    return frozenset(words[i : i + length] for i in range(len(words) - length + 1))


def _kept_characters(question: str, text: str, length: int) -> float:
    said = bare(text)
    total = found = 0
    for run in map(bare, content_runs(question)):
        inside = [False] * len(run)
        for start in range(len(run) - length + 1):
            if run[start : start + length] in said:
                inside[start : start + length] = [True] * length
        total += len(run)
        found += sum(inside)
    return found / total if total else 0.0

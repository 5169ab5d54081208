"""Documents that a question names by their titles."""

import re
from collections.abc import Mapping, Sequence

from .conversation import Source
from .glossary import has_alternatives
from .text import terms


def titles_named(question: str, sources: Sequence[Source]) -> dict[str, int]:
    """The titles that a question names, as it writes them or in the other language, each with its document."""
    said = question.casefold()
    found: dict[str, int] = {}
    for source in sources:
        title = source.title.strip()
        if len(title) < 2 or title in found:
            continue
        if title.casefold() in said or _holds_all(title, question):
            found[title] = source.document
    return found


def _holds_all(title: str, question: str) -> bool:
    """Whether a question holds a title's words in the title's own order of importance: all of at least two."""
    wanted = dict.fromkeys(terms(title))
    return 2 <= len(wanted) <= 5 and title.isascii() and has_alternatives(question, tuple(wanted))


def without(question: str, titles: Mapping[str, int]) -> str:
    """A question without the titles in it, as far as it writes them out."""
    for title in titles:
        question = re.sub(re.escape(title), " ", question, flags=re.IGNORECASE)
    return re.sub(r"[《》“”\"]|\s+", " ", question).strip()

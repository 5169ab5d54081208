"""Questions that the documents at hand would answer next: their sections beside the cited ones, put as questions.

Nothing is stored: they are made for whoever looks, from what that person may read at that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agents.events import Citation
from kb.topics import Topic, beside

SUGGESTED = 3


def about(topic: Topic, *, chinese: bool) -> str:
    """A question that the topic's section answers."""
    if chinese:
        return f"《{topic.title}》里“{topic.heading}”的内容是什么？"
    return f"What does “{topic.title}” say under “{topic.heading}”?"


def next_questions(citations: Iterable[Citation], *, chinese: bool, asked: Collection[str] = ()) -> list[str]:
    """Inside `acting_as`: up to three questions in the language of the last one, on sections its answer did not cite.

    Sections in that language come first; a question that is in `asked` is not suggested.
    """
    cited = [(one.version, one.start, one.end) for one in citations]
    if not cited:
        return []
    topics = beside(cited, 3 * SUGGESTED)
    topics.sort(key=lambda topic: topic.chinese != chinese)
    questions = (about(topic, chinese=chinese) for topic in topics)
    return [question for question in questions if question not in asked][:SUGGESTED]

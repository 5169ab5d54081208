"""Whether one sentence or row at hand answers a question whose wording sounds like several steps."""

from .complexity import Need
from .conversation import Conversation
from .extractive import asked_before
from .features import make_query
from .ranking import Evidence, rank
from .text import question_terms, terms

# "The deputy of the head of Finance" may be one row of a table, "how long, and who approves it" one sentence.
_SHORTENED: frozenset[Need] = frozenset({"chain", "several"})
_LEAST = 3


def at_hand(conversation: Conversation, need: Need) -> Evidence | None:
    """The best unit that holds every word that the question asks with, itself or in its columns' names."""
    wanted = set(question_terms(conversation.question))
    if need not in _SHORTENED or len(wanted) < _LEAST:
        return None
    ranking = rank(
        make_query(conversation.question, asked_before(conversation), held=conversation.held), conversation.sources
    )
    if not ranking.answers:
        return None
    for evidence in ranking.evidence:
        if wanted <= set(terms(" ".join((evidence.unit.text, *evidence.unit.header)))):
            return evidence
    return None

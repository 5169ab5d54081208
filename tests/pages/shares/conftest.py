"""An answer that rests on a document of everybody and on one of a few."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from accounts.models import Person
from agents.events import (
    Checked,
    Citation,
    Cited,
    Claim,
    Event,
    Finished,
    Planned,
    Routed,
    Source,
    Text,
    ToolCalled,
    ToolReturned,
)
from agents.models import Conversation, Run
from agents.models_shares import Share
from agents.shared import SharedTurn, shared_turns
from agents.shares import opened_by
from kb.models import Collection, Document
from tests.pages.conftest import QUOTE, TEXT

SECRET = "The head of engineering earns 190,000 EUR."
SECRET_TEXT = f"# Pay\n\n{SECRET} Nobody else does.\n"
PLAN = "Look into the pay of heliotrope"
ANSWER = f"{QUOTE} [1] {SECRET} [2]"
JSON = "application/json"


def cited(document: Document, number: int, quote: str, text: str) -> Citation:
    assert document.current_version_id
    start = text.index(quote)
    return Citation(number, document.pk, document.current_version_id, None, start, start + len(quote), quote, "T")


def shown(document: Document, number: int, text: str) -> Source:
    assert document.current_version_id
    return Source(number, document.pk, document.current_version_id, 0, len(text), document.title)


class Case:
    """Alice's documents and answers: `open` is everyone's, `closed` is for the group People."""

    def __init__(self, alice: Person, open_one: Document, closed: Document, make_run: Callable[..., Run]) -> None:
        self.alice, self.open, self.closed, self._make = alice, open_one, closed, make_run

    def run(
        self,
        *extra: Event,
        sources: str = "open closed",
        cites: str = "open closed",
        conversation: Conversation | None = None,
        **fields: Any,
    ) -> Run:
        """An answer of alice's whose models were shown `sources`, and which cites `cites`."""
        places = {"open": shown(self.open, 1, TEXT), "closed": shown(self.closed, 2, SECRET_TEXT)}
        quotes = {
            "open": cited(self.open, 1, QUOTE, TEXT),
            "closed": cited(self.closed, 2, SECRET, SECRET_TEXT),
        }
        citations = [quotes[name] for name in cites.split()]
        told = " ".join(f"{one.quote} [{one.number}]" for one in citations)
        claims, at = [], 0
        for one in citations:
            text = f"{one.quote} [{one.number}]"
            claims.append(Claim(text, at, at + len(text), (one.number,), "supported"))
            at += len(text) + 1
        claims = fields.pop("claims", claims)
        returned = ToolReturned("c1", "search_knowledge", found=2, sources=tuple(places[n] for n in sources.split()))
        events = [
            Routed("thinking", "asked"),
            Planned((PLAN,)),
            ToolCalled("c1", "search_knowledge", {"query": "heliotrope"}),
            returned,
            *extra,
            Text(told),
            Cited(tuple(citations)),
            Checked(tuple(claims), "good"),
            Finished("thinking", told),
        ]
        columns = {"citations": [asdict(one) for one in citations], "claims": [asdict(one) for one in claims]}
        return self._make(self.alice, events, conversation, road="thinking", **(columns | fields))


@pytest.fixture
def case(
    alice: Person,
    handbook: Collection,
    people_files: Collection,
    make_document: Callable[..., Document],
    make_run: Callable[..., Run],
) -> Case:
    closed = make_document(people_files, "Pay", SECRET_TEXT)
    return Case(alice, make_document(handbook, "Travel"), closed, make_run)


def only(share_: Share, reader: Person) -> SharedTurn:
    """The one turn that a reader of the share sees."""
    found = opened_by(reader, share_.pk)
    assert found is not None
    (turn,) = shared_turns(found, reader)
    return turn


def told(turn: SharedTurn) -> str:
    return turn.turn.answer if turn.turn else " ".join(one.text for one in turn.sentences)

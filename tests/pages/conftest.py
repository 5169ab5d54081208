"""Documents and answers made straight in the database: pages are tested without workers and models."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Person
from agents.events import (
    Checked,
    Citation,
    Cited,
    Claim,
    Event,
    Finished,
    Routed,
    Source,
    Text,
    ToolCalled,
    ToolReturned,
    to_data,
)
from agents.models import Conversation, Run, RunState
from agents.models import Event as StoredEvent
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion, Page, Passage, Scope, State

QUOTE = "A hotel in Berlin may cost 150 EUR per night."
TEXT = f"# Travel\n\n## Hotels\n\n{QUOTE} Breakfast is included.\n\nCity\tLimit\nBerlin\t150\n"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """No failed attempts are counted."""
    cache.clear()


@pytest.fixture
def sign_in() -> Callable[[Person], Client]:
    """A browser in which somebody is signed in."""

    def as_person(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return as_person


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """A document of some collection, ready or in another state."""
    numbers = count(1)

    def make(
        collection: Collection,
        title: str = "Travel policy",
        text: str = TEXT,
        state: str = State.READY,
        owner: Person | None = None,
        **version_fields: Any,
    ) -> Document:
        number = next(numbers)
        with acting_as_system():
            scope = Scope.objects.get(collection=collection, is_default=True)
            document = Document.objects.create(
                collection=collection, scope=scope, title=title, filename=f"file-{number}.md", owner=owner
            )
            ready = state == State.READY
            fields = {"media_type": "text/markdown", "sha256": f"{number:064d}", "size": len(text), "language": "en"}
            version = DocumentVersion.objects.create(
                document=document,
                scope=scope,
                number=1,
                filename=document.filename,
                state=state,
                characters=len(text) if ready else 0,
                passage_count=1 if ready else 0,
                ready_at=timezone.now() if ready else None,
                **(fields | version_fields),
            )
            if ready:
                Page.objects.create(
                    version=version,
                    scope=scope,
                    ordinal=0,
                    start=0,
                    end=len(text),
                    text=text,
                    headings=[[0, 1, "Travel"], [10, 2, "Hotels"]] if text == TEXT else [],
                )
                Passage.objects.create(
                    version=version,
                    document=document,
                    collection=collection,
                    scope=scope,
                    ordinal=1,
                    start=0,
                    end=len(text),
                    text=text,
                    heading_path=["Travel", "Hotels in cities"],
                )
            document.latest_version = version
            document.current_version = version if ready else None
            document.save()
        return document

    return make


def citation(document: Document, number: int = 1) -> Citation:
    assert document.current_version_id is not None
    start = TEXT.index(QUOTE)
    return Citation(
        number,
        document.pk,
        document.current_version_id,
        None,
        start,
        start + len(QUOTE),
        QUOTE,
        document.title,
        "Hotels",
    )


def source(document: Document) -> Source:
    assert document.current_version_id is not None
    return Source(1, document.pk, document.current_version_id, 0, len(TEXT), document.title, "Hotels")


def answered(document: Document, answer: str = f"{QUOTE} [1]", support: Any = "supported") -> list[Event]:
    """The events of a quick answer that cites `document`."""
    return [
        Routed("fast", "simple"),
        ToolCalled("c1", "search_knowledge", {"query": "hotel"}),
        ToolReturned("c1", "search_knowledge", found=1, sources=(source(document),)),
        Text(answer),
        Cited((citation(document),)),
        Checked((Claim(QUOTE, 0, len(QUOTE), (1,), support),), "good" if support == "supported" else "partly"),
        Finished("fast", answer, seconds=1.2),
    ]


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """A run whose events are given; it has ended when they have."""

    def make(person: Person, events: list[Event], conversation: Conversation | None = None, **fields: Any) -> Run:
        question = fields.pop("question", "What may a hotel cost?")
        conversation = conversation or Conversation.objects.create(person=person, title=question)
        above = next(reversed(conversation.tree().path(conversation.shown)), None)
        again = fields.get("regenerates")
        fields.setdefault("follows_id", again.follows_id if again else above)
        ended = bool(events) and events[-1].kind in ("finished", "failed", "cancelled")
        run = Run.objects.create(
            person=person,
            conversation=conversation,
            question=question,
            state=RunState(events[-1].kind) if ended else RunState.RUNNING,
            answer="".join(event.text for event in events if isinstance(event, Text)),
            heartbeat_at=timezone.now(),
            lease="somebody else",
            last_seq=len(events),
            **fields,
        )
        StoredEvent.objects.bulk_create(
            StoredEvent(run=run, seq=seq, kind=event.kind, data=to_data(event)) for seq, event in enumerate(events, 1)
        )
        return run

    return make

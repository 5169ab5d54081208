"""A few indexed documents, a scripted model server in the settings, and short ways to run a question."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from pytest_django import Settings

from accounts.models import Person
from agents import runs
from agents.events import Event
from agents.models import Run
from kb.access import acting_as_system
from kb.embedding import embed_documents
from kb.indexing import index_version
from kb.matching import folded
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State
from tests.llm.scripted import ScriptedServer

LEAVE = (
    "Staff are entitled to 15 days of annual leave a year. Up to 5 unused days carry over to the next year. "
    "Carried days expire on 31 March."
)
TRAVEL = "Hotels are paid up to 180 euros a night in Berlin. Flights over six hours may be booked in business class."
TRAVEL_ZH = "上海出差的住宿标准为每晚600元。报销单须在返回后30天内提交。"
SALARIES = "The salary of the head of engineering is 190,000 euros. The code word of the people files is heliotrope."

AddDocument = Callable[..., Document]


@pytest.fixture
def scripted(settings: Settings) -> Iterator[ScriptedServer]:
    """A model server that answers what the test enqueues; every run of the test asks it."""
    with ScriptedServer() as server:
        settings.MODEL_SERVERS = server.servers()
        yield server


@pytest.fixture
def add_document(transactional_db: None, scripted: ScriptedServer) -> AddDocument:
    """Puts a text into a collection as one ready, indexed document: `add(collection, title, text, *more_passages)`."""

    def add(collection: Collection, title: str, *texts: str, effective_from: date | None = None) -> Document:
        with acting_as_system():
            scope = collection.scopes.get(is_default=True)
            document = Document.objects.create(collection=collection, scope=scope, title=title, filename=f"{title}.md")
            version = DocumentVersion.objects.create(
                document=document,
                scope=scope,
                number=1,
                filename=document.filename,
                sha256=hashlib.sha256("".join(texts).encode()).hexdigest(),
                size=sum(map(len, texts)),
                state=State.READY,
                characters=sum(map(len, texts)) + 2 * (len(texts) - 1),
                passage_count=len(texts),
                effective_from=effective_from,
            )
            start = 0
            for ordinal, text in enumerate(texts):
                page = "\n\n".join(texts)[start : start + len(text) + 2]
                fields = {"version": version, "scope": scope, "ordinal": ordinal, "start": start}
                Page.objects.create(**fields, end=start + len(page), text=page, folded=folded(page))
                Passage.objects.create(
                    **fields,
                    document=document,
                    collection=collection,
                    end=start + len(text),
                    text=text,
                    heading_path=[title],
                )
                start += len(page)
            document.current_version = document.latest_version = version
            document.save()
        index_version(version.pk, embed=embed_documents)
        return document

    return add


@pytest.fixture
def library(add_document: AddDocument, handbook: Collection, people_files: Collection) -> dict[str, Document]:
    """Two shelves: the handbook is everyone's, the salaries are for the group People."""
    return {
        "leave": add_document(handbook, "Leave policy", LEAVE),
        "travel": add_document(handbook, "Travel policy", TRAVEL),
        "travel_zh": add_document(handbook, "差旅制度", TRAVEL_ZH),
        "salaries": add_document(people_files, "Salaries", SALARIES),
    }


class Asker:
    """Asks as one person and waits for the end."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.run: Run | None = None

    def __call__(self, question: str, **options: object) -> list[Event]:
        self.run = runs.start(self.person, question, **options)  # type: ignore[arg-type]
        return events_of(self.run)


def events_of(run: Run, after: int = 0) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for _, event in runs.follow(run.pk, after)]

    return asyncio.run(asyncio.wait_for(collect(), 30))


@pytest.fixture
def ask(bob: Person, library: dict[str, Document]) -> Asker:
    """Bob asks; he is in Engineering and may not read the people files."""
    return Asker(bob)

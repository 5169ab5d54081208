"""Files of one conversation: read, cited, and nobody else's; not even the person's own other conversations'."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from django.db import connection

from accounts.models import Person
from agents import attached, runs
from agents.deps import prepare
from agents.events import Attached, Cited, Finished, Surveyed, ToolReturned
from agents.evidence import may_be_hidden
from agents.models import Conversation, Run
from kb import evaluation_sets
from kb.access import acting_as, acting_as_system, collections_for, documents_for
from kb.attachments import MOST, attach, attachments, collection_of, detach, forget
from kb.coverage import extent
from kb.documents import About, put
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, Passage, Scope
from kb.models_tables import DocumentTable
from kb.quality import try_due
from kb.search import search_as
from kb.sql import query_tables
from kb.status import library as library_status
from kb.topics import topics
from tests.agents.conftest import Asker, events_of
from tests.llm.scripted import ScriptedServer, text

OFFER = "The heliotrope offer of Contoso costs 4,711 euros a month."
QUESTION = "What does the heliotrope offer cost?"


def worked() -> None:
    while work_next():
        pass


def give(conversation: Conversation, content: str = OFFER, name: str = "offer.md") -> Document:
    return attach(conversation.pk, name, BytesIO(content.encode()), by=conversation.person)


@pytest.fixture
def talk(ask: Asker) -> Conversation:
    """Bob's conversation with an offer attached to it."""
    conversation = Conversation.objects.create(person=ask.person, listed=False)
    give(conversation)
    worked()
    return conversation


def titles(person: Person, **options: Any) -> set[str]:
    return {hit.title for hit in search_as(person, QUESTION, **options)}


def test_an_answer_cites_what_is_attached(ask: Asker, talk: Conversation, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("It costs 4,711 euros a month [1]."))
    events = ask(QUESTION, mode="fast", conversation=talk)
    assert isinstance(events[-1], Finished)
    (cited,) = [event for event in events if isinstance(event, Cited)]
    assert cited.citations[0].quote in OFFER
    assert not any(isinstance(event, Attached) for event in events)
    request = scripted.chats()[-1]["messages"]
    assert "offer.md" in request[0]["content"]
    talk.refresh_from_db()
    assert (talk.title, talk.listed) == (QUESTION, True)


def test_it_is_looked_at_first_also_where_collections_are_chosen(
    ask: Asker, talk: Conversation, scripted: ScriptedServer, handbook: Collection
) -> None:
    scripted.otherwise = text("15 days of leave [1].")
    for options in ({}, {"collections": [handbook.pk]}):
        events = ask("How many days of annual leave?", mode="fast", conversation=talk, **options)
        found = next(event for event in events if isinstance(event, ToolReturned))
        assert [source.title for source in found.sources][:2] == ["offer", "Leave policy"]


def test_another_conversation_of_the_same_person_does_not_see_it(
    ask: Asker, talk: Conversation, scripted: ScriptedServer
) -> None:
    scripted.otherwise = text("The documents do not answer this.")
    other = Conversation.objects.create(person=ask.person, title="Other")
    for conversation in (other, None):
        events = ask(QUESTION, mode="fast", conversation=conversation)
        assert "4,711" not in str(scripted.chats()[-1])
        assert "title='offer'" not in str(events)
    assert collection_of(other.pk, ask.person) is None
    assert "offer" not in titles(ask.person, attached=other.pk)


@pytest.mark.parametrize("who", ["bob", "alice", "admin"])
def test_the_library_does_not_have_it_for_anybody(who: str, talk: Conversation, alice: Person, admin: Person) -> None:
    person = {"bob": talk.person, "alice": alice, "admin": admin}[who]
    number = collection_of(talk.pk, talk.person)
    with acting_as_system():
        document = Document.objects.get(collection=number)
        count = Document.objects.exclude(collection=number).count()
    with acting_as(person):
        assert not documents_for().filter(title="offer").exists()
        assert not collections_for().filter(pk=number or 0).exists()
        assert not Passage.objects.filter(text__contains="4,711").exists()
        assert extent(document.created_at.date()).total <= count
        assert "offer" not in {topic.title for topic in topics(20, chinese=False)}
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from kb_posting where scope_id = %s", [document.scope_id])
            assert cursor.fetchone() == (0,)
    assert library_status().documents == count
    assert "offer" not in titles(person)
    assert "offer" not in titles(person, collections=[number])
    assert "offer" not in titles(person, documents=[document.pk])


@pytest.mark.parametrize("who", ["alice", "admin"])
def test_naming_somebody_elses_conversation_opens_nothing(
    who: str, talk: Conversation, alice: Person, admin: Person
) -> None:
    person = {"alice": alice, "admin": admin}[who]
    assert "offer" not in titles(person, attached=talk.pk)
    assert attachments(talk.pk, person) == []
    with acting_as(person, talk.pk):
        assert not documents_for().filter(title="offer").exists()
    with acting_as(person, attached="own"):
        assert not documents_for().filter(title="offer").exists()
    (file,) = attachments(talk.pk, talk.person)
    for forbidden in (
        lambda: detach(talk.pk, file.document, by=person),
        lambda: attach(talk.pk, "x.md", BytesIO(b"x"), by=person),
        lambda: evaluation_sets.keep_question("Mine", "What?", {file.document: 1}, by=admin),
    ):
        with pytest.raises(DocumentError) as caught:
            forbidden()
        assert caught.value.code == "not_found"
    assert len(attachments(talk.pk, talk.person)) == 1


def test_whoever_is_locked_out_reads_nothing_any_more(talk: Conversation) -> None:
    bob = talk.person
    assert "offer" in titles(bob, attached=talk.pk)
    bob.is_active = False
    bob.save()
    assert titles(bob, attached=talk.pk) == set()


def test_every_document_means_the_library_and_ones_own_files(
    ask: Asker, alice: Person, talk: Conversation, scripted: ScriptedServer
) -> None:
    scripted.otherwise = text('{"rows": []}')

    def total(person: Person, conversation: Conversation | None) -> int:
        run = runs.start(person, "Which documents mention heliotrope?", mode="exhaustive", conversation=conversation)
        return next(event for event in events_of(run) if isinstance(event, Surveyed)).total

    here, elsewhere = total(ask.person, talk), total(ask.person, None)
    assert here == elsewhere + 1
    scripted.reset()
    scripted.otherwise = text('{"rows": []}')
    assert total(alice, None) == elsewhere + 1  # the people files are hers
    assert "4,711" not in str(scripted.chats())


def test_a_table_is_asked_in_its_conversation_alone(talk: Conversation, admin: Person) -> None:
    give(talk, "City,Limit\nBerlin,180\nParis,210\n", "rates.csv")
    worked()
    with acting_as_system():
        name = f"t{DocumentTable.objects.get().pk}"
    sql = f'select max("Limit") from {name}'
    assert query_tables(talk.person, sql, attached=talk.pk).rows == ((210,),)
    for person, attached_to in ((talk.person, None), (admin, None), (admin, talk.pk)):
        with pytest.raises(DocumentError):
            query_tables(person, sql, attached=attached_to)


def test_hints_at_hidden_documents_say_nothing_of_attached_ones(talk: Conversation, alice: Person) -> None:
    run = Run.objects.create(
        person=alice, conversation=Conversation.objects.create(person=alice), question="heliotrope offer Contoso costs"
    )
    assert not may_be_hidden(prepare(run))


def test_an_answer_waits_until_the_file_is_read_and_tells_what_is_wrong(
    ask: Asker, talk: Conversation, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "LOOK", 0.05)
    scripted.otherwise = text("It costs 4,711 euros a month [1].")
    give(talk, "\0\1\2" * 900, "broken.pdf")
    run = runs.start(ask.person, QUESTION, mode="fast", conversation=talk)

    async def until_waiting() -> Attached:
        async for _seq, event in runs.follow(run.pk):
            if isinstance(event, Attached):
                return event
        raise AssertionError("it did not wait")

    waiting = asyncio.run(asyncio.wait_for(until_waiting(), 30))
    assert [(file.filename, file.state) for file in waiting.files] == [("offer.md", "ready"), ("broken.pdf", "queued")]
    assert not waiting.ready
    worked()
    events = events_of(run)
    last = [event for event in events if isinstance(event, Attached)][-1]
    assert last.ready
    assert last.files[1].state == "failed"
    assert last.files[1].error_en.endswith(".")
    assert last.files[1].error_zh
    assert isinstance(events[-1], Finished)


def test_files_go_with_their_conversation(talk: Conversation, library: dict[str, Document]) -> None:
    other = Conversation.objects.create(person=talk.person, title="Other")
    give(other)
    give(talk, "Something else.", "other.md")
    worked()
    forget([talk.pk])
    with acting_as_system():
        assert [document.filename for document in Document.objects.filter(scope__attached_to__isnull=False)] == [
            "offer.md"
        ]
        assert Document.objects.filter(scope__attached_to=None).count() == len(library)
    talk.person.conversations.all().delete()
    assert attached.sweep() == 1
    assert not Scope.objects.filter(attached_to__isnull=False).exists()


def test_somebody_who_leaves_takes_their_files_along(talk: Conversation) -> None:
    talk.person.delete()
    with acting_as_system():
        assert not Collection.objects.filter(attached_to__isnull=False).exists()
        assert not Passage.objects.filter(text__contains="4,711").exists()


def test_a_conversation_in_which_nothing_was_asked_goes_after_a_day(talk: Conversation) -> None:
    assert attached.sweep() == 0
    Conversation.objects.filter(pk=talk.pk).update(updated_at=talk.updated_at - attached.NEVER_ASKED * 2)
    assert attached.sweep() == 1
    assert not Conversation.objects.exists()


def test_there_is_an_end_to_what_can_be_attached(talk: Conversation) -> None:
    collection = Collection(pk=collection_of(talk.pk, talk.person))
    for number in range(MOST - 1):
        put(collection, f"{number}.md", BytesIO(str(number).encode()), About(), by=talk.person)
    with pytest.raises(DocumentError) as caught:
        give(talk, "One too many.", "last.md")
    assert caught.value.code == "too_many_attached"
    (first, *_rest) = attachments(talk.pk, talk.person)
    detach(talk.pk, first.document, by=talk.person)
    give(talk, "Now there is room.", "last.md")


def test_nobody_tries_out_what_is_attached(talk: Conversation) -> None:
    try_due()
    with acting_as_system():
        current = Document.objects.get(title="offer").current_version
    assert current is not None
    assert current.tried_at is None

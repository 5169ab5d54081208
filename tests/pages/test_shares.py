"""Sharing answers: who may open what, and how much of it, by page and by API."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.api_keys import create_api_key
from accounts.audit import AuditLine
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
    Surveyed,
    SurveyRow,
    Text,
    ToolCalled,
    ToolReturned,
)
from agents.grounds import Grounds
from agents.models import Conversation, Run, ToolServer
from agents.models_shares import Share
from agents.shared import SharedTurn, shared_turns
from agents.shares import ShareError, opened_by, revoke, seen_by, share, shared_with, shares_of
from kb.access import acting_as_system
from kb.attachments import attach
from kb.documents import narrow, widen
from kb.models import Collection, Document, DocumentVersion
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


def test_a_reader_with_the_same_rights_sees_the_whole_answer(case: Case, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    turn = only(made, carol)
    assert not turn.withheld
    assert told(turn) == ANSWER
    assert turn.turn
    assert turn.turn.plan == (PLAN,)


def test_a_reader_with_a_part_of_the_rights_sees_those_sentences(case: Case, bob: Person) -> None:
    made = share(case.run(), by=case.alice, people=[bob.pk])
    turn = only(made, bob)
    assert turn.withheld
    assert turn.turn is None
    assert told(turn) == f"{QUOTE} [1]"
    assert [one.number for one in turn.citations] == [1]


def test_what_was_shown_but_not_cited_counts(case: Case, bob: Person) -> None:
    """The answer was made from it all the same."""
    turn = only(share(case.run(cites="open"), by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    whole = only(share(case.run(sources="open", cites="open"), by=case.alice, people=[bob.pk]), bob)
    assert not whole.withheld


def test_a_reader_without_rights_sees_no_sentence(case: Case, bob: Person) -> None:
    turn = only(share(case.run(sources="closed", cites="closed"), by=case.alice, people=[bob.pk]), bob)
    assert (turn.withheld, turn.sentences, turn.citations) == (True, (), ())


@pytest.mark.parametrize(
    ("text", "numbers", "support"),
    [
        (f"Hotels are cheap, and {SECRET} [1]", (1,), "supported"),  # carried by what was computed or read elsewhere
        (f"{QUOTE} [1]", (1,), "weak"),
        (f"{QUOTE} [1][2]", (1, 2), "supported"),
        (f"{QUOTE}", (), "supported"),
        (f"{QUOTE} [7]", (7,), "supported"),
    ],
)
def test_a_sentence_is_told_only_where_readable_quotes_carry_it(
    case: Case, bob: Person, text: str, numbers: tuple[int, ...], support: Any
) -> None:
    claims = [Claim(text, 0, len(text), numbers, support)]
    turn = only(share(case.run(claims=claims), by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    assert not turn.sentences


def test_what_was_answered_before_counts(case: Case, bob: Person, carol: Person) -> None:
    """Earlier answers were shown to the model, so that a later one may repeat them."""
    first = case.run(question="What does the head earn?")
    later = case.run(sources="open", cites="open", conversation=first.conversation, question="And hotels?")
    made = share(later, by=case.alice, people=[bob.pk, carol.pk])
    assert only(made, bob).withheld
    assert not only(made, carol).withheld


def test_one_answer_says_nothing_of_the_others(case: Case, carol: Person) -> None:
    first = case.run(question="What does heliotrope earn?")
    later = case.run(conversation=first.conversation, question="And hotels?")
    after = case.run(conversation=first.conversation, question="And trains?")
    one = share(later, by=case.alice, people=[carol.pk])
    (listed,) = shared_with(carol)
    assert listed.title == "And hotels?"
    assert only(one, carol).question == "And hotels?"
    whole = share(later, by=case.alice, people=[carol.pk], whole=True)
    found = opened_by(carol, whole.pk)
    assert found
    assert [turn.question for turn in shared_turns(found, carol)] == [first.question, later.question]
    assert after.question not in str(shared_turns(found, carol))


@pytest.mark.parametrize(
    "event",
    [
        ToolReturned("c2", "list_documents", found=1, result={"documents": [{"document": "CLOSED", "title": "Pay"}]}),
        ToolReturned("c2", "search_knowledge", result={"other_versions": [{"document": "CLOSED"}]}),
        ToolCalled("c2", "compare_documents", {"document": "OPEN", "other": "CLOSED"}),
        ToolReturned("c2", "search_knowledge", error="There is no collection 'x'. There are: People files."),
        ToolCalled("c2", "query_tables", {"sql": "select sum(pay) from t999999"}),
        ToolReturned("c2", "mcp_desk_look", result={"text": "heliotrope"}),
        ToolReturned("c2", "mcp_desk_look", error="Desk says: heliotrope"),
        Surveyed(2, 2, rows=(SurveyRow(0, 0, "yes"),), complete=True),
        Surveyed(2, 2, complete=True),
    ],
)
def test_whatever_else_was_shown_counts(case: Case, bob: Person, event: Event) -> None:
    numbers = {"OPEN": case.open.pk, "CLOSED": case.closed.pk}

    def numbered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: numbered(one) for name, one in value.items()}
        if isinstance(value, list):
            return [numbered(one) for one in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    if isinstance(event, ToolCalled):
        event = replace(event, arguments=numbered(event.arguments))
    elif isinstance(event, ToolReturned):
        event = replace(event, result=numbered(event.result))
    run = case.run(event, sources="open", cites="open")
    turn = only(share(run, by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    assert told(turn) == f"{QUOTE} [1]"


def test_tables_are_those_that_the_query_reads() -> None:
    def grounds_of(event: Event) -> Grounds:
        grounds = Grounds()
        grounds.add(event)
        return grounds

    sql = 'select t1.pay, t2.name from t12 t1 join "t13" as t2 on t1.id = t2.id, t14'
    assert grounds_of(ToolCalled("c", "query_tables", {"sql": sql})) == Grounds(tables={12, 13, 14})
    assert grounds_of(ToolCalled("c", "query_tables", {"sql": "select 1 from x.t12"})).unnamed
    assert not grounds_of(ToolReturned("c", "run_python", error="The code failed.")).unnamed


def test_tools_of_other_systems_are_for_those_who_may_use_them(case: Case, bob: Person) -> None:
    server = ToolServer.objects.create(name="Desk", url="https://desk.example.com", enabled=True)
    run = case.run(ToolReturned("c2", "mcp_desk_look", result={"text": "x"}), sources="open", cites="open")
    made = share(run, by=case.alice, people=[bob.pk])
    assert only(made, bob).withheld
    server.groups.set(bob.groups.all())
    assert not only(made, bob).withheld


def test_what_names_no_document_is_for_those_who_may_read_as_much(case: Case, bob: Person, carol: Person) -> None:
    survey = Surveyed(2, 2, rows=(SurveyRow(case.open.pk, case.open.current_version_id or 0, "yes"),), complete=True)
    made = share(case.run(survey, sources="open", cites="open"), by=case.alice, people=[bob.pk, carol.pk])
    assert only(made, bob).withheld
    assert not only(made, carol).withheld
    narrowed = case.run(survey, sources="open", cites="open", collections=[case.open.collection_id])
    assert not only(share(narrowed, by=case.alice, people=[bob.pk]), bob).withheld


def test_attached_files_are_for_nobody_else(case: Case, carol: Person, admin: Person) -> None:
    talk = Conversation.objects.create(person=case.alice, title="With a file")
    attach(talk.pk, "heliotrope.md", BytesIO(b"# Mine"), by=case.alice)
    made = share(case.run(conversation=talk), by=case.alice, people=[carol.pk, admin.pk])
    assert only(made, carol).withheld
    assert only(made, admin).withheld
    assert told(only(made, carol)) == ANSWER  # sentence by sentence, from documents of the library
    earlier = case.run()
    later = share(earlier, by=case.alice, people=[carol.pk])
    attach(earlier.conversation_id, "later.md", BytesIO(b"# Mine too"), by=case.alice)
    assert not only(later, carol).withheld


def test_groups_are_who_is_in_them_now(case: Case, bob: Person, carol: Person) -> None:
    group = Group.objects.get(name="People")
    made = share(case.run(), by=case.alice, groups=[group.pk])
    assert opened_by(carol, made.pk)
    assert opened_by(bob, made.pk) is None
    bob.groups.add(group)
    assert not only(made, bob).withheld
    carol.groups.clear()
    assert opened_by(carol, made.pk) is None


def test_nobody_else_opens_it(case: Case, bob: Person, carol: Person, admin: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    for person in (bob, admin):
        assert opened_by(person, made.pk) is None
        assert opened_by(person, uuid4()) is None
        assert not revoke(made.pk, by=person)
        assert shares_of(person) == []
    assert not revoke(made.pk, by=carol)
    assert opened_by(carol, made.pk)


def test_the_audit_knows_who_shared_with_whom_and_not_what(case: Case, carol: Person) -> None:
    made = share(case.run(question="What does heliotrope earn?"), by=case.alice, people=[carol.pk])
    revoke(made.pk, by=case.alice)
    revoke(made.pk, by=case.alice)
    revoked, shared = AuditLine.objects.filter(act__startswith="share_")
    assert (shared.act, revoked.act) == ("share_made", "share_revoked")
    assert {shared.target, revoked.target} == {str(made.pk)}
    assert shared.details["people"] == ["carol"]
    assert "heliotrope" not in str(list(AuditLine.objects.values()))


def test_what_is_open_is_listed_first(case: Case, carol: Person) -> None:
    run = case.run()
    older, newer = (share(run, by=case.alice, people=[carol.pk]) for _ in range(2))
    revoke(newer.pk, by=case.alice)
    assert [one.share.pk for one in shares_of(case.alice)] == [older.pk, newer.pk]


def test_revoked_and_expired_are_gone_at_once(case: Case, carol: Person) -> None:
    run = case.run()
    first, second = (share(run, by=case.alice, people=[carol.pk], days=days) for days in (7, 30))
    assert {one.share.pk for one in shared_with(carol)} == {first.pk, second.pk}
    assert revoke(first.pk, by=case.alice)
    with seen_by(case.alice):
        Share.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert opened_by(carol, first.pk) is None
    assert opened_by(carol, second.pk) is None
    assert shared_with(carol) == []
    assert sorted(one.state for one in shares_of(case.alice)) == ["expired", "revoked"]
    assert opened_by(case.alice, first.pk)


def test_a_document_whose_readers_change_changes_what_is_seen(case: Case, admin: Person, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    assert not only(made, carol).withheld
    Group.objects.create(name="Engineering")
    narrow(case.open, ["Engineering"], by=admin)
    turn = only(made, carol)
    assert turn.withheld
    assert told(turn) == f"{SECRET} [2]"
    widen(case.open, by=admin)
    assert not only(made, carol).withheld


def test_a_deleted_document_closes_what_rests_on_it(case: Case, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    with acting_as_system():
        Document.objects.filter(pk=case.closed.pk).update(current_version=None, latest_version=None)
        DocumentVersion.objects.filter(document=case.closed.pk).delete()
    turn = only(made, carol)
    assert turn.withheld
    assert SECRET not in told(turn)


def test_it_ends_with_its_conversation_and_with_its_person(case: Case, carol: Person) -> None:
    first, second = case.run(), case.run()
    of_first, of_second = (share(run, by=case.alice, people=[carol.pk]) for run in (first, second))
    first.conversation.delete()
    assert opened_by(carol, of_first.pk) is None
    case.alice.is_active = False
    case.alice.save()
    assert opened_by(carol, of_second.pk) is None
    case.alice.delete()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from agents_share")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "wrong", [{"people": []}, {"people": [10**9]}, {"groups": [10**9]}, {"days": 0}, {"days": 366}, {"people": "self"}]
)
def test_what_cannot_be_shared(case: Case, carol: Person, wrong: dict[str, Any]) -> None:
    wrong = {name: [case.alice.pk] if value == "self" else value for name, value in wrong.items()}
    with pytest.raises(ShareError):
        share(case.run(), by=case.alice, **({"people": [carol.pk]} | wrong))


def test_only_its_person_shares_and_only_what_is_complete(
    case: Case, bob: Person, carol: Person, make_run: Callable[..., Run]
) -> None:
    with pytest.raises(ShareError):
        share(case.run(), by=bob, people=[carol.pk])
    with pytest.raises(ShareError):
        share(make_run(case.alice, [Routed("fast", "simple")]), by=case.alice, people=[carol.pk])


# The database itself


def rows_of(person: Person | None) -> int:
    with connection.cursor() as cursor:
        if person is None:
            cursor.execute("select count(*) from agents_share")
            return int(cursor.fetchone()[0])
        with seen_by(person):
            cursor.execute("select count(*) from agents_share")
            return int(cursor.fetchone()[0])


def test_the_database_shows_shares_to_nobody_else(case: Case, bob: Person, carol: Person, admin: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    assert [rows_of(one) for one in (None, bob, admin, carol, case.alice)] == [0, 0, 0, 1, 1]
    carol.is_active = False
    assert rows_of(carol) == 0
    carol.is_active = True
    with seen_by(carol):
        assert Share.objects.filter(pk=made.pk).update(people=[bob.pk]) == 0
        assert Share.objects.filter(pk=made.pk).delete()[0] == 0


def test_the_database_lets_nobody_share_what_is_somebody_elses(case: Case, bob: Person, carol: Person) -> None:
    run = case.run()
    later = timezone.now() + timedelta(days=1)
    for person in (bob, case.alice):
        with pytest.raises(ProgrammingError), transaction.atomic(), seen_by(bob):
            Share.objects.create(person=person, run=run, people=[carol.pk], expires_at=later)


# The pages and the API


@pytest.fixture
def browse(sign_in: Callable[[Person], Client]) -> Callable[[Person], Client]:
    return sign_in


def test_sharing_by_page(case: Case, carol: Person, bob: Person, browse: Callable[[Person], Client]) -> None:
    run = case.run()
    page = browse(case.alice)
    assert f"/runs/{run.pk}/share/" in page.get(f"/c/{run.conversation_id}/").content.decode()
    later = case.run(conversation=run.conversation, question="And trains?")
    whole_one = page.get(f"/c/{run.conversation_id}/share/").content.decode()
    assert f"/runs/{later.pk}/share/" in whole_one
    assert 'value="1" checked' in whole_one
    form = page.get(f"/runs/{run.pk}/share/").content.decode()
    assert "People" in form  # a group of her own is offered
    assert "carol" not in form
    found = page.post(f"/runs/{run.pk}/share/readers/", {"q": "car"}).content.decode()
    assert f'value="{carol.pk}"' in found
    refused = page.post(f"/runs/{run.pk}/share/", {"days": "7"})
    assert refused.status_code == 422
    made = page.post(f"/runs/{run.pk}/share/", {"person": [carol.pk, bob.pk], "days": "7"}).content.decode()
    (listed,) = shares_of(case.alice)
    address = f"/shared/{listed.share.pk}/"
    assert address in made
    whole, part = (browse(one).get(address).content.decode() for one in (carol, bob))
    assert SECRET in whole
    assert PLAN in whole
    assert "withheld" not in whole
    for hidden in (SECRET, PLAN, "heliotrope", "Pay"):
        assert hidden not in part
    assert QUOTE in part
    assert "withheld" in part
    assert 'name="conversation"' not in whole  # nobody goes on in somebody else's conversation
    assert address in browse(carol).get("/shared/").content.decode()
    assert page.post(f"{address}revoke/").status_code == 302
    assert browse(carol).get(address).status_code == 404
    assert address not in browse(carol).get("/shared/").content.decode()
    assert Client().get(address).status_code == 302


def test_a_reader_asks_the_question_in_a_conversation_of_their_own(
    case: Case, carol: Person, browse: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.runs.workshop", lambda: type("Idle", (), {"lease": "x", "submit": lambda *_: None})())
    run = case.run()
    share(run, by=case.alice, people=[carol.pk])
    page = browse(carol)
    answer = page.post("/ask/", {"question": run.question, "conversation": str(run.conversation_id)})
    assert answer.status_code == 404
    page.post("/ask/", {"question": run.question})
    own = Run.objects.get(person=carol)
    assert own.question == run.question
    assert own.conversation.person == carol


def test_sharing_by_api(case: Case, carol: Person, bob: Person) -> None:
    run = case.run()

    def api(person: Person) -> Client:
        return Client(headers={"Authorization": f"Bearer {create_api_key(person, 'test')}"})

    alice = api(case.alice)
    body = {"run": str(run.pk), "people": ["carol", "bob"], "days": 7}
    made = alice.post("/api/v1/shares", body, content_type=JSON)
    assert made.status_code == 201, made.content
    address = f"/api/v1/shares/{made.json()['id']}"
    assert sorted(alice.get("/api/v1/shares").json()["shared"][0]["readers"]) == ["bob", "carol"]
    (received,) = api(carol).get("/api/v1/shares").json()["received"]
    assert received["readers"] == []  # nobody is told of the others
    (turn,) = api(carol).get(address).json()["turns"]
    assert (turn["withheld"], turn["answer"]) == (False, ANSWER)
    (turn,) = api(bob).get(address).json()["turns"]
    assert (turn["withheld"], turn["answer"], turn["state"]) == (True, None, None)
    assert [claim["text"] for claim in turn["claims"]] == [f"{QUOTE} [1]"]
    assert SECRET not in str(turn)
    for person in (carol, bob):
        assert api(person).get(f"/api/v1/runs/{run.pk}").status_code == 404
        assert api(person).get(f"/api/v1/runs/{run.pk}/events").status_code == 404
        assert api(person).delete(address).status_code == 404
    unknown = alice.post("/api/v1/shares", body | {"people": ["nobody-here"]}, content_type=JSON)
    assert unknown.status_code == 422
    assert api(bob).post("/api/v1/shares", body, content_type=JSON).status_code == 404
    assert alice.delete(address).status_code == 204
    assert api(carol).get(address).status_code == 404

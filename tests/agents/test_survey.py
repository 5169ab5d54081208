"""Every document is checked: exact counts and lists over a generated library, with the offline models."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from pytest_django import Settings

from accounts.models import Person
from agents.events import Cited, Event, Finished, Routed
from agents.survey_report import Survey, survey_of
from bench.survey import QUESTIONS, expected, library, load
from kb.access import acting_as, acting_as_system
from kb.collections import create_collection
from kb.models import Collection, Document
from kb.operators import operator
from kb.reading import quote_is_literal
from llm.local.server import create_app
from llm.profiles import ModelServers
from tests.agents.conftest import Asker
from tests.serving import served

PAPERS = library()
# Each fact once, in one language or the other; `python -m bench survey` asks them all.
ASKED = [asked for place, asked in enumerate(QUESTIONS) if place in (0, 3, 4, 7, 8)]


@pytest.fixture
def shelf(transactional_db: None, settings: Settings) -> Iterator[Collection]:
    with served(create_app()) as address:
        settings.MODEL_SERVERS = ModelServers.from_environment({"LOCAL_MODEL_URL": f"{address}/v1"})
        collection = create_collection("Papers", by=operator(None), everyone=True)
        load(PAPERS, collection, Group.objects.get_or_create(name="Engineering")[0])
        yield collection


def surveyed(events: list[Event]) -> Survey:
    survey = survey_of(events)
    assert survey is not None
    return survey


def ids(collection: Collection, documents: list[int]) -> set[str]:
    with acting_as_system():
        return set(
            Document.objects.filter(collection=collection, pk__in=documents).values_list("external_id", flat=True)
        )


def test_counts_and_lists_are_exact(shelf: Collection, alice: Person, bob: Person) -> None:
    restricted = {paper.title for paper in PAPERS if paper.restricted}
    total = sum(not paper.restricted for paper in PAPERS)
    for asked in ASKED:
        ask = Asker(alice)
        events = ask(asked.text)
        survey = surveyed(events)
        found = expected(PAPERS, asked.fact)
        assert events[0] == Routed("exhaustive", "every_document"), asked
        assert ids(shelf, [row.document for row in survey.found]) == found, asked
        assert not survey.undecided, asked
        assert (survey.checked, survey.total, survey.unreadable) == (total, total, 4), asked
        assert survey.complete
        assert isinstance(events[-1], Finished)
        answer = events[-1].answer
        assert str(len(found)) in answer.partition("\n")[0]
        assert str(total) in answer.partition("\n")[0]
        assert not any(title in answer for title in restricted)
        cited = next(event for event in events if isinstance(event, Cited)).citations
        assert len(cited) == len(found)
        with acting_as(alice):
            assert all(quote_is_literal(one.version, one.start, one.end, one.quote) for one in cited)
    ask = Asker(bob)
    assert ids(shelf, [row.document for row in surveyed(ask(QUESTIONS[0].text)).found]) == expected(
        PAPERS, QUESTIONS[0].fact, restricted=True
    )

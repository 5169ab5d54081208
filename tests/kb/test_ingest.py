"""Files become findable, step by step, whatever happens on the way."""

from io import BytesIO

import pytest

from accounts.models import Person
from kb.access import acting_as
from kb.documents import add_document
from kb.ingest import work_next
from kb.models import Collection, Document, State
from kb.models_index import PassageVector, Posting
from llm.profiles import ModelServers

pytestmark = pytest.mark.django_db

TRAVEL = b"""# Travel policy

## Hotels

Employees may spend up to 180 euros for a night in a hotel.

## Trains

Trains are booked in second class, flights over six hours in premium economy.
"""


def test_an_uploaded_file_becomes_ready(model_server: ModelServers, admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "travel.md", BytesIO(TRAVEL), by=admin)
    assert work_next() == document.latest_version_id
    with acting_as(admin):
        document = Document.objects.select_related("current_version").get(pk=document.pk)
        version = document.current_version
        assert version is not None
        assert version.state == State.READY
        assert version.ready_at is not None
        assert document.title == "Travel policy"
        passages = list(version.passages.all())
        text = "".join(page.text for page in version.pages.all())
        assert [text[passage.start : passage.end] for passage in passages] == [passage.text for passage in passages]
        assert PassageVector.objects.filter(version_id=version.pk).count() == len(passages) == version.passage_count
        assert Posting.objects.filter(version_id=version.pk).exists()
    assert work_next() is None

"""The languages of versions are asked once, as somebody who may read them."""

import pytest

from accounts.models import Person
from kb import version_languages
from kb.access import NotActing, acting_as, acting_as_system
from kb.models import Collection, DocumentVersion, State
from kb.version_languages import languages_of
from tests.kb.shelves import shelve

pytestmark = pytest.mark.django_db


def test_the_language_of_a_ready_version_is_known_to_its_readers(
    handbook: Collection, people_files: Collection, bob: Person
) -> None:
    open_to_all = shelve(handbook, "Travel", "Trains are booked in second class.").current_version_id or 0
    private = shelve(people_files, "Salaries", "Salaries are paid on the 25th.").current_version_id or 0
    with acting_as_system():
        DocumentVersion.objects.filter(pk__in=(open_to_all, private)).update(language="en")
    with acting_as(bob):
        known = languages_of({open_to_all, private})
    assert (known.get(open_to_all), known.get(private)) == ("en", None)


def test_it_is_asked_once_and_not_while_a_version_is_at_work(
    handbook: Collection, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = shelve(handbook, "Travel", "Trains are booked in second class.").current_version_id or 0
    working = shelve(handbook, "Meals", "Lunch is at noon.").current_version_id or 0
    with acting_as(bob):
        DocumentVersion.objects.filter(pk=working).update(state=State.EMBEDDING)
        languages_of({ready, working})
        asked: list[str] = []

        def rows(statement: str, values: dict[str, str]) -> list[tuple[int, str]]:
            asked.append(values["versions"])
            return []

        monkeypatch.setattr(version_languages, "rows", rows)
        languages_of({ready, working})
    assert asked == [f"{{{working}}}"]


def test_nobody_asks_outside(handbook: Collection) -> None:
    with pytest.raises(NotActing):
        languages_of({1})

"""How passages begin: signs that Markdown has for programs are left out for people."""

import pytest

from accounts.models import Person
from kb.access import acting_as
from kb.models import Collection, Passage
from kb.snippets import snippets
from tests.kb.shelves import shelve


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("## How many days\n\nUp to **3 days per week**.", "How many days Up to 3 days per week."),
        ("- **18 May 2014** – a day\n- another", "18 May 2014 – a day another"),
        ("| City | Limit |\n|:---|---:|\n| Berlin | 150 |", "City Limit Berlin 150"),
        ("2 ** 3 = 8, and __init__ stays", "2 ** 3 = 8, and __init__ stays"),
        ("A - B", "A - B"),
        ("word " * 60, "word " * 43 + "word…"),
    ],
)
def test_how_a_passage_begins(alice: Person, handbook: Collection, text: str, begins: str) -> None:
    document = shelve(handbook, "Rules", text)
    with acting_as(alice):
        passage = Passage.objects.get(document=document)
        place = (passage.version_id, passage.start, passage.end)
        assert snippets({place}) == {place: begins}

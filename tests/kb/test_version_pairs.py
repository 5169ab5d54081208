"""The sample company's documents that have two versions: the current one is found today, the old one on its days; and
searches never miss while a new version is at work, fails, or takes over.
"""

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from accounts.models import Person
from kb import bursts, ingest
from kb.access import acting_as_system
from kb.documents import add_document, replace_document, retry
from kb.ingest import Job, work_next
from kb.models import Collection, Document, DocumentVersion, State
from kb.parsing import ParseError
from kb.search import search_as

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PAIRS = [
    document
    for document in json.loads((SAMPLES / "company.json").read_text(encoding="utf-8"))["documents"]
    if len(document["versions"]) > 1
]
# What each version says where they differ, with a question about it.
ASKED = {
    "travel-policy-2024": [
        ("From how many hours of flight may business class be booked?", "10 hours", "12 hours"),
        ("How many days after a trip must the expense report be handed in?", "30 days", "20 days"),
    ],
    "leave-policy-2023": [
        ("未休完的年休假最多可以结转几天？", "3天", "5天"),
        ("每年全薪病假有几天？", "5天", "8天"),
    ],
}


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.fixture
def company(admin: Person, handbook: Collection) -> dict[str, Document]:
    """Every document of the samples that has several versions, all of them ready."""
    found: dict[str, Document] = {}
    for row in PAIRS:
        for version in row["versions"]:
            file = BytesIO((SAMPLES / "documents" / version["file"]).read_bytes())
            name, days = Path(version["file"]).name, (day(version["effective_from"]), day(version["effective_to"]))
            if document := found.get(row["id"]):
                replace_document(document, name, file, by=admin, effective_from=days[0], effective_to=days[1])
            else:
                found[row["id"]] = add_document(
                    handbook, name, file, by=admin, title=row["title"], effective_from=days[0], effective_to=days[1]
                )
    while work_next():
        pass
    return found


def plain(text: str) -> str:
    return "".join(text.split())


def test_the_samples_have_pairs_and_each_is_asked_about() -> None:
    assert {row["id"] for row in PAIRS} == set(ASKED)


def test_today_the_current_version_is_found_and_on_its_days_the_old_one(
    company: dict[str, Document], alice: Person
) -> None:
    for row in PAIRS:
        with acting_as_system():
            older, newer = DocumentVersion.objects.filter(document=company[row["id"]]).order_by("number")
        begins, ends = day(row["versions"][1]["effective_from"]), day(row["versions"][0]["effective_to"])
        assert begins is not None
        for question, then, now in ASKED[row["id"]]:
            for as_of, version, said in ((None, newer, now), (begins, newer, now), (ends, older, then)):
                for method in ("fused", "lexical", "dense"):
                    hits = search_as(alice, question, as_of=as_of, method=method)
                    mine = [hit for hit in hits if hit.document_id == company[row["id"]].pk]
                    assert mine, (question, as_of, method)
                    assert {hit.version_id for hit in mine} == {version.pk}, (question, as_of, method)
                    assert any(plain(said) in plain(hit.text) for hit in mine), (question, as_of, method)


OLD = b"# Notice\n\nThe lighthouse closes at six.\n"
NEW = b"# Notice\n\nThe lighthouse closes at nine.\n"


@pytest.fixture
def notice(admin: Person, handbook: Collection) -> Document:
    document = add_document(handbook, "notice.md", BytesIO(OLD), by=admin)
    work_next()
    return document


def found(person: Person) -> Iterator[str]:
    """What a search by each method says, at once; every one of them must find exactly one text."""
    for method in ("fused", "lexical", "dense"):
        (hit,) = search_as(person, "When does the lighthouse close?", method=method)
        yield hit.text


def watched(monkeypatch: pytest.MonkeyPatch, person: Person) -> list[tuple[str, str]]:
    """Search before and after every step of the pipeline; what was found, and beside which step."""
    seen: list[tuple[str, str]] = []

    def looking(step: object) -> object:
        def look(job: Job) -> None:
            name = step.__name__  # type: ignore[attr-defined]
            seen.extend((f"before {name}", text) for text in found(person))
            step(job)  # type: ignore[operator]
            seen.extend((f"after {name}", text) for text in found(person))

        return look

    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    monkeypatch.setattr(ingest, "STEPS", tuple(looking(step) for step in ingest.STEPS))
    return seen


def test_searches_never_miss_while_a_new_version_is_at_work(
    notice: Document, admin: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watched(monkeypatch, alice)
    replace_document(notice, "notice.md", BytesIO(NEW), by=admin)
    assert all("six" in text for text in found(alice))
    work_next()
    assert all("nine" in text for text in found(alice))
    done = next(place for place, (step, _) in enumerate(seen) if step == "after publish")
    assert all("six" in text for _, text in seen[:done])
    assert all("nine" in text for _, text in seen[done:])


@pytest.mark.parametrize("bad", [b"%PDF-1.7 broken off", b"", b"PK\x03\x04 no archive"])
def test_searches_never_miss_while_a_bad_version_fails(
    notice: Document, admin: Person, alice: Person, monkeypatch: pytest.MonkeyPatch, bad: bytes
) -> None:
    watched(monkeypatch, alice)
    version = replace_document(notice, "notice.pdf", BytesIO(bad), by=admin)
    assert all("six" in text for text in found(alice))
    for _ in range(2):
        work_next()
        assert all("six" in text for text in found(alice))
        with acting_as_system():
            version.refresh_from_db()
            notice.refresh_from_db()
        assert version.state == State.FAILED
        assert notice.current_version_id != version.pk
        retry(notice, admin)
        assert all("six" in text for text in found(alice))


@pytest.mark.parametrize("step", [step.__name__ for step in ingest.STEPS])
def test_searches_never_miss_whichever_step_fails(
    notice: Document, admin: Person, alice: Person, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each step does its work and fails then: what it has written must not be found."""

    def failing(job: Job) -> None:
        next(one for one in steps if one.__name__ == step)(job)
        raise ParseError("damaged")

    steps = ingest.STEPS
    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    monkeypatch.setattr(ingest, "STEPS", tuple(failing if one.__name__ == step else one for one in steps))
    replace_document(notice, "notice.md", BytesIO(NEW), by=admin)
    work_next()
    assert all(("nine" if step == "publish" else "six") in text for text in found(alice))
    monkeypatch.setattr(ingest, "STEPS", steps)
    if step != "publish":
        retry(notice, admin)
        work_next()
    assert all("nine" in text for text in found(alice))

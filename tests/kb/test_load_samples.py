"""`manage.py load_samples`: a company with groups, people, collections and versions, loaded once."""

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Person
from kb.access import acting_as
from kb.models import Document, State

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]

COMPANY: dict[str, Any] = {
    "groups": [{"key": "people", "name": {"en": "People team", "zh": "人力资源部"}}],
    "people": [
        {"username": "ada", "name": "Ada", "name_zh": "", "email": "", "language": "en", "groups": [], "admin": True},
        {
            "username": "lin",
            "name": "Lin",
            "name_zh": "林",
            "email": "",
            "language": "zh-hans",
            "groups": ["people"],
            "admin": False,
        },
    ],
    "collections": [{"key": "staff", "name": "Staff 员工", "description": "", "everyone": False, "groups": ["people"]}],
    "documents": [
        {
            "id": "leave",
            "collection": "staff",
            "title": "Leave policy",
            "owner": "lin",
            "tags": ["policy"],
            "versions": [
                {"file": "staff/leave-1.md", "effective_from": "2023-01-01", "effective_to": "2025-12-31"},
                {"file": "staff/leave-2.md", "effective_from": "2026-01-01", "effective_to": None},
            ],
        }
    ],
}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    (tmp_path / "company.json").write_text(json.dumps(COMPANY), encoding="utf-8")
    (tmp_path / "documents" / "staff").mkdir(parents=True)
    for number in (1, 2):
        (tmp_path / "documents" / "staff" / f"leave-{number}.md").write_text(f"# Leave\n\n{28 + number} days.")
    return tmp_path


def load(folder: Path, **options: object) -> str:
    out = StringIO()
    call_command("load_samples", folder=folder, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_everything_is_there_and_stays_as_it_is(samples: Path) -> None:
    said = load(samples)
    password = dict(line.split("\t") for line in said.splitlines() if "\t" in line)["lin"]
    assert "2 new document versions" in said
    lin, ada = Person.objects.get(username="lin"), Person.objects.get(username="ada")
    assert lin.check_password(password)
    assert (str(lin), lin.language, lin.is_staff) == ("Lin 林", "zh-hans", False)
    assert ada.is_superuser
    with acting_as(lin):
        document = Document.objects.get()
        assert (document.title, document.owner, document.tags) == ("Leave policy", lin, ["policy"])
        states = list(document.versions.order_by("number").values_list("number", "state", "effective_to__year"))
        assert states == [(1, State.READY, 2025), (2, State.READY, None)]
    again = load(samples)
    assert "0 new document versions" in again
    assert "\t" not in again
    with acting_as(lin):
        assert Document.objects.get().versions.count() == 2


def test_accounts_can_go_to_a_file_only_its_owner_reads(samples: Path) -> None:
    path = samples / "new" / "accounts.txt"
    assert "\t" not in load(samples, accounts=path, password="the same for all")
    assert path.read_text().splitlines() == ["ada\tthe same for all", "lin\tthe same for all"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    load(samples, accounts=path)
    assert len(path.read_text().splitlines()) == 2


def test_workers_can_do_the_reading(samples: Path) -> None:
    load(samples, no_wait=True)
    with acting_as(Person.objects.get(username="ada")):
        assert set(Document.objects.get().versions.values_list("state", flat=True)) == {State.QUEUED}


def test_a_missing_file_is_named(samples: Path) -> None:
    (samples / "documents" / "staff" / "leave-2.md").unlink()
    with pytest.raises(CommandError, match=r"leave-2\.md"):
        load(samples)


def test_a_file_that_cannot_be_read_is_named(samples: Path) -> None:
    (samples / "documents" / "staff" / "leave-2.md").write_bytes(b"")
    out = StringIO()
    with pytest.raises(CommandError, match="1 documents"):
        call_command("load_samples", folder=samples, stdout=out, stderr=out)
    assert "leave-2.md: The file" in out.getvalue()


def test_an_account_whose_password_could_not_be_kept_is_not_made(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        load(samples, accounts=tmp_path / "file" / "accounts.txt")
    assert not Person.objects.filter(username="ada").exists()

"""The pages of sources: set up by administrators, looked at, answered, deleted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document
from kb.models_sources import Source
from kb.sources.work import work_on

SignIn = Callable[[Person], Client]


@pytest.fixture
def shelf(tmp_path: Path, settings: Settings) -> Path:
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# {name}")
    return folder


def made(client: Client, collection: Collection, kind: str, **fields: str) -> Source:
    form = {"name": "Shelf", "collection": collection.pk, "every_minutes": "60", **fields}
    response = client.post(f"/documents/sources/new/?kind={kind}", form)
    assert response.status_code == 302, response.content.decode()
    with acting_as_system():
        return Source.objects.latest("pk")


def test_a_source_is_set_up_followed_and_answered(
    admin: Person, handbook: Collection, sign_in: SignIn, shelf: Path
) -> None:
    client = sign_in(admin)
    assert "Watched folder" in client.get("/documents/sources/new/").content.decode()
    source = made(client, handbook, "folder", path=str(shelf))
    address = f"/documents/sources/{source.pk}/"
    assert "every 3s" in client.get(address).content.decode()
    work_on(source.pk)
    page = client.get(address).content.decode()
    assert "3 added, 0 changed" in page
    assert "a.md" in page
    assert "every 3s" not in page
    for name in ("a", "b"):
        (shelf / f"{name}.md").unlink()
    client.post(f"{address}act/", {"action": "look"})
    work_on(source.pk)
    page = client.get(address, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "3 篇文档中有 2 篇" in page
    client.post(f"{address}act/", {"action": "delete_gone"})
    work_on(source.pk)
    assert "2 deleted" in client.get("/documents/sources/").content.decode()
    client.post(f"{address}act/", {"action": "pause"})
    assert "Go on" in client.get(address).content.decode()
    client.post(f"{address}act/", {"action": "resume"})
    assert client.post(f"{address}act/", {"action": "keep_gone"}, follow=True).status_code == 200
    assert client.post(f"{address}act/", {"action": "nonsense"}).status_code == 404
    assert "followed no longer" in client.post(f"{address}act/", {"action": "delete"}).content.decode()
    client.post(f"{address}act/", {"action": "delete", "confirmed": "yes", "documents": "on"})
    with acting_as_system():
        assert not Source.objects.exists()
        assert not Document.objects.exists()


def test_what_is_wrong_is_said_beside_the_form(admin: Person, handbook: Collection, sign_in: SignIn) -> None:
    client = sign_in(admin)
    form = {"name": "Inside", "collection": handbook.pk, "every_minutes": "60", "url": "http://169.254.169.254/"}
    response = client.post("/documents/sources/new/?kind=url", form)
    assert response.status_code == 422
    assert "closed network" in response.content.decode()
    response = client.post("/documents/sources/new/?kind=url", form | {"name": "", "every_minutes": "1", "url": ""})
    assert response.status_code == 422


def test_secrets_are_not_shown_again(admin: Person, handbook: Collection, sign_in: SignIn, settings: Settings) -> None:
    settings.FETCH_ALLOWED = ["127.0.0.1"]
    client = sign_in(admin)
    made(client, handbook, "git", url="http://127.0.0.1:9/a.git", secret="a very secret token")
    with acting_as_system():
        source = Source.objects.get()
    for path in ("/documents/sources/", f"/documents/sources/{source.pk}/"):
        assert "very secret" not in client.get(path).content.decode()
    failed = client.post("/documents/sources/new/?kind=git", {"secret": "a very secret token"})
    assert "very secret" not in failed.content.decode()


def test_only_administrators_see_them(alice: Person, handbook: Collection, sign_in: SignIn) -> None:
    alice.is_staff = True
    alice.save()
    client = sign_in(alice)
    for path in ("/documents/sources/", "/documents/sources/new/", "/documents/sources/1/"):
        assert client.get(path).status_code == 404
    assert "/documents/sources/" not in client.get("/documents/").content.decode()


def test_a_source_is_changed_and_its_secret_is_not_shown(
    admin: Person, handbook: Collection, people_files: Collection, sign_in: SignIn, settings: Settings
) -> None:
    settings.FETCH_ALLOWED = ["127.0.0.1"]
    client = sign_in(admin)
    source = made(client, handbook, "git", url="http://127.0.0.1:8001/a.git", secret="a-token")
    address = f"/documents/sources/{source.pk}/edit/"
    html = client.get(address).content.decode()
    assert 'value="http://127.0.0.1:8001/a.git"' in html
    assert "a-token" not in html
    assert "the one that is kept stays" in html
    form = {
        "name": "Wiki",
        "collection": people_files.pk,
        "every_minutes": "15",
        "url": "http://127.0.0.1:8001/b.git",
    }
    assert client.post(address, form).status_code == 302
    with acting_as_system():
        source.refresh_from_db()
    assert (source.name, source.collection_id, source.every_minutes) == ("Wiki", people_files.pk, 15)
    assert client.post(address, form | {"url": "ftp://x"}).status_code == 422


def test_a_source_that_fails_says_so_in_one_word(
    admin: Person, handbook: Collection, sign_in: SignIn, shelf: Path
) -> None:
    client = sign_in(admin)
    source = made(client, handbook, "folder", path=str(shelf))
    work_on(source.pk)
    assert ">failed<" not in client.get("/documents/sources/").content.decode()
    for file in shelf.iterdir():
        file.unlink()
    shelf.rmdir()
    client.post(f"/documents/sources/{source.pk}/act/", {"action": "look"})
    work_on(source.pk)
    for address in ("/documents/sources/", f"/documents/sources/{source.pk}/"):
        page = client.get(address).content.decode()
        assert '<span class="badge failed">failed</span>' in page
        assert ">active<" not in page
    assert "Nothing changed." not in page

"""Sources over HTTP, for administrators."""

from pathlib import Path

from pytest_django import Settings

from accounts.models import Person
from kb.models import Collection
from kb.sources.work import work_on
from tests.api.conftest import ClientOf

JSON = "application/json"


def test_a_source_from_its_beginning_to_its_end(
    api: ClientOf, admin: Person, alice: Person, handbook: Collection, tmp_path: Path, settings: Settings
) -> None:
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    (tmp_path / "a.md").write_text("# A")
    client = api(admin)
    body = {"collection": handbook.pk, "kind": "folder", "name": "Shelf", "settings": {"path": str(tmp_path)}}
    made = client.post("/api/v1/sources", body, content_type=JSON)
    assert made.status_code == 201
    address = f"/api/v1/sources/{made.json()['id']}"
    work_on(made.json()["id"])
    shown = client.get(address).json()
    assert (shown["state"], shown["last_look"]["added"], shown["changes"][0]["key"]) == ("active", 1, "a.md")
    (tmp_path / "a.md").unlink()
    assert client.post(f"{address}/look").status_code == 200
    work_on(made.json()["id"])
    asking = client.get("/api/v1/sources").json()[0]
    assert (asking["state"], asking["error"]["code"]) == ("asking", "would_delete_most")
    assert client.post(f"{address}/keep_gone").json()["state"] == "active"
    assert client.post(f"{address}/keep_gone").status_code == 409
    assert client.post(f"{address}/nonsense").status_code == 422
    changed = client.patch(address, {"name": "Shelf 2", "every_minutes": 15}, content_type=JSON).json()
    assert (changed["name"], changed["every_minutes"], changed["settings"]) == ("Shelf 2", 15, {"path": str(tmp_path)})
    assert client.patch(address, {"settings": {"path": "/etc"}}, content_type=JSON).status_code == 422
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    refused = client.post("/api/v1/sources", body | {"settings": {"path": "/etc"}}, content_type=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "folder_refused")
    assert api(alice).get("/api/v1/sources").status_code == 404

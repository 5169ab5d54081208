"""Another system mirrors its documents: it lists, sends what is asked for, and finishes."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document
from tests.api.conftest import ClientOf
from tests.world import World

JSON = "application/json"
API = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def listed(client: Client, collection: Collection, sync: int | None = None, **texts: str) -> Any:
    body = {"documents": [{"external_id": name, "sha256": digest(text)} for name, text in texts.items()], "sync": sync}
    return client.post(f"/api/v1/collections/{collection.pk}/sync", body, content_type=JSON)


def send(client: Client, collection: Collection, name: str, text: str) -> None:
    form = {"files": SimpleUploadedFile(f"{name}.md", text.encode()), "external_id": name}
    assert client.post(f"/api/v1/collections/{collection.pk}/documents", form).status_code == 202


def finish(client: Client, collection: Collection, sync: int, confirm: int | None = None) -> Any:
    body = {"sync": sync, "confirm": confirm}
    return client.post(f"/api/v1/collections/{collection.pk}/sync/finish", body, content_type=JSON)


def mirrored(client: Client, collection: Collection, **texts: str) -> dict[str, Any]:
    plan: dict[str, Any] = listed(client, collection, None, **texts).json()
    for name in plan["send"]:
        send(client, collection, name, texts[name])
    plan["finished"] = finish(client, collection, plan["sync"]).json()
    return plan


def names(collection: Collection) -> list[str]:
    with acting_as_system():
        return sorted(Document.objects.filter(collection=collection).values_list("external_id", flat=True))


def test_only_what_changed_is_sent_and_what_is_gone_is_deleted(
    api: ClientOf, admin: Person, handbook: Collection
) -> None:
    client = api(admin)
    first = mirrored(client, handbook, a="# A", b="# B", c="# C")
    assert (first["send"], first["unchanged"], first["would_delete"]) == (["a", "b", "c"], 0, [])
    assert first["finished"] == {"deleted": 0, "missing": []}
    second = mirrored(client, handbook, a="# A", b="# B, revised", d="# D")
    assert (second["send"], second["unchanged"], second["would_delete"]) == (["b", "d"], 1, ["c"])
    assert second["finished"] == {"deleted": 1, "missing": []}
    assert names(handbook) == ["a", "b", "d"]
    with acting_as_system():
        assert Document.objects.get(external_id="b").versions.count() == 2


def test_what_came_another_way_is_not_touched(api: ClientOf, admin: Person, handbook: Collection) -> None:
    client = api(admin)
    send(client, handbook, "by hand", "# Mine")
    mirrored(client, handbook, a="# A", b="# B", c="# C")
    mirrored(client, handbook, a="# A", b="# B")
    assert names(handbook) == ["a", "b", "by hand"]


def test_most_documents_go_only_when_that_is_meant(api: ClientOf, admin: Person, handbook: Collection) -> None:
    client = api(admin, language="zh-hans")
    mirrored(client, handbook, a="# A", b="# B", c="# C")
    plan = listed(client, handbook).json()
    refused = finish(client, handbook, plan["sync"])
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "would_delete_most"
    assert "3" in refused.json()["error"]["message"]
    assert finish(client, handbook, plan["sync"], confirm=2).status_code == 409
    assert len(names(handbook)) == 3
    assert finish(client, handbook, plan["sync"], confirm=3).json()["deleted"] == 3
    assert names(handbook) == []


def test_a_long_list_comes_in_pieces(api: ClientOf, admin: Person, handbook: Collection) -> None:
    client = api(admin)
    mirrored(client, handbook, a="# A", b="# B", c="# C")
    plan = listed(client, handbook, a="# A").json()
    assert plan["would_delete"] == ["b", "c"]
    plan = listed(client, handbook, plan["sync"], b="# B", x="# X").json()
    assert plan["would_delete"] == ["c"]
    assert finish(client, handbook, plan["sync"]).json() == {"deleted": 1, "missing": ["x"]}
    assert finish(client, handbook, plan["sync"]).status_code == 404
    assert listed(client, handbook, plan["sync"]).status_code == 404


def test_readers_may_not_synchronise(api: ClientOf, alice: Person, bob: Person, people_files: Collection) -> None:
    assert listed(api(alice), people_files, a="# A").status_code == 403
    assert listed(api(bob), people_files, a="# A").status_code == 404
    assert finish(api(bob), people_files, 1).status_code == 404


def test_the_documented_example_works(world: World, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", API.read_text(), re.DOTALL)
    example: dict[str, Any] = {}
    exec(next(block for block in blocks if "def mirror" in block), example)
    for name in "abc":
        (tmp_path / f"{name}.md").write_text(f"# {name}")
    with world.http("admin") as http:
        shelf = http.post("/api/v1/collections", json={"name": "Mirror", "everyone": True}).json()["id"]
        assert example["mirror"](http, shelf, tmp_path).json() == {"deleted": 0, "missing": []}
        (tmp_path / "b.md").unlink()
        assert example["mirror"](http, shelf, tmp_path).json() == {"deleted": 1, "missing": []}
        http.delete(f"/api/v1/collections/{shelf}")

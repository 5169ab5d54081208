"""Collections, documents, versions and search over HTTP, from the upload to the answer that a search gives."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import Person
from kb.access import acting_as_system
from kb.ingest import work_next
from kb.models import Collection, DocumentVersion, State
from tests.api.asking import content_of
from tests.api.conftest import ClientOf
from tests.llm.scripted import ScriptedServer

JSON = "application/json"
TRAVEL = b"# Travel policy\n\n## Hotels\n\nA night in Berlin may cost 180 euros.\n"
TRAVEL_2 = b"# Travel policy\n\n## Hotels\n\nA night in Berlin may cost 210 euros.\n"


def file(name: str = "travel.md", content: bytes = TRAVEL) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def upload(client: Client, collection: Collection, *files: SimpleUploadedFile, **fields: str) -> Any:
    return client.post(f"/api/v1/collections/{collection.pk}/documents", {"files": list(files), **fields})


def put(client: Client, document: int, content: bytes, **fields: str) -> Any:
    data = encode_multipart(BOUNDARY, {"file": file(content=content), **fields})
    return client.put(f"/api/v1/documents/{document}/file", data, content_type=MULTIPART_CONTENT)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_whose_key_this_is(api: ClientOf, alice: Person) -> None:
    assert api(alice).get("/api/v1/me").json() == {
        "id": alice.pk,
        "username": "alice",
        "name": "alice",
        "groups": ["People"],
        "is_admin": False,
        "thinking": {
            "runs": 0, "runs_limit": 50, "tokens": 0, "tokens_limit": 3_000_000, "runs_left": 50,
        },
    }  # fmt: skip


def test_a_collection_is_made_read_and_deleted(api: ClientOf, admin: Person, alice: Person, bob: Person) -> None:
    body = {"name": "  Offers  ", "description": "What we\0 offer", "groups": ["People"]}
    made = api(admin).post("/api/v1/collections", body, content_type=JSON)
    assert made.status_code == 201
    one = made.json()
    assert (one["name"], one["description"]) == ("Offers", "What we offer")
    assert api(alice).get(f"/api/v1/collections/{one['id']}").json() == one
    assert [row["name"] for row in api(alice).get("/api/v1/collections").json()] == ["Offers"]
    assert api(bob).get("/api/v1/collections").json() == []
    again = api(admin).post("/api/v1/collections", {"name": "Offers"}, content_type=JSON)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "name_taken")
    unknown = api(admin).post("/api/v1/collections", {"name": "B", "groups": ["Elves"]}, content_type=JSON)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (422, "unknown_group")
    assert api(admin).delete(f"/api/v1/collections/{one['id']}").status_code == 204
    assert api(admin).get(f"/api/v1/collections/{one['id']}").status_code == 404


def test_a_file_is_uploaded_processed_found_and_replaced(
    api: ClientOf, scripted: ScriptedServer, admin: Person, bob: Person, handbook: Collection
) -> None:
    sent = upload(api(admin), handbook, file(), effective_from="2025-01-01")
    assert sent.status_code == 202
    (document,) = sent.json()["documents"]
    assert (document["state"], document["current_version"], document["error"]) == ("queued", None, None)
    assert document["progress"] == {"done": 0, "total": None, "unit": ""}
    assert document["version"]["effective_from"] == "2025-01-01"
    url = f"/api/v1/documents/{document['id']}"
    assert work_next() is not None
    ready = api(bob).get(url).json()
    assert (ready["state"], ready["title"]) == ("ready", "Travel policy")
    assert ready["current_version"] == ready["version"]["id"]
    assert ready["version"]["passages"] >= 1

    query = {"query": "hotel night in Berlin"}
    found = api(bob).post("/api/v1/search", query, content_type=JSON).json()
    assert found["degraded"] is False
    hit = found["hits"][0]
    assert (hit["document"], hit["version"]) == (document["id"], ready["current_version"])
    assert "180 euros" in hit["text"]
    assert hit["end"] - hit["start"] == len(hit["text"])
    assert "berlin" in hit["why"]["matched_terms"]

    replaced = put(api(admin), document["id"], TRAVEL_2)
    assert (replaced.status_code, replaced.json()["version"]["number"]) == (202, 2)
    assert replaced.json()["current_version"] == ready["current_version"]  # the one before answers meanwhile
    hits = api(bob).post("/api/v1/search", query, content_type=JSON).json()["hits"]
    assert "180 euros" in hits[0]["text"]
    assert work_next() is not None
    hits = api(bob).post("/api/v1/search", query, content_type=JSON).json()["hits"]
    assert "210 euros" in hits[0]["text"]
    versions = api(bob).get(f"{url}/versions").json()
    assert [version["number"] for version in versions] == [2, 1]

    original = api(bob).get(f"{url}/file")
    assert content_of(original) == TRAVEL_2
    assert original.headers["Content-Disposition"].startswith("attachment;")
    assert api(bob).delete(url).status_code == 403
    assert api(admin).delete(url).status_code == 204
    assert api(bob).get(url).status_code == 404
    assert api(bob).post("/api/v1/search", query, content_type=JSON).json()["hits"] == []


def test_the_same_new_version_twice_changes_nothing(api: ClientOf, admin: Person, handbook: Collection) -> None:
    (document,) = upload(api(admin), handbook, file()).json()["documents"]
    assert put(api(admin), document["id"], TRAVEL).json()["version"]["number"] == 1
    assert upload(api(admin), handbook, file()).json()["documents"][0]["id"] == document["id"]


def test_many_files_at_once(api: ClientOf, admin: Person, handbook: Collection) -> None:
    files = [file(f"{number}.md", f"# {number}".encode()) for number in range(30)]
    documents = upload(api(admin), handbook, *files).json()["documents"]
    assert [document["filename"] for document in documents] == [f"{number}.md" for number in range(30)]


def test_a_listing_is_paged_and_filtered(api: ClientOf, admin: Person, handbook: Collection) -> None:
    files = [file(f"{number}.md", f"# {number}".encode()) for number in range(5)]
    ids = [document["id"] for document in upload(api(admin), handbook, *files).json()["documents"]]
    with acting_as_system():
        DocumentVersion.objects.filter(document=ids[1]).update(
            state=State.FAILED, error_code="damaged", error_en="It is damaged.", error_zh="文件已损坏。"
        )
    url = f"/api/v1/collections/{handbook.pk}/documents"

    def listed(query: str) -> tuple[list[int], int]:
        answer = api(admin).get(f"{url}?{query}").json()
        return [document["id"] for document in answer["documents"]], answer["total"]

    assert listed("limit=2") == (ids[:2], 5)
    assert listed("limit=2&offset=4") == (ids[4:], 5)
    assert listed("offset=99") == ([], 5)
    assert listed("state=failed") == ([ids[1]], 1)
    for wrong in ("limit=0", "limit=501", "offset=-1", "state=broken", "limit=all"):
        assert api(admin).get(f"{url}?{wrong}").status_code == 422
    assert api(admin).get(f"/api/v1/documents/{ids[1]}").json()["error"] == {
        "code": "damaged",
        "message": "It is damaged.",
    }
    chinese = api(admin, "zh-hans").get(f"/api/v1/documents/{ids[1]}").json()
    assert chinese["error"]["message"] == "文件已损坏。"


def test_processing_is_cancelled_and_tried_again(api: ClientOf, admin: Person, handbook: Collection) -> None:
    (document,) = upload(api(admin), handbook, file()).json()["documents"]
    url = f"/api/v1/documents/{document['id']}"
    assert api(admin).post(f"{url}/retry").status_code == 409
    assert api(admin).post(f"{url}/cancel").json()["state"] == "cancelled"
    assert api(admin).post(f"{url}/cancel").status_code == 409
    again = api(admin).post(f"{url}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "queued")


def test_progress_is_shown_while_it_is_made(api: ClientOf, admin: Person, handbook: Collection) -> None:
    (document,) = upload(api(admin), handbook, file()).json()["documents"]
    with acting_as_system():
        DocumentVersion.objects.filter(document=document["id"]).update(
            state=State.PARSING, progress_done=3, progress_total=10, progress_unit="pages"
        )
    shown = api(admin).get(f"/api/v1/documents/{document['id']}").json()
    assert (shown["state"], shown["progress"]) == ("parsing", {"done": 3, "total": 10, "unit": "pages"})


@pytest.mark.parametrize(
    ("fields", "files", "status", "code"),
    [
        ({}, [], 422, "invalid"),
        ({"effective_from": "soon"}, [file()], 422, "invalid"),
        ({"effective_from": "2026-02-01", "effective_to": "2026-01-01"}, [file()], 422, "dates_reversed"),
        ({}, [file("broken.zip", b"PK no archive")], 422, "damaged"),
    ],
)
def test_an_upload_that_cannot_be_taken(
    api: ClientOf,
    admin: Person,
    handbook: Collection,
    fields: dict[str, str],
    files: list[SimpleUploadedFile],
    status: int,
    code: str,
) -> None:
    for one in files:
        one.seek(0)
    response = upload(api(admin), handbook, *files, **fields)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.content


def test_a_file_without_a_name_is_no_file(api: ClientOf, admin: Person, handbook: Collection) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\nabc\r\n--x--\r\n'
    url = f"/api/v1/collections/{handbook.pk}/documents"
    response = api(admin).post(url, part, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 422
    assert response.json()["error"]["fields"][0]["field"] == "files"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\\b\\c.md", "x" * 400 + ".md", "报告 2026.md"])
def test_a_file_name_is_only_a_name(api: ClientOf, admin: Person, handbook: Collection, name: str) -> None:
    (document,) = upload(api(admin), handbook, file(name)).json()["documents"]
    assert "/" not in document["filename"]
    assert "\\" not in document["filename"]
    assert 0 < len(document["filename"]) <= 255


def test_a_file_larger_than_allowed(api: ClientOf, admin: Person, handbook: Collection, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1
    large = file("large.txt", b"x" * (1 << 20) + b"x")
    alone = upload(api(admin), handbook, large)
    assert (alone.status_code, alone.json()["error"]["code"]) == (413, "too_large")
    large.seek(0)
    together = upload(api(admin, "zh-hans"), handbook, file(), large)
    assert together.status_code == 202
    assert [document["filename"] for document in together.json()["documents"]] == ["travel.md"]
    (refused,) = together.json()["refused"]
    assert (refused["filename"], refused["error"]["code"]) == ("large.txt", "too_large")
    assert "拆分" in refused["error"]["message"]


def test_an_archive_becomes_documents_and_its_bad_members_are_named(
    api: ClientOf, admin: Person, handbook: Collection
) -> None:
    # The inner archive's checksum does not fit.
    inner = zipped({"a.md": b"A" * 50}).replace(b"A" * 50, b"B" * 50)
    archive = zipped({"leave.md": b"# Leave", "travel/hotels.md": TRAVEL, "nested.zip": inner})
    answer = upload(api(admin), handbook, file("handbook.zip", archive)).json()
    assert sorted(document["filename"] for document in answer["documents"]) == ["hotels.md", "leave.md"]
    (refused,) = answer["refused"]
    assert refused["filename"].endswith("nested.zip")
    assert refused["error"]["code"] == "damaged"
    assert refused["error"]["message"].endswith(".")


def test_search_knows_days_methods_and_bounds(
    api: ClientOf, scripted: ScriptedServer, admin: Person, bob: Person, handbook: Collection
) -> None:
    (document,) = upload(api(admin), handbook, file(), effective_from="2025-01-01").json()["documents"]
    work_next()
    put(api(admin), document["id"], TRAVEL_2, effective_from="2026-01-01")
    work_next()

    def texts(**body: Any) -> str:
        answer = api(bob).post("/api/v1/search", {"query": "Berlin night", **body}, content_type=JSON)
        assert answer.status_code == 200, answer.content
        return " ".join(hit["text"] for hit in answer.json()["hits"])

    assert "210" in texts()
    assert "180" in texts(as_of="2025-06-01")
    assert texts(as_of=date(2020, 1, 1).isoformat()) == ""
    assert "210" in texts(method="lexical")
    assert "210" in texts(method="dense")
    assert "210" in texts(collections=[handbook.pk], documents=[document["id"]])
    assert texts(documents=[document["id"] + 1]) == ""
    assert "210" in texts(query="Berlin\0 night")


def test_what_is_said_about_a_document_is_changed(
    api: ClientOf, admin: Person, alice: Person, bob: Person, handbook: Collection
) -> None:
    client, path = api(admin), f"/api/v1/collections/{handbook.pk}/documents"
    sent = {"files": file("leave.md"), "tags": ["leave", "people"], "review_on": "2020-01-31"}
    document = client.post(path, sent).json()["documents"][0]
    assert (document["tags"], document["review_on"], document["review_due"]) == (
        ["leave", "people"],
        "2020-01-31",
        True,
    )
    assert client.get(path, {"review_due": "true"}).json()["total"] == 1
    one = f"/api/v1/documents/{document['id']}"
    changed = client.patch(one, {"title": "Leave", "owner": "alice", "review_on": None, "groups": ["People"]}, JSON)
    assert {name: changed.json()[name] for name in ("title", "owner", "review_on", "tags")} == {
        "title": "Leave",
        "owner": "alice",
        "review_on": None,
        "tags": ["leave", "people"],
    }
    assert api(bob).get(one).status_code == 404
    assert api(alice).patch(one, {"title": "Mine"}, JSON).status_code == 403
    assert client.patch(one, {"groups": None}, JSON).status_code == 200
    lines = api(bob).get(f"{one}/changes").json()
    assert [(line["field"], line["new"], line["by"]) for line in lines] == [
        ("readers", "", "admin"),
        ("readers", "People", "admin"),
        ("review_on", "", "admin"),
        ("owner", "alice", "admin"),
        ("title", "Leave", "admin"),
    ]
    for wrong in ({"title": ""}, {"owner": "nobody"}, {"tags": None}, {"review_on": "soon"}, {"groups": ["None"]}):
        assert client.patch(one, wrong, JSON).status_code == 422, wrong
    dated = client.patch(f"{one}/versions/1", {"effective_from": "2026-01-01"}, JSON).json()
    assert (dated["effective_from"], dated["effective_to"]) == ("2026-01-01", None)
    dated = client.patch(f"{one}/versions/1", {"effective_to": "2026-12-31"}, JSON).json()
    assert (dated["effective_from"], dated["effective_to"]) == ("2026-01-01", "2026-12-31")
    assert client.patch(f"{one}/versions/1", {"effective_to": "2025-12-31"}, JSON).status_code == 422
    assert client.patch(f"{one}/versions/2", {}, JSON).status_code == 404

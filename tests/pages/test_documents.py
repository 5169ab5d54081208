"""The documents page: who sees what, and how many queries it takes."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion, State

SignIn = Callable[[Person], Client]
MakeDocument = Callable[..., Document]
HTMX = {"HX-Request": "true"}


def test_people_see_their_own_documents_only(
    alice: Person, bob: Person, people_files: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(people_files, "Salary <b>bands</b>")
    assert "Salary &lt;b&gt;bands&lt;/b&gt;" in sign_in(alice).get("/documents/").content.decode()
    stranger = sign_in(bob)
    assert "Salary" not in stranger.get("/documents/").content.decode()
    for path in (f"/documents/{people_files.pk}/", f"/documents/d/{document.pk}/"):
        assert stranger.get(path).status_code == 404
    assert "Salary" not in stranger.get(f"/documents/progress/?id={document.pk}").content.decode()


def test_only_those_who_may_write_see_how(
    admin: Person, alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    make_document(handbook)
    page = sign_in(alice).get(f"/documents/{handbook.pk}/").content.decode()
    assert "data-upload" not in page
    assert 'type="checkbox"' not in page
    page = sign_in(admin).get(f"/documents/{handbook.pk}/").content.decode()
    assert "data-upload" in page
    assert 'value="delete"' in page


def test_readers_cannot_write_by_hand(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    client = sign_in(alice)
    file = SimpleUploadedFile("a.md", b"# A")
    refused = client.post(f"/documents/{handbook.pk}/upload/", {"files": file}, headers=HTMX)
    assert refused.status_code == 403
    assert "administrator" in refused.content.decode()
    client.post("/documents/bulk/", {"action": "delete", "document": document.pk, "confirmed": "1"})
    client.post(f"/documents/d/{document.pk}/", {"file": SimpleUploadedFile("b.md", b"# B")})
    assert client.get("/documents/new/").status_code == 404
    assert client.post("/documents/new/", {"name": "Mine"}).status_code == 404
    with acting_as_system():
        assert Document.objects.count() == 1
        assert DocumentVersion.objects.count() == 1
        assert Collection.objects.count() == 1


def test_uploading_many_files_at_once(admin: Person, handbook: Collection, sign_in: SignIn) -> None:
    files = [SimpleUploadedFile(name, name.encode()) for name in ("one.md", "two 二.txt")]
    client = sign_in(admin)
    response = client.post(f"/documents/{handbook.pk}/upload/", {"files": files}, follow=True)
    html = response.content.decode()
    assert "one.md" in html
    assert "two 二.txt" in html
    assert 'hx-get="/documents/progress/?id=' in html


def test_a_script_that_uploads_gets_no_page(admin: Person, handbook: Collection, sign_in: SignIn) -> None:
    file = SimpleUploadedFile("a.md", b"# A")
    assert sign_in(admin).post(f"/documents/{handbook.pk}/upload/", {"files": file}, headers=HTMX).status_code == 204


def test_a_file_that_is_too_large_gets_a_sentence(
    admin: Person, handbook: Collection, sign_in: SignIn, settings: object
) -> None:
    settings.MAX_UPLOAD_MB = 0  # type: ignore[attr-defined]
    file = SimpleUploadedFile("a.md", b"# A")
    response = sign_in(admin).post(f"/documents/{handbook.pk}/upload/", {"files": file}, headers=HTMX)
    assert response.status_code == 413
    assert "Split it" in response.content.decode()


@pytest.mark.parametrize(("done", "said"), [(0, "reading"), (41, "reading: 41 %"), (120, "reading: 99 %")])
def test_progress_in_characters_is_a_share(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn, done: int, said: str
) -> None:
    make_document(handbook, state=State.PARSING, progress_done=done, progress_total=100, progress_unit="characters")
    assert f">{said}</span>" in sign_in(alice).get("/documents/").content.decode()


def test_work_in_progress_is_asked_for_again_and_only_then(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook, state=State.PARSING, progress_done=41, progress_total=120, progress_unit="pages")
    client = sign_in(alice)
    html = client.get("/documents/").content.decode()
    assert "reading: 41 of 120 pages" in html
    assert f'hx-get="/documents/progress/?id={document.pk}"' in html
    with acting_as_system():
        DocumentVersion.objects.update(state=State.READY)
    html = client.get(f"/documents/progress/?id={document.pk}").content.decode()
    assert "hx-get" not in html
    assert f'<tr id="document-{document.pk}" hx-swap-oob="true"' in html
    assert "/documents/progress/" not in client.get("/documents/").content.decode()


def test_errors_are_sentences_in_the_page_language(
    admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    make_document(
        handbook, state=State.FAILED, error_code="encrypted", error_en="It has a password.", error_zh="有密码。"
    )
    client = sign_in(admin)
    html = client.get("/documents/").content.decode()
    assert "It has a password." in html
    assert "有密码。" in client.get("/documents/", headers={"Accept-Language": "zh-CN"}).content.decode()


@pytest.mark.parametrize(("code", "again"), [("damaged", False), ("too_slow", True), ("", True)])
def test_trying_again_is_offered_only_where_it_may_help(
    admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn, code: str, again: bool
) -> None:
    document = make_document(handbook, state=State.FAILED, error_code=code)
    html = sign_in(admin).get("/documents/").content.decode()
    assert (f'value="retry:{document.pk}"' in html) == again
    assert (f'href="/documents/d/{document.pk}/#new-version"' in html) == (not again)
    assert 'id="new-version"' in sign_in(admin).get(f"/documents/d/{document.pk}/").content.decode()


def test_the_list_of_all_documents_says_where_each_stands(
    admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    make_document(handbook)
    everywhere = sign_in(admin).get("/documents/").content.decode()
    assert f'class="filename shelf">{handbook.name}<' in everywhere
    assert "of-one-collection" not in everywhere
    assert "of-one-collection" in sign_in(admin).get(f"/documents/{handbook.pk}/").content.decode()


def test_retry_and_cancel(admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn) -> None:
    failed = make_document(handbook, state=State.FAILED)
    waiting = make_document(handbook, state=State.QUEUED)
    client = sign_in(admin)
    client.post("/documents/bulk/", {"action": f"retry:{failed.pk}"})
    client.post("/documents/bulk/", {"action": f"cancel:{waiting.pk}"})
    with acting_as_system():
        states = dict(DocumentVersion.objects.values_list("document", "state"))
    assert states == {failed.pk: State.QUEUED, waiting.pk: State.CANCELLED}


def test_deleting_is_asked_about_first(
    admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    documents = [make_document(handbook, f"Document {n}") for n in range(3)]
    client = sign_in(admin)
    chosen = [document.pk for document in documents[:2]]
    asked = client.post("/documents/bulk/", {"action": "delete", "document": chosen, "collection": handbook.pk})
    assert "These 2 documents will be deleted" in asked.content.decode()
    with acting_as_system():
        assert Document.objects.count() == 3
    done = client.post("/documents/bulk/", {"action": "delete", "document": chosen, "confirmed": "1"}, follow=True)
    assert "2 documents were deleted." in done.content.decode()
    with acting_as_system():
        assert Document.objects.get().title == "Document 2"


def test_ten_thousand_rows_take_as_many_queries_as_one_page(
    alice: Person,
    handbook: Collection,
    make_document: MakeDocument,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    first = make_document(handbook)
    with acting_as_system():
        Document.objects.bulk_create(
            Document(
                collection=handbook, scope_id=first.scope_id, title=f"Paper {n}", filename="p.md",
                latest_version_id=first.latest_version_id, current_version_id=first.latest_version_id,
            )
            for n in range(2_000)
        )  # fmt: skip
    client = sign_in(alice)
    with django_assert_max_num_queries(11):
        html = client.get(f"/documents/{handbook.pk}/?page=3").content.decode()
    assert "101 to 150 of 2001" in html
    assert html.count("<tr id=") == 50
    with django_assert_max_num_queries(8):
        client.get("/documents/progress/?" + "&".join(f"id={n}" for n in range(first.pk, first.pk + 50)))


def test_filtering_by_name_and_state(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    make_document(handbook, "Travel")
    make_document(handbook, "年假办法", state=State.FAILED)
    client = sign_in(alice)
    html = client.get("/documents/?q=年假", headers={"HX-Request": "true", "HX-Target": "documents"}).content.decode()
    assert "年假办法" in html
    assert "Travel" not in html
    assert "<html" not in html
    assert "Travel" not in client.get("/documents/?state=failed").content.decode()
    assert "No document matches" in client.get("/documents/?q=%00zzz").content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999"])
def test_odd_page_numbers_show_a_page(alice: Person, handbook: Collection, sign_in: SignIn, page: str) -> None:
    assert sign_in(alice).get(f"/documents/?page={page}").status_code == 200


def test_making_a_collection_for_groups(admin: Person, alice: Person, bob: Person, sign_in: SignIn) -> None:
    group = alice.groups.get()
    response = sign_in(admin).post("/documents/new/", {"name": "Plans", "groups": [group.pk]})
    assert response.status_code == 302
    assert "Plans" in sign_in(alice).get("/documents/").content.decode()
    assert "Plans" not in sign_in(bob).get("/documents/").content.decode()
    again = sign_in(admin).post("/documents/new/", {"name": "Plans"})
    assert again.status_code == 422
    assert "Choose another name" in again.content.decode()


def test_a_new_version_of_a_document(
    admin: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    client = sign_in(admin)
    file = SimpleUploadedFile("new.md", b"# New")
    page = client.post(
        f"/documents/d/{document.pk}/", {"file": file, "effective_from": "2027-01-01"}, follow=True
    ).content.decode()
    assert "Version 2" in page
    assert "valid from 2027-01-01" in page
    assert client.post(f"/documents/d/{document.pk}/", {}).status_code == 422


def test_a_document_that_is_being_read_says_how_far_it_is(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    working = make_document(handbook, state=State.PARSING, progress_done=3, progress_unit="pages")
    html = client.get(f"/documents/d/{working.pk}/").content.decode()
    assert "reading: 3 pages …" in html
    assert 'hx-trigger="load delay:2s"' in html
    cancelled = make_document(handbook, state=State.CANCELLED)
    assert "load delay" not in client.get(f"/documents/d/{cancelled.pk}/").content.decode()


def test_a_document_says_who_may_read_it_and_why(
    alice: Person, people_files: Collection, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    narrow = client.get(f"/documents/d/{make_document(people_files).pk}/").content.decode()
    assert "These groups, because they may read the collection People files:" in narrow
    assert "(you are in it)" in narrow
    wide = client.get(f"/documents/d/{make_document(handbook).pk}/").content.decode()
    assert "because the collection Handbook is open to all" in wide


def test_a_long_document_is_read_in_parts(
    alice: Person,
    handbook: Collection,
    make_document: MakeDocument,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    document = make_document(handbook)
    version = document.latest_version
    assert version is not None
    with acting_as_system():
        from kb.models import Page

        version.pages.all().delete()
        Page.objects.bulk_create(
            Page(version=version, scope_id=version.scope_id, ordinal=n, number=n + 1, start=n * 1000,
                 end=n * 1000 + 1000, text=f"Words of page {n + 1}. ".ljust(1000, "x"))
            for n in range(100)
        )  # fmt: skip
        DocumentVersion.objects.update(characters=100_000)
    client = sign_in(alice)
    with django_assert_max_num_queries(18):
        first = client.get(f"/documents/d/{document.pk}/").content.decode()
    assert "Words of page 30." in first
    assert "Words of page 31." not in first
    assert "from=30000" in first
    second = client.get(f"/documents/d/{document.pk}/?from=30000").content.decode()
    assert "Words of page 31." in second
    assert "from=0" in second

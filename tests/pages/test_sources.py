"""Sources, page images and files: shown to those who may read them, and never as pages of ours."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion, Page
from kb.storage import storage
from tests.api.asking import content_of
from tests.pages.conftest import QUOTE, TEXT

SignIn = Callable[[Person], Client]
MakeDocument = Callable[..., Document]


def address(document: Document, start: int = TEXT.index(QUOTE), length: int = len(QUOTE)) -> str:
    return f"/sources/{document.current_version_id}/?start={start}&end={start + length}"


def test_the_quote_is_marked_in_its_surroundings(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    document = make_document(handbook)
    page = client.get(address(document)).content.decode()
    assert f'<mark id="quote">{QUOTE}</mark> Breakfast is included.' in page
    assert "<html" in page
    panel = client.get(address(document), headers={"HX-Request": "true"}).content.decode()
    assert f'<mark id="quote">{QUOTE}</mark>' in panel
    assert "<html" not in panel


def test_a_quoted_row_is_marked_in_its_table(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    html = sign_in(alice).get(address(document, TEXT.index("Berlin\t"), len("Berlin\t150"))).content.decode()
    assert (
        '<tr class="marked"><td><mark id="quote">Berlin</mark></td><td class="number"><mark>150</mark></td></tr>'
        in html
    )
    assert '<tr><td>City</td><td class="number">Limit</td></tr>' in html


def test_hostile_text_is_text(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    text = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\t</td><svg onload=alert(1)>\n"
    document = make_document(handbook, "<img src=x onerror=alert(1)>", text)
    client = sign_in(alice)
    for path in (
        address(document, 0, len(text)),
        f"/documents/d/{document.pk}/",
        f"/documents/d/{document.pk}/?show=passages",
    ):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "<svg onload" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?start=x&end=y",
        "?start=5&end=2",
        "?start=99999999&end=999999999",
        "?start=0&end=999999999",
        "?start=-5&end=٣",
    ],
)
def test_odd_places_show_a_page(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn, query: str
) -> None:
    assert sign_in(alice).get(f"/sources/{make_document(handbook).current_version_id}/{query}").status_code == 200


def test_nothing_of_it_exists_for_strangers(
    bob: Person, people_files: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    version = make_document(people_files).current_version_id
    client = sign_in(bob)
    for path in (f"/sources/{version}/?start=0&end=5", f"/sources/{version}/file/", f"/pages/{version}/1.png"):
        assert client.get(path).status_code == 404, path
        assert Client().get(path).status_code == 302, path


def test_a_page_with_boxes_over_it(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook, media_type="application/pdf")
    start = TEXT.index(QUOTE)
    with acting_as_system():
        Page.objects.update(number=1, width=600, height=800, lines=[[start, start + len(QUOTE), 0.1, 0.25, 0.9, 0.3]])
    html = sign_in(alice).get(address(document)).content.decode()
    assert 'viewBox="0 0 1000 1333"' in html
    assert f'<image href="/pages/{document.current_version_id}/1.png" width="1000" height="1333"/>' in html
    assert '<rect id="quote" x="97.0" y="330.3" width="806.0" height="72.7" rx="3"/>' in html


def test_a_newer_version_is_mentioned(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    old = address(document)
    with acting_as_system():
        newer = DocumentVersion.objects.create(
            document=document,
            scope_id=document.scope_id,
            number=2,
            filename="n.md",
            sha256="b" * 64,
            size=1,
            state="ready",
        )
        Document.objects.update(current_version=newer)
    assert "There is a newer version: 2." in sign_in(alice).get(old).content.decode()


def test_files_are_saved_and_never_opened(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    from io import BytesIO

    content = b"<html><script>alert(1)</script></html>"
    blob = storage().put(BytesIO(content), 1000)
    document = make_document(handbook, sha256=blob.sha256, size=blob.size, media_type="text/html")
    with acting_as_system():
        DocumentVersion.objects.update(filename='年假 "x"\r\nSet-Cookie: a.html')
    response = sign_in(alice).get(f"/sources/{document.current_version_id}/file/")
    assert content_of(response) == content
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%B9%B4")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "Set-Cookie: a" not in str(response.headers)


def test_a_page_that_is_not_there(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    assert sign_in(alice).get(f"/pages/{make_document(handbook).current_version_id}/1.png").status_code == 404


def test_the_panel_takes_few_queries(
    alice: Person,
    handbook: Collection,
    make_document: MakeDocument,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    document = make_document(handbook)
    client = sign_in(alice)
    with django_assert_max_num_queries(16):
        client.get(address(document), headers={"HX-Request": "true"})

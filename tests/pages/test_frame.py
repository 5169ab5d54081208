"""What holds for every page: no inline code, both languages, small, labelled, closed to strangers."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Person
from agents.models import Run
from kb.models import Collection, Document
from tests.pages.conftest import answered

SignIn = Callable[[Person], Client]
ROOT = Path(__file__).resolve().parents[2]
OPEN = {"sign-in/", "sign-out/", "language/"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Strict(HTMLParser):
    """Fails at inline code and at fields, buttons and pictures without a name."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: set[str] = set()
        self.fields: list[dict[str, str]] = []
        self.in_label = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert not any(name.startswith("on") or name == "style" for name in given), (tag, given)
        assert tag != "style"
        if tag == "script":
            assert given.get("src", "").startswith("/"), given
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.in_label += 1
            self.labels.add(given.get("for", ""))
        if (
            tag in ("input", "textarea", "select")
            and given.get("type") not in ("hidden", "submit")
            and not self.in_label
        ):
            self.fields.append(given)

    def handle_endtag(self, tag: str) -> None:
        self.in_label -= tag == "label"

    def check(self) -> None:
        for field in self.fields:
            assert field.get("aria-label") or field.get("id") in self.labels, field
        assert len(self.ids) == len(set(self.ids)), [name for name in self.ids if self.ids.count(name) > 1]


@pytest.fixture
def addresses(
    admin: Person, handbook: Collection, make_document: Callable[..., Document], make_run: Callable[..., Run]
) -> list[str]:
    document = make_document(handbook)
    run = make_run(admin, answered(document))
    return [
        "/", f"/c/{run.conversation_id}/", "/documents/", f"/documents/{handbook.pk}/", "/documents/new/",
        f"/documents/d/{document.pk}/", f"/documents/d/{document.pk}/?show=passages",
        f"/sources/{document.current_version_id}/?start=0&end=9", "/keys/", "/models/", "/account/password/change/",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_are_strict_small_and_in_the_chosen_language(
    admin: Person, addresses: list[str], sign_in: SignIn, language: str
) -> None:
    client = sign_in(admin)
    for address in addresses:
        response = client.get(address, headers={"Accept-Language": language})
        html = response.content.decode()
        assert response.status_code == 200, address
        assert len(response.content) < 60_000, address
        assert f'<html lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in html, address
        parser = Strict()
        parser.feed(html)
        parser.check()
        assert html.count("<main") == 1, address


def test_the_policy_lets_nothing_in_from_elsewhere(client: Client, db: None) -> None:
    policy = client.get("/sign-in/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_a_page_loads_is_small() -> None:
    files = [*ROOT.glob("static/css/*.css"), *ROOT.glob("static/js/*.js")]
    assert sum(path.stat().st_size for path in files) < 75_000
    for path in files:
        assert "//cdn" not in path.read_text()


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def test_every_page_asks_who_is_there(client: Client, db: None) -> None:
    """Each route of the three apps' pages, with numbers that do not exist."""
    found = [
        route
        for module in ("accounts.urls", "kb.urls", "agents.urls")
        for route in _routes(get_resolver(module).url_patterns)
        if route not in OPEN
    ]
    assert len(found) > 15
    for route in found:
        path = "/" + re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000000", re.sub(r"<int:\w+>", "1", route))
        for method in (client.get, client.post):
            response = method(path)
            refused = response.status_code in (403, 405) or response.headers.get("Location", "").startswith("/sign-in/")
            assert refused, (path, response.status_code)


def test_forms_need_a_token_of_ours(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/ask/", {"question": "x"})
    assert response.status_code == 403
    assert not Run.objects.exists()


def test_missing_pages_say_what_to_do(client: Client, db: None) -> None:
    response = client.get("/nowhere/", headers={"Accept-Language": "zh-CN"})
    assert response.status_code == 404
    assert "这里没有你能查看的内容" in response.content.decode()


def test_pages_that_name_no_icon_find_ours() -> None:
    assert Client().get("/favicon.ico").headers["Location"].endswith("icon.svg")

"""Documents, phones and languages in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models import Person
from kb.access import acting_as_system
from kb.ingest import finish
from kb.models import Collection, Document, DocumentVersion
from tests.browser.conftest import OpenPage
from tests.llm.scripted import ScriptedServer, text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Library = dict[str, Document]


def test_files_are_uploaded_read_and_shown_as_they_come(
    admin: Person, handbook: Collection, scripted: ScriptedServer, open_page: OpenPage, tmp_path: Path
) -> None:
    paths = [tmp_path / "quiet-hours.md", tmp_path / "作息.md"]
    paths[0].write_text("# Quiet hours\n\nNo calls after eight.")
    paths[1].write_text("# 作息\n\n晚八点后不打电话。")
    page = open_page(admin, f"/documents/{handbook.pk}/")
    page.locator("#files").set_input_files(paths)
    page.get_by_role("button", name="Upload").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("waiting")
    page.locator("tbody input[type=checkbox]").first.check()
    with acting_as_system():
        versions = list(DocumentVersion.objects.values_list("pk", flat=True))
    finish(versions)
    expect(rows.first.locator(".badge")).to_have_text("ready")
    expect(rows.last.locator(".badge")).to_have_text("ready")
    expect(page.locator("tbody input[type=checkbox]").first).to_be_checked()
    expect(page.locator("#poll")).not_to_have_attribute("hx-get", "")
    page.locator("#filter").fill("quiet")
    expect(rows).to_have_count(1)


def test_dropping_files_anywhere(
    admin: Person, handbook: Collection, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    page = open_page(admin, f"/documents/{handbook.pk}/")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["# Dropped"], "dropped.md", {type: "text/markdown"}));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.locator("tbody")).to_contain_text("dropped.md")


@pytest.mark.parametrize(("width", "locale"), [(320, "en-US"), (320, "zh-CN"), (768, "en-US")])
def test_no_page_scrolls_sideways(
    admin: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage, width: int, locale: str
) -> None:
    wide = "| " + " | ".join(f"Column {n}" for n in range(12)) + " |\n" + "|---" * 12 + "|\n" + "| value " * 12 + "|"
    scripted.enqueue(text(f"Long{'word' * 60} and `{'code' * 60}`\n\n```\n{'x' * 400}\n```\n\n{wide}\n\n15 days [1]."))
    page = open_page(admin, "/", width=width, height=700, locale=locale, is_mobile=True)
    page.locator("#question").fill("How many days?" + "很长的问题" * 40)
    page.locator(".send:not(.stop)").click()
    expect(page.locator(".turn")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(".answer")).to_contain_text("15")
    document = library["leave"]
    addresses = ["/documents/", "/documents/new/", f"/documents/d/{document.pk}/", "/keys/", "/sign-in/", "/models/"]
    addresses += ["/feedback/", "/unanswered/", "/people/", f"/people/{admin.pk}/", "/account/password/change/"]
    addresses.append(f"/sources/{document.current_version_id}/?start=0&end=30")
    for address in [None, *addresses]:
        if address:
            page.goto(address)
        sizes = page.evaluate(
            "[document.documentElement.scrollWidth, document.querySelector('.column, main').scrollWidth]"
        )
        assert max(sizes) <= width, (address, sizes)


def test_the_menu_and_the_source_on_a_phone(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("Staff are entitled to 15 days of annual leave a year [1]."))
    page = open_page(alice, "/", width=375, height=700, is_mobile=True, has_touch=True)
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Open the menu").tap()
    expect(page.get_by_role("link", name="Documents")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.locator("#question").fill("How many days?")
    page.locator(".send:not(.stop)").tap()
    page.locator("a.cite").first.tap()
    expect(page.locator("#panel mark").first).to_be_in_viewport()
    page.get_by_role("button", name="Close the source").tap()
    expect(page.locator("#panel")).to_be_hidden()


def test_the_language_is_switched_in_place(alice: Person, library: Library, open_page: OpenPage) -> None:
    page = open_page(alice, "/documents/")
    page.locator(".account summary").click()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="全部文档")).to_be_visible()
    assert page.url.endswith("/documents/")
    page.goto("/")
    expect(page.get_by_placeholder("输入你的问题")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(
    alice: Person, admin: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage, scheme: str
) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text, whatever the system's colours."""
    scripted.enqueue(text("It is 15 days [1]. Nobody knows why."))
    page = open_page(alice, "/", color_scheme=scheme)
    page.locator("#question").fill("How many days?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).not_to_have_attribute("aria-busy", "true")
    contrast = (Path(__file__).parent / "contrast.js").read_text()
    weak = page.evaluate(contrast)
    page.goto("/documents/")
    weak += page.evaluate(contrast)
    page = open_page(admin, "/admin/", color_scheme=scheme)
    weak += page.evaluate(contrast)
    assert weak == []


def test_the_versions_of_a_document_are_above_its_text_on_a_phone(
    admin: Person, library: Library, open_page: OpenPage
) -> None:
    address = f"/documents/d/{library['leave'].pk}/"
    page = open_page(admin, address, width=390, height=700, is_mobile=True, has_touch=True)
    expect(page.get_by_role("heading", name="Versions")).to_be_hidden()
    page.get_by_text("1 version, owner and readers").tap()
    expect(page.get_by_role("heading", name="Versions")).to_be_in_viewport()
    wide = open_page(admin, address)
    expect(wide.get_by_role("heading", name="Versions")).to_be_in_viewport()
    expect(wide.get_by_text("1 version, owner and readers")).to_be_hidden()

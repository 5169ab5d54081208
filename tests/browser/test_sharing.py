"""Sharing an answer as people do it: in the dialog, and reading what was shared."""

from playwright.sync_api import expect

from accounts.models import Person
from kb.models import Document
from tests.browser.conftest import OpenPage
from tests.llm.scripted import ScriptedServer, text


def test_an_answer_is_shared_in_the_dialog_and_read_by_somebody_else(
    alice: Person, bob: Person, library: dict[str, Document], scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("Staff are entitled to 15 days of annual leave a year [1]."))
    page = open_page(alice, "/", width=375, height=700, is_mobile=True, has_touch=True)
    page.locator("#question").fill("How many days of annual leave?")
    page.locator(".send:not(.stop)").tap()
    page.get_by_role("link", name="Share the answer").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox").press_sequentially("bob")
    dialog.get_by_role("checkbox", name="bob").check()
    dialog.get_by_role("searchbox").fill("")
    expect(dialog.get_by_role("checkbox", name="bob")).to_be_checked()
    dialog.get_by_role("button", name="Share", exact=True).tap()
    address = dialog.locator("#share-address").inner_text()
    dialog.get_by_role("button", name="Close").tap()
    expect(dialog).to_be_hidden()
    other = open_page(bob, address)
    expect(other.locator(".turn")).to_contain_text("How many days of annual leave?")
    expect(other.locator(".withheld")).to_contain_text("documents that you may not read")
    other.locator("a.cite").first.click()
    expect(other.locator("#panel mark").first).to_be_in_viewport()
    other.keyboard.press("Escape")
    expect(other.locator("#panel")).to_be_hidden()

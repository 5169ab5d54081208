"""Take the README's pictures from a running installation with the sample company.

    make run
    .venv/bin/python docs/pictures/take.py http://127.0.0.1:8000 var/demo-accounts.txt

Chromium is found on the path, or named with CHROMIUM. The files uploaded for the table are deleted afterwards.
"""

import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

FOLDER = Path(__file__).parent
ADDRESS = sys.argv[1]
PASSWORDS = dict(line.split("\t") for line in Path(sys.argv[2]).read_text().splitlines())
WIDE, NARROW = (1280, 800), (375, 900)
COLOURS = 128
LANGUAGES = {"en": "en", "zh-CN": "zh-hans"}


def signed_in(browser: Browser, person: str, size: tuple[int, int], language: str = "en") -> Page:
    """A page of `size` (pixels) on which `person` has signed in."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=1 if size == WIDE else 2,
        base_url=ADDRESS,
        locale=language,
    )
    page = context.new_page()
    page.goto("/sign-in/")
    page.locator("input[name=login]").fill(person)
    page.locator("input[name=password]").fill(PASSWORDS[person])
    page.keyboard.press("Enter")
    page.locator("#question").wait_for()
    # Whoever signs in sees the pages in the language of their account; this one wants another.
    context.add_cookies([{"name": "django_language", "value": LANGUAGES[language], "url": ADDRESS}])
    return page


def ask(page: Page, question: str, mode: str = "auto") -> None:
    page.goto("/")
    page.locator(f"input[name=mode][value={mode}]").check()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn:not([aria-busy])").wait_for(timeout=120_000)


def take(page: Page, name: str) -> None:
    """Save what the page shows, with few enough colours to stay small."""
    page.wait_for_load_state("networkidle")  # a page's picture is made when it is first asked for
    page.wait_for_timeout(500)
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


def chat_wide(browser: Browser) -> None:
    page = signed_in(browser, "carol", WIDE)
    for question in (
        "How many days after a trip must I hand in my expense report?",
        "From which order value are three comparable offers needed?",
        "Who is the deputy of the head of IT & Security?",
        "After how many wrong passwords is an account locked, and for how long?",
    ):
        ask(page, question)
    page.locator("a.cite").first.click()
    page.locator("#panel .page-picture").first.wait_for()
    take(page, "chat-wide")


def chat_narrow(browser: Browser) -> None:
    page = signed_in(browser, "alice", NARROW, "zh-CN")
    ask(page, "婚假、陪产假和丧假分别有几天？", "thinking")
    page.locator(".steps summary").click()
    page.locator("#question").evaluate("box => box.blur()")
    page.locator(".column").evaluate("column => { column.scrollTop = 0; }")
    take(page, "chat-narrow")


def documents(browser: Browser) -> None:
    page = signed_in(browser, "admin", WIDE)
    page.goto("/documents/")
    page.get_by_role("link", name="Engineering").first.click()
    minutes = "\n\n".join(f"Measurement {number}: the sonde was read at the harbour." for number in range(60_000))
    page.locator("#files").set_input_files(
        [
            FilePayload(name="measurements-2026.txt", mimeType="text/plain", buffer=minutes.encode()),
            FilePayload(name="supplier-audit-2026.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 broken off"),
        ]
    )
    page.locator("[data-send]").click()
    table = page.locator("#documents")
    expect(table.locator(".badge.failed")).to_be_visible(timeout=60_000)
    expect(table.locator(".badge.embedding, .badge.indexing")).to_contain_text("passages", timeout=120_000)
    take(page, "documents-wide")
    phone = signed_in(browser, "admin", NARROW, "zh-CN")
    phone.goto(page.url)
    phone.locator("#filter").scroll_into_view_if_needed()
    take(phone, "documents-narrow")
    for name in ("measurements-2026", "supplier-audit-2026"):
        page.goto(f"{page.url.partition('?')[0]}?q={name}")
        page.locator("#documents [name=document]").first.check()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete", exact=True).click()


if __name__ == "__main__":
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        chat_wide(browser)
        chat_narrow(browser)
        documents(browser)
        browser.close()

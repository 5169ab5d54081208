"""A real Chromium against the real ASGI application, the test database and a scripted model server."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from accounts.models import Person
from tests.agents.conftest import add_document, library, scripted
from tests.serving import served

__all__ = ["add_document", "library", "scripted"]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
OpenPage = Callable[..., Page]
# A busy machine is slow, not wrong.
expect.set_options(timeout=30_000)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Django, with the little of the lifespan protocol that the server wants."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
    else:
        await django_application(scope, receive, send)


django_application = get_asgi_application()


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[str]:
    """The address of the pages. Threads of the server keep no connection, so that the test database can be dropped."""
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    with served(application) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium (install it, or name it with CHROMIUM)")
    # Playwright's own loop runs in this thread while the tests use the database in it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Watch:
    """What no page may do: errors in the console, broken policy, requests to anywhere else."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.complaints: list[str] = []

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:", "about:")):
            self.complaints.append(f"asked for {request.url}")


@pytest.fixture
def open_page(chromium: Browser, site: str, transactional_db: None) -> Iterator[OpenPage]:
    """`open_page(person, path, width=…, …)`: a page in a new context in which the person is signed in."""
    contexts: list[BrowserContext] = []
    watch = Watch(site)

    def open_one(person: Person | None, path: str = "/", width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, base_url=site, **options)
        contexts.append(context)
        if person is not None:
            client = Client()
            client.force_login(person)
            value = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": value, "url": site}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", watch.console)
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))
        page.on("request", watch.request)
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert watch.complaints == []

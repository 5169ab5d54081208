"""Every page and row of the PDF and spreadsheet samples that can be cited opens with its place marked."""

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from accounts.models import Person
from agents.sentences import sentences
from kb.access import acting_as_system
from kb.documents import add_document
from kb.ingest import finish
from kb.models import Collection, DocumentVersion, Passage, State
from kb.models_tables import DocumentTable, TableRows
from kb.reading import quote_boxes
from tests.browser.conftest import OpenPage
from tests.kb.conftest import local_models, model_server

__all__ = ["local_models", "model_server"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("model_server")]

DOCUMENTS = Path(__file__).parents[2] / "samples" / "documents"
PDFS = ("engineering/tl410-datasheet.pdf", "handbook/it-security-policy.pdf", "handbook/lab-safety-notice-scan.pdf",
        "handbook/leave-policy-2026.pdf")  # fmt: skip
SHEETS = ("finance/budget-2026.xlsx", "finance/payments-due-2026-11.csv", "handbook/holidays-2026.csv",
          "handbook/travel-rates.xlsx", "people/headcount-2026.xlsx", "people/salary-bands-2026.xlsx")  # fmt: skip
Ingest = Callable[..., list[DocumentVersion]]


@pytest.fixture
def ingested(admin: Person, handbook: Collection) -> Ingest:
    def ingest(names: tuple[str, ...]) -> list[DocumentVersion]:
        pks = []
        for name in names:
            with (DOCUMENTS / name).open("rb") as file:
                pks.append(add_document(handbook, Path(name).name, file, by=admin).latest_version_id or 0)
        finish(pks)
        with acting_as_system():
            versions = list(DocumentVersion.objects.filter(pk__in=pks).order_by("pk"))
        assert {version.state for version in versions} == {State.READY}
        return versions

    return ingest


def address(version: int, start: int, end: int) -> str:
    return f"/sources/{version}/?start={start}&end={end}"


def panels(person: Person, paths: list[str]) -> list[str]:
    """The source panels, as the chat page fetches them; in another thread, for Playwright's loop runs in this one."""

    def fetch() -> list[str]:
        client = Client(headers={"HX-Request": "true"})
        client.force_login(person)
        try:
            return [client.get(path).content.decode() for path in paths]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(fetch).result()


def cells_marked(page: str) -> list[str]:
    """The texts of the cells that are marked."""
    return [html.unescape(text) for text in re.findall(r"<mark[^>]*>([^<]*)</mark>", page)]


def test_rows_of_spreadsheets_open_with_their_cells_marked(
    ingested: Ingest, alice: Person, open_page: OpenPage
) -> None:
    versions = ingested(SHEETS)
    with acting_as_system():
        tables = list(DocumentTable.objects.filter(version__in=versions))
        batches = list(TableRows.objects.filter(version__in=versions))
    assert {table.version_id for table in tables} == {version.pk for version in versions}
    rows = [(batch.table_id, batch.version_id, *row) for batch in batches for row in batch.rows]
    assert len(rows) > 100
    shown = panels(alice, [address(version, start, end) for _, version, start, end, *_ in rows])
    for (_, _, _, _, *cells), panel in zip(rows, shown, strict=True):
        assert cells_marked(panel) == [cell for cell in cells if cell], cells
        assert panel.count('<tr class="marked">') == 1
        assert panel.count('id="quote"') == 1
    page = open_page(alice)
    last = {table: (version, start, end) for table, version, start, end, *_ in rows}
    for table, (version, start, end) in last.items():
        page.goto(address(version, start, end) + "#quote")
        row = page.locator("tr.marked")
        assert row.count() == 1
        box, screen = row.bounding_box(), page.viewport_size
        assert box is not None
        assert screen is not None
        assert 0 <= box["y"] <= screen["height"] - box["height"], table
        names = page.locator("thead th").all_inner_texts()
        assert len(names) >= row.locator("td").count() > 1


def test_sentences_of_pdfs_open_with_their_boxes_on_the_page(
    ingested: Ingest, alice: Person, open_page: OpenPage
) -> None:
    versions = ingested(PDFS)
    first: dict[tuple[int, int], str] = {}
    count = 0
    with acting_as_system():
        for passage in Passage.objects.filter(version__in=versions).order_by("version", "ordinal"):
            for span in sentences(passage.text):
                start, end = passage.start + span.start, passage.start + span.end
                ((number, boxes), *_) = quote_boxes(passage.version_id, start, end)
                assert boxes, passage.text[span.start : span.end]
                first.setdefault((passage.version_id, number), address(passage.version_id, start, end))
                count += 1
        assert len(first) == sum(version.pages.exclude(text="").count() for version in versions)
    assert count > 100
    page = open_page(alice)
    for path in first.values():
        page.goto(path + "#quote", wait_until="load")
        paper, box = page.locator("svg.page-picture").first.bounding_box(), page.locator("#quote").bounding_box()
        assert paper is not None
        assert box is not None
        assert box["width"] > 5
        assert box["height"] > 3
        assert paper["x"] - 5 <= box["x"] <= box["x"] + box["width"] <= paper["x"] + paper["width"] + 5
        assert paper["y"] - 5 <= box["y"] <= box["y"] + box["height"] <= paper["y"] + paper["height"] + 5

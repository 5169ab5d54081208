"""Word, OpenDocument, EPUB, RTF, legacy Office, XML: kreuzberg reads them, its document tree becomes blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import kreuzberg

from kb.parsing.composer import Composer
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError

Node = dict[str, Any]


def reader(media_type: str) -> Callable[[Path, Composer], None]:
    """A parser for files of `media_type`."""

    def parse(path: Path, out: Composer) -> None:
        result = extract(path, media_type)
        out.title = out.title or _title(result)
        document = result.document
        nodes = cast("list[Node]", document["nodes"]) if document else []
        if nodes:
            add_nodes(nodes, out)
        else:
            for paragraph in clean(result.content).split("\n\n"):
                out.add("paragraph", paragraph)
        out.flush()

    return parse


def extract(path: Path, media_type: str) -> kreuzberg.ExtractionResult:
    """What kreuzberg finds in the file. Raises `ParseError`: encrypted or damaged."""
    config = kreuzberg.ExtractionConfig(
        use_cache=False, enable_quality_processing=False, include_document_structure=True
    )
    try:
        return kreuzberg.extract_file_sync(path, mime_type=media_type, config=config)
    except kreuzberg.KreuzbergError as error:
        if any(word in str(error).lower() for word in ("password", "encrypt")):
            raise ParseError("encrypted") from error
        raise ParseError("damaged") from error


def add_nodes(nodes: Iterable[Node], out: Composer) -> None:
    """Append kreuzberg's nodes in reading order. Groups, lists and page breaks only hold others."""
    for node in nodes:
        content = node["content"]
        kind = content.get("node_type")
        text = clean(content.get("text") or "")
        if kind == "slide":
            out.page(int(content.get("number") or 1))
            out.add("heading", clean(content.get("title") or ""), 1)
        elif kind in ("title", "heading"):
            out.add("heading", text, int(content.get("level") or 1))
        elif kind == "list_item":
            out.add("list_item", text)
        elif kind == "code":
            out.add("code", text)
        elif kind == "table":
            out.table(_rows(content.get("grid") or {}))
        elif kind == "metadata_block":
            out.add("paragraph", "\n".join(f"{name}: {clean(value)}" for name, value in content.get("entries") or []))
        elif text:
            out.add("paragraph", text)


def _rows(grid: Node) -> list[list[str]]:
    """The cells of a table by row and column; a cell over several columns or rows is given once."""
    rows = [[""] * int(grid.get("cols", 0)) for _ in range(int(grid.get("rows", 0)))]
    for cell in grid.get("cells") or []:
        row, column = int(cell["row"]), int(cell["col"])
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = clean(cell.get("content") or "")
    return rows


def _title(result: kreuzberg.ExtractionResult) -> str:
    title = result.metadata.get("title") or result.metadata.get("subject") or ""
    core = result.metadata.get("core_properties") or {}
    title = clean(str(title or (core.get("title") if isinstance(core, dict) else "") or "")).strip()
    return "" if "\ufffd" in title else title

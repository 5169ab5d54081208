"""Markdown: the source text as it stands, with the spans of its headings, paragraphs, list items, tables and code.

A front matter (`---` lines with `key: value`) says something about the document and nothing that answers questions: it
stays in the text, gives the title and metadata, and is in no passage, unless the file has nothing else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from kb.parsing import plain
from kb.parsing.composer import Composer
from kb.parsing.encodings import decode_file
from kb.parsing.parsed import Block, BlockKind
from kb.parsing.site_markup import without_site_markup

MAXIMUM_BYTES = 8 << 20
_ENTRY = re.compile(r"^([A-Za-z][\w -]{0,39}):[ \t]+(['\"]?)(\S.{0,500}?)\2[ \t]*$", re.MULTILINE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_KINDS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "fence": "code",
    "code_block": "code",
    "html_block": "paragraph",
    "front_matter": "metadata",
    "tr_open": "row",
}


def _block_parser() -> MarkdownIt:
    """A parser of blocks alone: spans are all that is wanted."""
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
    parser.core.ruler.disable(["inline", "text_join"])
    return parser


_PARSER = _block_parser()


def parse(path: Path, out: Composer) -> None:
    """Hand on a Markdown file. One of many megabytes is a log or an export and is read as plain text."""
    if path.stat().st_size > MAXIMUM_BYTES:
        plain.parse(path, out)
        return
    text = without_site_markup(decode_file(path))
    tokens = _PARSER.parse(text)
    if tokens and tokens[0].type == "front_matter":
        entries = {match[1].lower(): _plain(match[3]) for match in islice(_ENTRY.finditer(tokens[0].content), 50)}
        out.title = entries.pop("title", "") or out.title
        out.metadata |= entries
    blocks = list(markdown_blocks(text, tokens))
    if len(blocks) == 1 and blocks[0].kind == "metadata":
        blocks = [replace(blocks[0], kind="paragraph")]
    out.verbatim(text, blocks)


def _plain(value: str) -> str:
    """A value without the HTML that site generators let stand in it."""
    return html.unescape(_TAG.sub("", value)).strip()


def markdown_blocks(text: str, tokens: Sequence[Token]) -> Iterator[Block]:
    """Spans of the leaf blocks of `tokens`, in order."""
    starts = _line_starts(text)
    depth = -1
    header = ""
    reached = 0
    for token in tokens:
        depth += (token.type == "list_item_open") - (token.type == "list_item_close")
        if token.type == "table_open":
            header = ""
        kind = _KINDS.get(token.type)
        if kind is None or token.map is None:
            continue
        first, last = token.map
        if token.type == "front_matter":
            last += 1
        start, end = max(starts[min(first, len(starts) - 1)], reached), starts[min(last, len(starts) - 1)]
        content = text[start:end]
        if not content.strip():
            continue
        reached = end = start + len(content.rstrip())
        if kind == "paragraph" and depth >= 0:
            yield Block("list_item", start, end, depth)
        elif kind == "row":
            yield Block("row", start, end, header=header)
            header = header or content.strip()
        else:
            yield Block(kind, start, end, int(token.tag[1]) if kind == "heading" else 0)


def _line_starts(text: str) -> list[int]:
    """The offset of every line as the Markdown parser counts them, and of the end."""
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]

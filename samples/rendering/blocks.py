"""The texts beside the generator, read as a flat list of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["heading", "paragraph", "bullets", "numbers", "table", "page"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text. `rows` holds the cells of a table, its header first."""

    kind: Kind
    text: str = ""
    level: int = 0
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def read_blocks(markdown: str) -> list[Block]:
    """Read Markdown; `<!-- page -->` on a line of its own starts a new page."""
    return list(_blocks(MarkdownIt("commonmark").enable("table").parse(markdown)))


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _end(tokens, position)
        inside = tokens[position:end]
        if token.type == "heading_open":
            yield Block("heading", _texts(inside)[0], level=int(token.tag[1:]))
        elif token.type == "paragraph_open":
            yield Block("paragraph", _texts(inside)[0])
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Block("bullets" if token.type.startswith("bullet") else "numbers", items=tuple(_texts(inside)))
        elif token.type == "table_open":
            yield Block("table", rows=tuple(_rows(inside)))
        elif token.type == "html_block" and token.content.strip() == "<!-- page -->":
            yield Block("page")
        else:
            raise ValueError(f"No block is known for {token.type} at line {token.map}.")
        position = end


def _end(tokens: list[Token], start: int) -> int:
    depth = 0
    for position in range(start, len(tokens)):
        depth += tokens[position].nesting
        if depth == 0:
            return position + 1
    raise ValueError("A block is not closed.")


def _texts(tokens: list[Token]) -> list[str]:
    return [_plain(token) for token in tokens if token.type == "inline"]


def _plain(inline: Token) -> str:
    return "".join("\n" if part.type == "softbreak" else part.content for part in inline.children or ())


def _rows(tokens: list[Token]) -> Iterator[tuple[str, ...]]:
    start = 0
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            start = position
        elif token.type == "tr_close":
            yield tuple(_texts(tokens[start:position]))

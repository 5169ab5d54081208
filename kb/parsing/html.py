"""HTML as a reader sees it: no scripts, hidden parts or navigation; headings, lists, tables and code keep their shape.

An event parser with explicit counters reads it, so that no depth of nesting can exhaust the stack.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from kb.parsing.composer import Composer
from kb.parsing.encodings import decode

_UNSEEN = {
    *("audio", "canvas", "datalist", "iframe", "nav", "noscript", "object", "script", "select", "style", "svg"),
    *("template", "video"),
}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BREAKS = {
    *(
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
    ),
    *(
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
    ),
    *("p", "pre", "search", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", *_HEADINGS),
}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_DECLARATION = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\u00a0\u2002-\u200a\u3000]+")
FEED_CHARACTERS = 64 * 1024


def parse(path: Path, out: Composer) -> None:
    """Hand on the visible text of an HTML file."""
    data = path.read_bytes()
    parse_text(decode(data, declared_charset(data)), out)


def declared_charset(data: bytes) -> str:
    """The character set that an HTML or XHTML file declares near its start, or ""."""
    match = _CHARSET.search(data[:4096]) or _DECLARATION.search(data[:200])
    return match[1].decode("ascii", "ignore") if match else ""


def parse_text(text: str, out: Composer) -> None:
    """Hand on the visible text of `text`, a piece at a time so that there is progress."""
    reader = _Reader(out)
    for start in range(0, len(text), FEED_CHARACTERS):
        reader.feed(text[start : start + FEED_CHARACTERS])
        out.progress(start, len(text), "characters")
    reader.close()
    reader.end_block()
    out.flush()


class _Reader(HTMLParser):
    """Turns tags and text into blocks; the rows of a table inside a table stand for themselves."""

    def __init__(self, out: Composer) -> None:
        super().__init__(convert_charrefs=True)
        self.out = out
        self.texts: list[str] = []
        self.unseen: list[str] = []  # open elements from the outermost unseen one inwards
        self.heading = 0
        self.lists: list[bool] = []  # for each open list, whether one of its items is open
        self.preformatted = 0
        self.headers: list[str] = []  # for each open table, its first row
        self.cells: list[str] = []
        self.cell_is_open = False
        self.title: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.out.title:
            self.title = []
        elif self.unseen or tag in _UNSEEN or (tag not in _VOID and _is_hidden(dict(attrs))):
            if tag not in _VOID:
                self.unseen.append(tag)
        elif tag == "br":
            self.texts.append("\n" if self.preformatted else "\v")
        elif tag in ("td", "th") and self.headers:
            self.end_cell()
            self.cell_is_open = True
        elif tag in _BREAKS:
            self.start_block(tag)

    def start_block(self, tag: str) -> None:
        if self.cell_is_open and tag not in ("table", "tr"):
            self.texts.append(" ")
            return
        self.end_block()
        self.heading = _HEADINGS.get(tag, 0)
        self.preformatted += tag == "pre"
        if tag in ("ul", "ol"):
            self.lists.append(False)
        elif tag == "li" and self.lists:
            self.lists[-1] = True
        elif tag == "table":
            self.headers.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self.title is not None:
            self.out.title = _SPACE.sub(" ", "".join(self.title)).strip()
            self.title = None
        elif self.unseen:
            if tag in self.unseen[-1000:]:  # an end tag without its start changes nothing
                while self.unseen.pop() != tag:
                    pass
        elif tag in ("td", "th") and self.headers:
            self.end_cell()
        elif tag in _BREAKS:
            self.end_element(tag)

    def end_element(self, tag: str) -> None:
        if self.cell_is_open and tag not in ("table", "tr"):
            self.texts.append(" ")
            return
        self.end_block()
        self.preformatted = max(0, self.preformatted - (tag == "pre"))
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag == "li" and self.lists:
            self.lists[-1] = False
        elif tag == "table" and self.headers:
            self.headers.pop()

    def handle_data(self, data: str) -> None:
        if self.title is not None:
            self.title.append(data[:1000])
        elif not self.unseen:
            self.texts.append(data)

    def end_cell(self) -> None:
        if self.cell_is_open:
            self.cells.append(self.taken())
            self.cell_is_open = False

    def end_block(self) -> None:
        """Hand on what was collected: as a row where cells were open, else as what the open elements make it."""
        if self.cell_is_open or self.cells:
            self.end_row()
        elif self.preformatted:
            raw, self.texts = "".join(self.texts), []
            self.out.add("code", raw)
        elif self.heading:
            self.out.add("heading", self.taken().replace("\n", " "), self.heading)
        elif self.lists and self.lists[-1]:
            self.out.add("list_item", self.taken(), len(self.lists) - 1)
        else:
            for paragraph in self.taken().split("\n\n"):
                self.out.add("paragraph", paragraph)
        self.heading = 0

    def end_row(self) -> None:
        self.end_cell()
        self.texts.clear()
        cells = [cell for cell in self.cells if cell]
        row = "\t".join(cell.replace("\n", " ") for cell in self.cells).rstrip("\t")
        self.cells = []
        if len(cells) == 1:
            for paragraph in cells[0].split("\n\n"):
                self.out.add("paragraph", paragraph)
        elif cells and self.headers:
            self.out.add("row", row, header=self.headers[-1])
            self.headers[-1] = self.headers[-1] or row

    def taken(self) -> str:
        """The text collected so far with white space as a browser shows it; line breaks stay."""
        text, self.texts = _SPACE.sub(" ", "".join(self.texts)), []
        return "\n".join(line.strip() for line in text.split("\v")).strip()


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))

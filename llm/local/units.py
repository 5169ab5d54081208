"""A passage cut into what an answer is made of: sentences, list items and table rows, with what stands over them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .conversation import Source
from .messages import Writer, field_of, introduced, introduces_mail, message, sender, subject, writers
from .text import sentences

Kind = Literal["sentence", "item", "row", "heading"]
Block = Literal["sentence", "item", "row", "heading", "end_of_table"]

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(
    r"^\s*(?:[-*+•·●▪◦]\s+|\(?\d{1,2}[.)、）]\s*(?=\S)|[（(][一二三四五六七八九十\d]+[)）]\s*|[一二三四五六七八九十]+、\s*)(.*)$"
)
_QUOTED = re.compile(r"^\s*(?:>\s*)+")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^[\s|:+-]*-{2,}[\s|:+-]*$")
_EDGE_MARKS = re.compile(r"^\s*(?:>\s*)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_REFERENCE = re.compile(r"!?\[(?=[^\[\]]{0,200}[^\W\d])([^\[\]]{1,200})\]\[[^\[\]]{0,100}\]")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_STAR = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")
_JSON_LINE = re.compile(r'^\s*"[^"]{1,40}":\s*"?(.*?)"?,?\s*$')
_JSON_FRAME = re.compile(r"^\s*(?:\"[^\"]{1,40}\":\s*)?[\[\]{},]+\s*$")
_QUESTIONS = re.compile(r"(?:q|questions?|问题?|常见问题|客户问题|用户问题|标准问题?|提问)", re.IGNORECASE)
_ANSWERS = re.compile(r"(?:a|answers?|replies|reply|答案?|回答|回复|标准答案|解答|答复)", re.IGNORECASE)
# Cells of a table: at most 24 characters each, some Chinese, and nothing that ends a sentence.
_SPACED = re.compile(r"(?=.*[\u3400-\u9fff])[^\s。；;！？!?|]{1,24}(?: [^\s。；;！？!?|]{1,24}){2,8}")
# What a list of questions and answers writes before each.
_ASKED = re.compile(r"^(?:问题?|提问|Q(?:uestion)?\s?\d{0,3})\s*[:：]\s*(?=\S)", re.IGNORECASE)
_TOLD = re.compile(r"^(?:答案?|回答|A(?:nswer)?\s?\d{0,3})\s*[:：]\s*(?=\S)", re.IGNORECASE)
# A line such as "Place: Graz", as forms and minutes have them one below the other.
_LABELLED = re.compile(r"(?:[A-Z][\w -]{1,23}|[\u3400-\u9fff]{2,10})[:：]\s*\S")
_COMMA_OF_PROSE = re.compile(r",[ \t]")
_REPLIES = 2  # messages over which a question stands that was asked before them
_CJK_EDGE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece of a source. `place` is its position there; `heading`, `lead` and `header` stand over it.

    `earlier` units belong to a mail that a later one answers; `writer` is who wrote a message of a conversation,
    `sender` who wrote a mail.
    """

    source: Source
    place: int
    text: str
    kind: Kind = "sentence"
    heading: str = ""
    lead: str = ""
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    earlier: bool = False
    writer: Writer | None = None
    sender: Writer | None = None


def plain(text: str) -> str:
    """The text without Markdown's marks: links keep their words, emphasis and code their content."""
    return _plain_cell(_EDGE_MARKS.sub("", text))


def _plain_cell(text: str) -> str:
    """A cell's text likewise, where ">" is no mark but a sign: "> 5"."""
    text = _REFERENCE.sub(r"\1", _LINK.sub(r"\1", text))
    text = _EMPHASIS.sub(r"\2", text)
    text = _STAR.sub(r"\1", text)
    return re.sub(r"[ \t\u00a0]+", " ", text).strip()


@lru_cache(maxsize=256)
def units(source: Source) -> tuple[Unit, ...]:
    """The units of a source in reading order."""
    reader = _Reader(source)
    columns = len(reader.header) if source.header and not re.search(r"[|\t]", source.header) else 0
    for block in _blocks(source.text, columns):
        if isinstance(block, Writer):
            reader.begin(block)
        else:
            reader.take(*block)
    return tuple(reader.found)


class _Reader:
    """Walks through a source's blocks and remembers what stands over the next unit."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Unit] = []
        self.heading = self.lead = ""
        self.earlier = False
        self.mail: dict[str, str] = {}  # the header lines of a mail, until its text begins
        self.writer: Writer | None = None
        self.sender: Writer | None = None
        self.topic, self.asker, self.replies = "", "", 0
        self.header = _cells(source.header) if source.header else ()
        self.titles = {_bare(title) for title in (source.title, *source.section.split(" > ")) if title}

    def take(self, kind: Block, text: str) -> None:
        """Add the units of the next block."""
        if kind == "row":
            self._row(text)
        elif kind == "end_of_table":
            self.header = ()
        elif kind == "heading" or _bare(plain(text)) in self.titles:
            self.writer, self.replies = None, 0
            self._heading(plain(text))
        else:
            self._prose("item" if kind == "item" else "sentence", text)

    def _row(self, text: str) -> None:
        cells = _cells(text)
        if not self.header:
            self.header = cells
        elif cells != self.header:
            cells += ("",) * (len(self.header) - len(cells))
            self._add(plain(text.strip()), "row", cells)

    def _heading(self, text: str) -> None:
        self.heading, self.lead = text, ""
        self._add(text, "heading")

    def begin(self, writer: Writer) -> None:
        """Go on to the next message: a question that was asked stands over the next two, if they are of others."""
        if self.writer is None:
            self.topic = self.heading
        answered = self.replies < _REPLIES and writer.name == self.asker
        self.writer = writer
        self.replies = -1 if answered else self.replies - 1
        if self.replies < 0:
            self.heading = self.topic

    def _prose(self, kind: Literal["sentence", "item"], text: str) -> None:
        if introduces_mail(text):
            self.earlier, self.writer, self.sender = True, None, introduced(text)
            return
        text = plain(text)
        if self._is_of_header(text):
            return
        if told := message(text):
            self.begin(told[0])
            text = told[1]
        if asked := _ASKED.match(text):
            text = text[asked.end() :]
            self.heading = ""
        for sentence in sentences(text):
            sentence = _TOLD.sub("", sentence)
            if sentence.endswith(("?", "？")):
                # A question in a list of questions and answers stands over its answer, in a conversation over replies.
                self._heading(sentence)
                self.replies = _REPLIES
                self.asker = self.writer.name if self.writer else ""
            else:
                self._add(sentence, kind)
        if kind == "sentence" and self.found and self.found[-1].kind == "sentence":
            self.lead = self.found[-1].text

    def _is_of_header(self, text: str) -> bool:
        """Take a line of a mail's header: its subject stands over the mail, and its day answers nothing."""
        field, value = field_of(text) or ("", "")
        if field == "from":
            self.mail, self.writer, self.sender = {"from": value}, None, None
            self._add(text, "sentence")
        elif not self.mail:
            return False
        elif field == "to":
            self._add(text, "sentence")
        elif field:
            self.mail[field] = subject(value) if field == "subject" else value
        else:
            if len(self.mail) > 1:
                self._heading(self.mail.get("subject", ""))
                self.replies = 0
            self.sender = sender(self.mail["from"])
            self.mail = {}
            return False
        return True

    def _add(self, text: str, kind: Kind, cells: tuple[str, ...] = ()) -> None:
        lead = self.lead if kind in ("item", "row") else self.writer.name if self.writer else ""
        header = self.header if kind == "row" else ()
        place = len(self.found)
        self.found.append(
            Unit(
                self.source,
                place,
                text,
                kind,
                self.heading,
                lead,
                header,
                cells,
                earlier=self.earlier,
                writer=self.writer,
                sender=self.sender,
            )
        )


def _bare(title: str) -> str:
    return re.sub(r"^[\d.\s]+|[\W_]+", "", title).lower()


def _blocks(text: str, columns: int = 0) -> Iterator[tuple[Block, str] | Writer]:
    """Lines joined to blocks: a paragraph's wrapped lines become one text, every item and row stays its own."""
    lines = [_JSON_LINE.sub(r"\1", line) for line in text.splitlines() if not _JSON_FRAME.match(line)]
    lines = _with_columns([_QUOTED.sub("", line) for line in lines])
    width = max((len(line) for line in lines), default=0)
    separated = _comma_separated(lines, columns)
    open_kind: Literal["sentence", "item"] = "sentence"
    buffer: list[str] = []
    fenced = in_table = False
    written = writers(lines)
    for index, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        row = not fenced and ("|" in line.strip()[1:] or "\t" in line.strip() or index in separated)
        item = None if row or fenced else _ITEM.match(line)
        title = None if row or fenced else _HEADING.match(line)
        begins = index in written or message(line) or introduces_mail(line) or field_of(line)
        starts = row or item or title or fenced or not line.strip() or _RULE.match(line) or begins
        if buffer and (starts or _stands_alone(buffer[-1], line, width)):
            yield open_kind, _joined(buffer)
            buffer = []
        if not row and in_table and line.strip():
            in_table = False
            yield "end_of_table", ""
        if introduces_mail(line):
            yield "sentence", line
        elif index in written and not (row or fenced):
            yield written[index]
        elif not line.strip() or _RULE.match(line):
            open_kind = "sentence"
        elif title:
            yield "heading", title.group(1)
        elif row:
            in_table = True
            yield "row", line
        else:
            open_kind = "item" if item else ("sentence" if not buffer else open_kind)
            buffer.append(item.group(1) if item else line)
    if buffer:
        yield open_kind, _joined(buffer)


def _with_columns(lines: list[str]) -> list[str]:
    """Chinese tables that came as lines of cells with spaces between them, as PDF gives them: with tabs instead.

    Three lines in a row of as many short cells, three at least, make a table.
    """
    counts = [len(line.split()) if _SPACED.fullmatch(line) and not message(line) else 0 for line in lines]
    told = list(lines)
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or counts[end] != counts[start]:
            if counts[start] >= 3 and end - start >= 3:
                told[start:end] = ["\t".join(line.split()) for line in lines[start:end]]
            start = end
    return told


def _stands_alone(before: str, line: str, width: int) -> bool:
    """Whether the line before ends a text of its own: the next line's first word would still have fitted into it."""
    before, line = before.strip(), line.strip()
    if before.endswith((":", "：")) or (_LABELLED.match(before) and _LABELLED.match(line)):
        return True
    if before.endswith((",", "，", "、", "-", "(", "（")) or line[:1].islower():
        return False
    first = 1 if _CJK_EDGE.match(line[:1]) else len(line.split(" ", 1)[0]) + 1
    return len(before) + first < width * 0.92


def _joined(lines: list[str]) -> str:
    text = lines[0].strip()
    for line in lines[1:]:
        line = line.strip()
        glue = "" if text and line and _CJK_EDGE.match(text[-1]) and _CJK_EDGE.match(line[0]) else " "
        text += glue + line
    return text


def _comma_separated(lines: list[str], columns: int) -> frozenset[int]:
    """The lines that are comma-separated values: at least three in a row with as many short fields.

    Where the header with so many `columns` is known, every line that has as many is one; where all lines under a header
    of short names have as many fields, however long, all are.
    """
    if columns > 1:
        return frozenset(i for i, line in enumerate(lines) if "," in line and len(_cells(line)) == columns)
    if _is_all_records(lines):
        return frozenset(range(len(lines)))
    counts = [_fields(line) for line in lines]
    rows: set[int] = set()
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or counts[end] != counts[start]:
            if counts[start] >= 3 and end - start >= 3:
                rows.update(range(start, end))
            start = end
    return frozenset(rows)


def _is_all_records(lines: list[str]) -> bool:
    written = [line for line in lines if line.strip()]
    if len(written) < 3 or not all("," in line and not _COMMA_OF_PROSE.search(line) for line in written):
        return False
    header, *rows = map(_cells, written)
    named = all(0 < len(name) <= 24 and not re.search(r"[.。?？!！:：]$", name) for name in header)
    return named and all(len(row) == len(header) for row in rows)


def _fields(line: str) -> int:
    if "," not in line or line.rstrip().endswith((".", "。")):
        return 0
    cells = _cells(line)
    return len(cells) if max(map(len, cells)) <= 60 else 0


def _cells(line: str) -> tuple[str, ...]:
    line = line.strip()
    if "|" in line:
        return tuple(_plain_cell(cell) for cell in re.split(r"(?<!\\)\|", line.strip("|")))
    if "\t" in line:
        return tuple(_plain_cell(cell) for cell in line.split("\t"))
    return tuple(_plain_cell(cell) for cell in next(csv.reader([line], skipinitialspace=True), []))


def answer_column(header: Sequence[str]) -> int | None:
    """The column of answers in a table of questions and answers."""
    if not any(_QUESTIONS.fullmatch(name) for name in header):
        return None
    return next((column for column, name in enumerate(header) if _ANSWERS.fullmatch(name)), None)

"""Lists in XML from strangers: one level of records. Documents that declare anything (entities, a DTD) are refused."""

from typing import NoReturn
from xml.parsers import expat

from kb.errors import DocumentError


class Listing:
    """`records`: each element below the root with its children's texts; `texts`: those without children."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self._text: list[str] = []
        self._children: dict[str, str] = {}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name.rpartition(":")[2])
        self._text.clear()
        if len(self._open) == 2:
            self._children = {}

    def end(self, name: str) -> None:
        depth, name = len(self._open), self._open.pop()
        text = "".join(self._text).strip()
        if depth == 3:
            self._children[name] = text
        elif depth == 2 and self._children:
            self.records.append((name, self._children))
        elif depth == 2:
            self.texts[name] = text
        self._text.clear()

    def text(self, piece: str) -> None:
        self._text.append(piece)


def listing(data: bytes) -> Listing:
    """A list as XML.

    Raises:
        DocumentError: list_unreadable.
    """
    found = Listing()
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.begin
    parser.EndElementHandler = found.end
    parser.CharacterDataHandler = found.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise DocumentError("list_unreadable") from error
    return found


def _refuse(*_: object) -> NoReturn:
    raise DocumentError("list_unreadable")

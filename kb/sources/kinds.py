"""What a kind of source has to say: its settings, and its files as entries. Each kind is one file beside this one."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Field:
    """A setting that people fill in."""

    name: str
    label: "StrOrPromise"
    hint: "StrOrPromise" = ""
    required: bool = True
    secret: bool = False


@dataclass(slots=True)
class Place:
    """A source as its kind sees it. `memory` is kept when a run ends well, and handed to the next one."""

    settings: dict[str, str]
    secret: str = ""
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an entry: a server that is told so need not send it again."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it now is."""

    filename: str
    file: BinaryIO
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a source. `read` gives its content, or None where it is still as `Known` says.

    With a `mark`, an entry whose mark is the one remembered is not read at all."""

    key: str
    read: Callable[[Known], AbstractContextManager[Content | None]]
    mark: str = ""


class NothingNew(Exception):
    """The source is as a whole what it was after the last run that ended well."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source. `check` gives the settings as they are kept, or raises DocumentError; `entries` lists the files
    one by one and raises DocumentError where it cannot list them all, so that nothing is taken for deleted."""

    label: "StrOrPromise"
    fields: tuple[Field, ...]
    check: Callable[[dict[str, str]], dict[str, str]]
    entries: Callable[[Place], Generator[Entry, None, None]]

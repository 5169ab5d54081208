"""Two versions of a document side by side, as the surrounding `acting_as` may read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kb.access import current_actor
from kb.differences import Change, Paragraph, compare, paragraphs
from kb.models import DocumentVersion

MOST_CHARACTERS = 3_000_000
"""So much of each version is compared; of what comes after nothing is said."""
MOST_SHOWN = 1_500
"""So many paragraphs that differ are handed out."""
AROUND = 1
"""Unchanged paragraphs shown before and after a change."""


@dataclass(frozen=True, slots=True)
class Section:
    """Changes that stand near each other, with what surrounds them, under the headings above them."""

    headings: tuple[str, ...]
    changes: tuple[Change, ...]
    page: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions. `complete` is false where the texts or the differences are too many."""

    older: DocumentVersion
    newer: DocumentVersion
    sections: tuple[Section, ...]
    added: int
    removed: int
    changed: int
    complete: bool

    @property
    def same(self) -> bool:
        """Whether the two say the same, in the same order."""
        return not (self.added or self.removed or self.changed)


def pair(
    versions: Sequence[DocumentVersion], current: int | None, old: int = 0, new: int = 0
) -> tuple[DocumentVersion | None, DocumentVersion | None]:
    """The older and the newer version to compare, from those that can be read, newest first.

    Given by number; else the one that answers now (`current`), and the one before it. Raises LookupError.
    """
    newer = _numbered(versions, new) if new else next((one for one in versions if one.pk == current), None)
    newer = newer or next(iter(versions), None)
    if old:
        return _numbered(versions, old), newer
    before = (one for one in versions if newer is not None and one.number < newer.number)
    return next(before, versions[-1] if versions else None), newer


def _numbered(versions: Sequence[DocumentVersion], number: int) -> DocumentVersion:
    for version in versions:
        if version.number == number:
            return version
    raise LookupError(number)


def compare_versions(older: DocumentVersion, newer: DocumentVersion) -> Comparison:
    """What `newer` says otherwise than `older`: paragraph by paragraph, and word by word where one was reworded."""
    current_actor()
    first, whole_first, _ = _read(older)
    second, whole_second, pages = _read(newer)
    changes = compare(first, second)
    counts = {kind: sum(change.kind == kind for change in changes) for kind in ("added", "removed", "changed")}
    shown, reached = 0, len(changes)
    for place, change in enumerate(changes):
        shown += change.kind != "same"
        if shown > MOST_SHOWN:
            reached = place
            break
    return Comparison(
        older,
        newer,
        tuple(_sections(changes[:reached], pages)),
        **counts,
        complete=whole_first and whole_second and reached == len(changes),
    )


def _read(version: DocumentVersion) -> tuple[list[Paragraph], bool, list[tuple[int, int]]]:
    """The version's paragraphs, whether that is all of it, and where its numbered pages begin."""
    found: list[Paragraph] = []
    pages: list[tuple[int, int]] = []
    for page in version.pages.order_by("ordinal").only("start", "end", "text", "headings", "number").iterator(20):
        if page.end > MOST_CHARACTERS:
            return found, False, pages
        levels = {start: level for start, level, _ in page.headings}
        found.extend(paragraphs(page.text, page.start, levels))
        if page.number is not None:
            pages.append((page.start, page.number))
    return found, True, pages


def _sections(changes: Sequence[Change], pages: Sequence[tuple[int, int]]) -> Iterator[Section]:
    near = _near(changes)
    above: list[tuple[int, str]] = []
    for is_near, group in groupby(range(len(changes)), key=near.__getitem__):
        places = list(group)
        if is_near:
            members = tuple(changes[place] for place in places)
            yield Section(tuple(title for _, title in above), members, _page_of(members, pages))
        for place in places:
            heading = changes[place].paragraph
            if heading.level and changes[place].new is not None:
                above = [one for one in above if one[0] < heading.level]
                above.append((heading.level, heading.text.strip("# ")))


def _near(changes: Sequence[Change]) -> list[bool]:
    """Which paragraphs differ, or stand next to one that does."""
    near = [change.kind != "same" for change in changes]
    differing = [place for place, differs in enumerate(near) if differs]
    for place in differing:
        for beside in range(max(place - AROUND, 0), min(place + AROUND + 1, len(near))):
            near[beside] = True
    return near


def _page_of(changes: Sequence[Change], pages: Sequence[tuple[int, int]]) -> int | None:
    """The page of the newer version on which the first difference stands."""
    place = next((change.new.start for change in changes if change.new and change.kind != "same"), None)
    return next((number for start, number in reversed(pages) if place is not None and start <= place), None)

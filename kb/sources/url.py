"""One page or file of the web."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial

from django.utils.translation import gettext_lazy as _

from kb.fetching import check_reachable, checked_url, fetch
from kb.sources.kinds import Content, Entry, Field, Kind, Known, Place


def check(settings: dict[str, str]) -> dict[str, str]:
    """Raises DocumentError where the address would never be fetched."""
    check_reachable(settings["url"])
    return {"url": str(checked_url(settings["url"]))}


def entries(place: Place) -> Generator[Entry, None, None]:
    yield page(place.settings["url"])


def page(address: str) -> Entry:
    """What stands at an address of the web, asked for only if it has changed."""
    return Entry(address, partial(_read, address))


@contextmanager
def _read(address: str, known: Known) -> Iterator[Content | None]:
    with fetch(address, etag=known.etag, modified=known.modified) as found:
        yield None if found.file is None else Content(found.filename, found.file, found.etag, found.modified)


KIND = Kind(
    label=_("Web page or file"),
    fields=(Field("url", _("Address"), _("Begins with https:// or http://.")),),
    check=check,
    entries=entries,
)

"""The pages that a site lists in its sitemap, as its robots.txt allows."""

import time
import zlib
from collections.abc import Generator, Iterator
from urllib.robotparser import RobotFileParser

from django.utils.translation import gettext_lazy as _
from httpx2 import URL

from kb.errors import DocumentError
from kb.fetching import AGENT, FetchLimits, check_reachable, checked_url, fetch
from kb.sources.kinds import Entry, Field, Kind, Place
from kb.sources.url import page
from kb.sources.xml import listing

LIST_BYTES = 52 << 20
"""A sitemap has at most 50 MB, says its standard."""
SITEMAPS = 50
PAGES = 5_000
PAUSE_SECONDS = 10.0
"""A site may ask for a pause between requests; longer ones are not kept, or a run would never end."""


def check(settings: dict[str, str]) -> dict[str, str]:
    """Raises DocumentError where the address would never be fetched."""
    check_reachable(settings["url"])
    return {"url": str(checked_url(settings["url"])), "below": settings.get("below", "")}


def entries(place: Place) -> Generator[Entry, None, None]:
    start = checked_url(place.settings["url"])
    robots = _robots(start)
    pause = min(float(robots.crawl_delay(AGENT) or 0), PAUSE_SECONDS)
    below = place.settings.get("below", "")
    listed = 0
    for address in _pages(start):
        if not address.path.startswith(below) or not robots.can_fetch(AGENT, str(address)):
            continue
        listed += 1
        if listed > PAGES:
            raise DocumentError("too_many_entries", most=PAGES)
        if listed > 1 and pause:
            time.sleep(pause)
        yield page(str(address))


def _pages(start: URL) -> Iterator[URL]:
    """Every page once: of the sitemap, or of those that an index lists. Other hosts' pages are passed over."""
    waiting, read, given = [start], {str(start)}, set[str]()
    while waiting:
        found = listing(_unpacked(waiting.pop(0)))
        for kind, record in found.records:
            try:
                address = checked_url(record.get("loc", ""))
            except DocumentError:
                continue
            text = str(address)
            if (address.scheme, address.netloc) != (start.scheme, start.netloc):
                continue
            if kind == "sitemap" and text not in read:
                if len(read) >= SITEMAPS:
                    raise DocumentError("too_many_entries", most=SITEMAPS)
                read.add(text)
                waiting.append(address)
            elif kind == "url" and text not in given:
                given.add(text)
                yield address


def _unpacked(address: URL) -> bytes:
    """A sitemap's text; those kept as .gz are unpacked up to the size a sitemap may have."""
    with fetch(str(address), limits=FetchLimits(LIST_BYTES)) as found:
        data = found.file.read() if found.file else b""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked = engine.decompress(data, LIST_BYTES)
    except zlib.error as error:
        raise DocumentError("list_unreadable") from error
    if engine.unconsumed_tail:
        raise DocumentError("too_large", megabytes=LIST_BYTES >> 20)
    return unpacked


def _robots(start: URL) -> RobotFileParser:
    """What the site's robots.txt allows; all, when there is none."""
    rules = RobotFileParser()
    try:
        with fetch(str(start.join("/robots.txt")), limits=FetchLimits(512 << 10)) as found:
            text = found.file.read().decode("utf-8", "replace") if found.file else ""
    except DocumentError as error:
        if error.code != "page_gone":
            raise
        text = ""
    rules.parse(text.splitlines())
    rules.modified()
    return rules


KIND = Kind(
    label=_("Site with a sitemap"),
    fields=(
        Field("url", _("Address of the sitemap"), _("For example https://example.com/sitemap.xml.")),
        Field("below", _("Only below this path"), _("For example /docs/. Empty takes every page."), required=False),
    ),
    check=check,
    entries=entries,
)

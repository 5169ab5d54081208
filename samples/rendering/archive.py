"""Office files are zip archives full of clocks; here they all stop at one moment."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

MOMENT = (2026, 11, 2, 9, 0, 0)
_STAMP = b"2026-11-02T09:00:00Z"
_DATES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms)")


def stop_clocks(path: Path) -> None:
    """Rewrite an Office file so that building it again gives the same bytes."""
    with zipfile.ZipFile(path) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts:
            if name == "docProps/core.xml":
                data = _DATES.sub(rb"\g<1>" + _STAMP + rb"\g<2>", data)
            archive.writestr(zipfile.ZipInfo(name, MOMENT), data, zipfile.ZIP_DEFLATED)

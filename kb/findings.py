"""What a version's report means, in sentences that say what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

SURE = 0.9
"""An encoding guessed with less certainty than this is worth a look."""
ENOUGH_FOUND = 0.6


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. `look`: somebody should look at it; `pages` are those it is about, the first fifty."""

    code: str
    sentence: str
    look: bool
    pages: tuple[int, ...] = ()


def findings(report: dict[str, Any]) -> list[Finding]:
    """What there is to say; nothing where the report is not made yet."""
    found: list[Finding] = []
    if blank := report.get("blank", 0):
        pages = report["blank_pages"]
        sentence = _(
            "No text was found on %(count)s pages (%(pages)s). If they hold scans or pictures with words, scan them "
            "again at 300 dpi or upload a file with text; empty pages are fine."
        )
        found.append(_finding("blank_pages", sentence % {"count": blank, "pages": _listed(pages, blank)}, pages))
    if low := report.get("low", 0):
        pages = report["low_pages"]
        sentence = _(
            "%(count)s pages (%(pages)s) were read from pictures, and not surely. Compare their text with the page; a "
            "sharper scan helps."
        )
        found.append(_finding("low_confidence", sentence % {"count": low, "pages": _listed(pages, low)}, pages))
    known = report.get("encoding_known", "")
    if known and known not in ("mark", "valid", "declared"):
        sentence = _(
            "The file does not say how its characters are encoded; %(name)s was guessed, %(sure)s sure. If the text "
            "looks wrong, save it as UTF-8 and upload it again."
        )
        values = {"name": report["encoding"], "sure": f"{float(known):.0%}"}
        found.append(Finding("encoding_guessed", sentence % values, float(known) < SURE))
    if unreadable := report.get("unreadable", 0):
        sentence = _(
            "%(count)s characters could not be read and show as \ufffd. Save the file again as UTF-8 or PDF and "
            "upload it."
        )
        found.append(_finding("unreadable_characters", sentence % {"count": unreadable}))
    if report.get("warnings", 0):
        sentence = _("Parts of the file were left out; the list of versions says which. Mend them and upload it again.")
        found.append(_finding("left_out", sentence))
    questions = report.get("questions") or {}
    if asked := questions.get("asked", 0):
        values = {"asked": asked, "found": questions["found"]}
        if questions["found"] < ENOUGH_FOUND * asked:
            sentence = _(
                "Of %(asked)s questions made from its own sentences only %(found)s found their place. Look whether the "
                "text is readable, and whether other documents say the same."
            )
            found.append(_finding("questions_missed", sentence % values))
        else:
            sentence = _("Of %(asked)s questions made from its own sentences %(found)s found their place.")
            found.append(Finding("questions_found", sentence % values, False))
    return found


def _finding(code: str, sentence: str, pages: Sequence[int] = ()) -> Finding:
    return Finding(code, sentence, True, tuple(pages))


def _listed(pages: Sequence[int], count: int) -> str:
    shown = ", ".join(map(str, pages[:10]))
    return shown + " …" if count > 10 else shown

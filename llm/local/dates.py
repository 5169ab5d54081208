"""Calendar days in text, however they are written: 2026-05-18, 18 May 2026, May 18, 2026年5月18日, 5月18日.

With them what else reads the calendar and the clock looks for: months, weekdays, times of day, stamps of messages.
"""

import re
from collections.abc import Iterator

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
"""The months by their full names, for a regular expression."""
ANY_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
"""The months in full and short, in lower case, for a regular expression that leaves case out of account."""
WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
CLOCK = re.compile(r"(?<!\d)\d{1,2}[:：]\d{2}(?!\d)")
"""A time of day as questions and timetables have it."""
STAMPED_DAY = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
STAMPED_HOUR = r"(?:[上下中]午|早上|晚上|凌晨)?\s?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
"""Day and time of day as chats stamp their messages, for regular expressions."""
_DAY = re.compile(
    rf"(?P<y1>\d{{4}})[-/.](?P<m1>\d{{1,2}})[-/.](?P<d1>\d{{1,2}})(?!\d)"
    rf"|(?:(?P<y2>\d{{4}})\s*年\s*)?(?P<m2>\d{{1,2}})\s*月\s*(?P<d2>\d{{1,2}})\s*[日号]"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m3>{ANY_MONTH})\b\.?(?:,?\s+(?P<y3>\d{{4}}))?"
    rf"|\b(?P<m4>{ANY_MONTH})\b\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y4>\d{{4}}))?",
    re.IGNORECASE,
)


def days(text: str) -> Iterator[str]:
    """The days a text names, as `@05-18`, and with their year as `@2026-05-18` too."""
    for match in _DAY.finditer(text):
        year, month, day = (next((match[f"{part}{n}"] for n in "1234" if match[f"{part}{n}"]), "") for part in "ymd")
        number = _MONTHS.get(month.lower()) or int(month)
        if 1 <= number <= 12 and 1 <= int(day) <= 31:
            yield f"@{number:02}-{int(day):02}"
            if year:
                yield f"@{year}-{number:02}-{int(day):02}"


def month_number(name: str) -> int:
    """The number of an English month's name; 0 for another word."""
    return _MONTHS.get(name.lower(), 0)

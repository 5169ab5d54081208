"""Conversations in a text: which lines say who wrote when, and what a mail says about itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .dates import STAMPED_DAY, STAMPED_HOUR

Field = Literal["from", "to", "when", "subject"]

_CLOCK = rf"(?:{STAMPED_DAY}[\sT,，]{{0,3}})?{STAMPED_HOUR}"
_NAME = r"(?P<writer>[^\s:：\[\]<>|][^:：\n\[\]<>|]{0,39}?)"
_BRACKETED = rf"[\[(（【]?(?P<when>{_CLOCK})[\])）】]?"
# "2026-09-14 09:02 Wang Lei: text"; "Wang Lei 2026-09-14 09:02" and "2026-09-14 09:02 Wang Lei" over the text.
_MESSAGE = re.compile(rf"^\s*{_BRACKETED}\s*(?:[-–—]\s*)?{_NAME}[:：]\s*(?=\S)")
_NAME_FIRST = re.compile(rf"^\s*(?:\*\*)?{_NAME}(?:\*\*)?\s+{_BRACKETED}\s*[:：]?$")
_TIME_FIRST = re.compile(
    rf"^\s*[\[(（【]?(?P<when>{STAMPED_DAY}[\sT,，]{{0,3}}{STAMPED_HOUR})[\])）】]?\s+(?:\*\*)?{_NAME}(?:\*\*)?$"
)
_DATED = re.compile(STAMPED_DAY)
_FEWEST = 2
_NAMES: dict[Field, str] = {
    "from": "From|发件人|寄件者",
    "to": "To|Cc|收件人|收件者|抄送|副本",
    "when": "Date|Sent|日期|时间|发送时间",
    "subject": "Subject|主题|主旨",
}
_FIELDS = {
    field: re.compile(rf"^\s*\**(?:{names})\s*[:：]\**\s*(?=\S)", re.IGNORECASE) for field, names in _NAMES.items()
}
_ANSWERS = re.compile(r"^(?:(?:RE|AW|FW|FWD|回复|答复|转发)\s*[:：]\s*)+", re.IGNORECASE)
_WROTE = re.compile(
    r"^(?:>\s*)*(?:On .{6,80} wrote|.{0,30}\d{4}.{2,60}写道"
    r"|-{3,}\s*(?:Original Message|Forwarded message|原始邮件|转发邮件)\s*-*)"
    r"\s*[:：]?\s*$",
    re.IGNORECASE,
)
_ADDRESS = r"\s*(?:<[^>]*>\s*)?"
_BY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\bOn .*\d.*?,?\s(?P<name>[^,\d<>]+?){_ADDRESS}wrote\b",
        rf"(?P<name>[^\s<>,，\d]{{2,20}}){_ADDRESS}(?:于|在)\s?.*\d.*写道",
        rf"\d.*[，,\s](?P<name>[^\s<>,，:：\d]{{2,20}}){_ADDRESS}写道",
    )
)
_VERBS = (
    r"said|says|wrote|writes?|asked|asks?|approved|confirmed|announced|informed|told|reported|suggested|proposed|"
    r"mentioned|requested|sent|posted|promised|offered|agreed|decided|recommended|warned|reminded|complained|replied|"
    r"answered|invited|thanked|apologi[sz]ed"
)
_ASKS_WRITER = re.compile(
    rf"\bwho (?:has |had |first )?(?:{_VERBS})\b|\bwho (?:was it|is it) (?:that|who)\b"
    r"|\b(?:whose|who sent|in whose) (?:e-?mail|message)\b"
    r"|(?:谁|哪位|何人|边个|边位|哪个(?:人|同事))(?:[^，。？?]{0,8})"
    r"(?:说|写|问|提[出议到醒]|批[准了]?|通知|确认|回复|告诉|要求|建议|宣布|答应|同意|反馈|发[的了出]|提醒|汇报|讲|话|报告|拍板|承诺)",
    re.IGNORECASE,
)
_FULL_WIDTH = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a message, and when, as the text has it; of a mail `when` is empty, its header tells it."""

    name: str
    when: str

    def __str__(self) -> str:
        chinese = _FULL_WIDTH.search(self.name) is not None
        if not self.when:
            return f"{self.name}：" if chinese else f"{self.name}: "
        return f"{self.name}（{self.when}）：" if chinese else f"{self.name} ({self.when}): "


def message(text: str) -> tuple[Writer, str] | None:
    """The writer of a message that begins with its time, and what is written."""
    found = _MESSAGE.match(text)
    return (_writer(found), text[found.end() :]) if found else None


def writers(lines: Sequence[str]) -> dict[int, Writer]:
    """The numbers of the lines that only say who wrote the lines below, and when."""
    found = {
        number: match
        for number, line in enumerate(lines)
        if (match := _NAME_FIRST.match(line) or _TIME_FIRST.match(line))
    }
    over = {
        number: match for number, match in found.items() if _has_text(lines, number + 1) and number + 1 not in found
    }
    # A single line of a name and an hour, or of a day and a few words, may be an appointment.
    return {
        number: _writer(match)
        for number, match in over.items()
        if len(over) >= _FEWEST or (match.re is _NAME_FIRST and _DATED.match(match["when"]))
    }


def _has_text(lines: Sequence[str], number: int) -> bool:
    return number < len(lines) and bool(lines[number].strip())


def _writer(found: re.Match[str]) -> Writer:
    return Writer(found["writer"].strip(" *"), found["when"].strip())


def field_of(line: str) -> tuple[Field, str] | None:
    """Which of a mail's header lines a line may be, and what it says."""
    for field, pattern in _FIELDS.items():
        if found := pattern.match(line):
            return field, line[found.end() :].strip()
    return None


def subject(value: str) -> str:
    """A mail's subject without what says that it answers or passes on another."""
    return _ANSWERS.sub("", value)


def asks_writer(question: str) -> bool:
    """Whether a question asks who said, wrote, asked or approved something."""
    return _ASKS_WRITER.search(question) is not None


def introduces_mail(line: str) -> bool:
    """Whether a line says that an earlier mail follows: "On … Eva Roth wrote:", "-----Original Message-----"."""
    return _WROTE.match(line) is not None


def introduced(line: str) -> Writer | None:
    """Who wrote the mail that such a line introduces, if it says so."""
    found = next((match for pattern in _BY if (match := pattern.search(line))), None)
    return Writer(found["name"].strip(" \"'"), "") if found else None


def sender(value: str) -> Writer:
    """Who sent a mail, from what its header says after "From:"."""
    name, _, address = value.partition("<")
    return Writer(name.strip(" \"'") or address.strip(" >"), "")

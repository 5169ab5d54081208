"""What was said in a recorded meeting or film (WebVTT, SubRip): who speaks from when on, as lines of a conversation."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.parsing.composer import Composer
from kb.parsing.encodings import decoded_lines

_TIMING = re.compile(r"^\s*((?:\d{1,3}:)?\d{2}:\d{2})[.,]\d{3}\s+-->\s+(?:\d{1,3}:)?\d{2}:\d{2}[.,]\d{3}")
_VOICE = re.compile(r"<v(?:\.[^\s>]+)?\s+([^>]{1,60})>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]{0,100}>|\{\\[^{}]{1,60}\}|<\d[\d:.]+>", re.IGNORECASE)
# "Ann Lee: …" and ">> Ann:": a name of one to four words, capitals or Chinese.
_SPEAKER = re.compile(
    r"^(?:>>\s*|-\s*)?((?:[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,3}|[\u4e00-\u9fff·]{2,8}))\s?[:：]\s+(?=\S)"
)
_NOTES = ("NOTE", "STYLE", "REGION", "WEBVTT")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’)）]*$")
_LONG = 300


@dataclass
class _Speech:
    """What one speaker says without a break."""

    when: str
    speaker: str
    text: str

    def goes_on(self, speaker: str, told: str) -> bool:
        """Whether the next words belong to it."""
        if speaker != self.speaker and told:
            return False
        return len(self.text) < _LONG or not _SENTENCE_END.search(self.text)


def parse(path: Path, out: Composer) -> None:
    """Hand on what each speaker says as a message that begins with its time."""
    for speech in _speeches(_cues(decoded_lines(path))):
        who = f"{speech.speaker}: " if speech.speaker else ""
        out.add("paragraph", f"[{speech.when}] {who}{speech.text}")
    out.flush()


def _speeches(cues: Iterator[tuple[str, list[str]]]) -> Iterator[_Speech]:
    open_speech: _Speech | None = None
    for when, lines in cues:
        for line in lines:
            voice = _VOICE.search(line)
            text = html.unescape(_TAG.sub("", line)).strip()
            named = None if voice else _SPEAKER.match(text)
            speaker = voice[1].strip() if voice else named[1] if named else ""
            text = text[named.end() :] if named else text
            if not text or (open_speech and open_speech.text.endswith(text)):  # rolling captions repeat their last line
                continue
            if open_speech and open_speech.goes_on(speaker or open_speech.speaker, speaker):
                glue = "" if open_speech.text[-1] > "\u2e80" and text[0] > "\u2e80" else " "
                open_speech.text += glue + text
                continue
            if open_speech:
                yield open_speech
            open_speech = _Speech(when, speaker or (open_speech.speaker if open_speech else ""), text)
    if open_speech:
        yield open_speech


def _cues(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    """Each cue's time and its lines; headers, notes, styles and the cues' numbers are passed over."""
    when, told = "", list[str]()
    for line in lines:
        line = line.strip("\ufeff \t\r\n")
        if timing := _TIMING.match(line):
            when, told = timing[1], []
        elif not line:
            if when and told:
                yield when, told
            when, told = "", []
        elif when and not line.startswith(_NOTES):
            told.append(line)
    if when and told:
        yield when, told

"""Transcripts of meetings and subtitles of films say who speaks from when on, without the marks of their format."""

from __future__ import annotations

import pytest

from tests.kb.parsing.conftest import Reader, shapes

WITH_VOICES = """WEBVTT - Weekly meeting

NOTE made by the recorder

1
00:00:03.120 --> 00:00:07.480
<v Ann Lee>Let's start. The fee is</v>

2
00:00:07.900 --> 00:00:14.020
<v Ann Lee>41 <i>thousand</i> euros.</v>

3
00:01:14.500 --> 00:01:18.300 align:start
<v Ben Li>Agreed &amp; signed.</v>
"""
WITH_NAMES = """1
00:00:03,120 --> 00:00:07,480
王磊: 预算批了

2
00:00:08,000 --> 00:00:09,000
七十八万。

3
00:00:10,000 --> 00:00:12,000
{\\an8}>> Ben Li: Good.
"""
ROLLING = """WEBVTT

00:01.000 --> 00:03.000
the warranty

00:03.000 --> 00:05.000
the warranty
is three years
"""


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "a.vtt",
            WITH_VOICES,
            ["[00:00:03] Ann Lee: Let's start. The fee is 41 thousand euros.", "[00:01:14] Ben Li: Agreed & signed."],
        ),
        ("a.srt", WITH_NAMES, ["[00:00:03] 王磊: 预算批了七十八万。", "[00:00:10] Ben Li: Good."]),
        ("a.txt", ROLLING, ["[00:01] the warranty is three years"]),
    ],
)
def test_each_speech_is_a_message(parsed: Reader, name: str, text: str, told: list[str]) -> None:
    assert [text for _, text in shapes(parsed(name, text))] == told


def test_long_speeches_are_cut_where_a_sentence_ends(parsed: Reader) -> None:
    cues = [f"00:{i:02}.000 --> 00:{i:02}.900\n<v Ann>{'word ' * 20}number {i}." for i in range(10)]
    speeches = [text for _, text in shapes(parsed("a.vtt", "WEBVTT\n\n" + "\n\n".join(cues)))]
    assert len(speeches) > 1
    assert all(speech.endswith(".") and "] Ann: word" in speech for speech in speeches)

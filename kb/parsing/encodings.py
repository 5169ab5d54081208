"""Which character encoding a text file is in, and its text made fit for storing.

Byte order marks are believed first, then valid UTF-8, then what the file declares, then what its bytes look like: the
frequent characters of each East Asian encoding stand in known rows of its table (GB 2312 level 1, Big5 level 1, kana,
Hangul), rare ones elsewhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

SAMPLE_BYTES = 256 * 1024
_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0e-\x1f\x7f]|\ufeff|[\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_HAN_OR_PUNCTUATION = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u3040-\u30ff\uac00-\ud7a3]")


def clean(text: str) -> str:
    """`text` without what PostgreSQL cannot hold or a reader cannot see; line ends are a single newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x00", " ")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def decode(data: bytes, declared: str = "") -> str:
    """The clean text of `data`."""
    return clean(data.decode(detect(data, declared), errors="replace"))


def decode_file(path: Path, declared: str = "") -> str:
    """The clean text of a file that fits in memory."""
    return decode(path.read_bytes(), declared)


def encoding_of(path: Path) -> str:
    """The encoding of a file of any size; all of it is read to tell UTF-8, a sample for the rest."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if _mark(sample) or len(sample) < SAMPLE_BYTES:
        return detect(sample)
    return "utf-8" if _is_utf8(path) else detect(sample, utf8=False)


def decoded_lines(path: Path) -> Iterator[str]:
    """Clean lines, each with its newline, without holding the file in memory. Endless lines come in pieces."""
    with path.open("r", encoding=encoding_of(path), errors="replace", newline=None) as file:
        while line := file.readline(100_000):
            yield from clean(line).splitlines(keepends=True)


def detect(data: bytes, declared: str = "", utf8: bool = True) -> str:
    """The name of a Python codec for `data`. `utf8=False` says that it is known not to be UTF-8."""
    if mark := _mark(data):
        return mark
    sample = data[:SAMPLE_BYTES]
    if wide := _wide(sample):
        return wide
    if utf8 and _decodes(data, "utf-8"):
        return "utf-8"
    if (name := _codec(declared)) and _decodes(sample, name):
        return name
    return _eastern(sample) or _wide_han(sample) or _western(sample)


def evidence(path: Path, declared: str = "") -> dict[str, str]:
    """The encoding of a text file and how it is known: by its "mark", because it is "valid" UTF-8, "declared", or else
    how surely it is guessed, from 0 to 1."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    name = detect(sample, declared, utf8=_is_utf8(path))
    if _mark(sample):
        known = "mark"
    elif name == "utf-8":
        known = "valid"
    elif declared and name == _codec(declared):
        known = "declared"
    else:
        share = _SHARES.get(name)
        known = f"{min(share(sample), 0.99):.2f}" if share else "0.50"
    return {"encoding": name, "encoding_known": known}


def _mark(data: bytes) -> str:
    return next((name for mark, name in _MARKS if data.startswith(mark)), "")


def _codec(declared: str) -> str:
    """The codec for a declared name, or "" when it is unknown or known to lie about bytes (UTF-16 without a mark)."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    is_text = found and codecs.lookup(found)._is_text_encoding
    return "" if not is_text or found.startswith(("utf", "idna", "punycode", "raw", "unicode")) else name


def _decodes(data: bytes, name: str) -> bool:
    """Whether `data` is valid, but for a character that the end of a sample may have cut."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        decoder.decode(data, final=len(data) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(SAMPLE_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes stand, or ""."""
    data = data[: len(data) - len(data) % 4] or data[: len(data) - len(data) % 2]
    if len(data) < 4:
        return ""
    zeros = [data[place::4].count(0) * 4 / len(data) for place in range(4)]
    if min(zeros[2], zeros[3]) > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[0], zeros[1]) > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    low, high = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if high > 0.4 and low < 0.1:
        return "utf-16-le"
    if low > 0.4 and high < 0.1:
        return "utf-16-be"
    return ""


def _wide_han(data: bytes) -> str:
    """UTF-16 without a mark whose text is mostly Han and so has few zero bytes, or ""."""
    data = data[: len(data) - len(data) % 2]
    return next((name for name in ("utf-16-le", "utf-16-be") if _reads_as_han(data, name)), "")


def _reads_as_han(data: bytes, name: str) -> bool:
    text = data.decode(name, errors="replace")
    expected = len(_HAN_OR_PUNCTUATION.findall(text)) + sum(character < "\x80" for character in text)
    return len(text) > 1 and expected > 0.95 * len(text)


def _eastern(data: bytes) -> str:
    """The East Asian encoding whose frequent characters `data` is made of, or ""."""
    if not any(byte >= 0x80 for byte in data):
        return ""
    shares = {name: share(data) for name, share in _SHARES.items() if _decodes(data, name)}
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] >= 0.75 else ""


def _pairs(data: bytes, leads: range) -> list[tuple[int, int]]:
    """The two-byte characters of `data`."""
    found, place = [], 0
    while place < len(data) - 1:
        if data[place] in leads:
            found.append((data[place], data[place + 1]))
            place += 2
        else:
            place += 1
    return found


def _gb_share(data: bytes) -> float:
    pairs = _pairs(data, range(0x81, 0xFF))
    common = sum(trail >= 0xA1 and (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3)) for lead, trail in pairs)
    return common / len(pairs) if pairs else 0.0


def _big5_share(data: bytes) -> float:
    pairs = _pairs(data, range(0x81, 0xFF))
    common = sum(0xA1 <= lead <= 0xC6 for lead, trail in pairs)
    low = sum(0x40 <= trail <= 0x7E for lead, trail in pairs)
    return common / len(pairs) if pairs and low > 0.05 * len(pairs) else 0.0


def _shift_jis_share(data: bytes) -> float:
    pairs = _pairs(data, range(0x81, 0xFD))
    common = sum(0x81 <= lead <= 0x97 for lead, trail in pairs)
    kana = sum(lead in (0x82, 0x83) for lead, trail in pairs)
    return common / len(pairs) if pairs and kana > 0.15 * len(pairs) else 0.0


def _euc_jp_share(data: bytes) -> float:
    pairs = _pairs(data, range(0x8E, 0xFF))
    kana = sum(lead in (0xA4, 0xA5) for lead, trail in pairs)
    common = sum(0xB0 <= lead <= 0xCF or lead in (0xA1, 0xA4, 0xA5) for lead, trail in pairs)
    return 1.01 * common / len(pairs) if pairs and kana > 0.15 * len(pairs) else 0.0


def _euc_kr_share(data: bytes) -> float:
    pairs = _pairs(data, range(0x81, 0xFE))
    hangul = sum(0xB0 <= lead <= 0xC8 and trail >= 0xA1 for lead, trail in pairs)
    return 1.01 * hangul / len(pairs) if len(pairs) > 8 and hangul > 0.95 * len(pairs) else 0.0


_SHARES = {
    "gb18030": _gb_share,
    "big5hkscs": _big5_share,
    "cp932": _shift_jis_share,
    "euc_jp": _euc_jp_share,
    "cp949": _euc_kr_share,
}


def _western(data: bytes) -> str:
    """A one-byte encoding: by statistics where there is enough text, else Windows' Western one."""
    if sum(byte >= 0x80 for byte in data) >= 64 and (best := from_bytes(data[:32_768]).best()):
        return best.encoding
    return "cp1252"

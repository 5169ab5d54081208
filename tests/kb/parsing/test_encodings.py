"""The right characters, whatever the file forgot to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.parsing.encodings import clean, decode, decoded_lines, detect, encoding_of
from tests.kb.parsing.conftest import Reader

ZH = "公司为每位员工提供年度体检。"


@pytest.mark.parametrize(
    ("name", "beginning", "language"),
    [
        ("gb18030.txt", ZH, "zh"),
        ("short-gbk.txt", "年假规定", "zh"),
        ("big5.txt", "公司為每位員工提供年度體檢。", "zh"),
        ("utf16-no-bom.txt", ZH, "zh"),
        ("utf8-bom.txt", ZH, "zh"),
        ("utf32.txt", "Hello world, " + ZH, "zh"),
        ("shift-jis.txt", "社員は毎年健康診断", "ja"),
        ("euc-kr.txt", "모든 직원은 매년", "ko"),
        ("latin1.md", "# Büro\n\nGrüße aus München.", "en"),
    ],
)
def test_samples(parsed: Reader, name: str, beginning: str, language: str) -> None:
    document = parsed(name)
    assert document.text.startswith(beginning)
    assert document.language == language


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_without_a_mark(encoding: str) -> None:
    assert decode("plain words of English".encode(encoding)) == "plain words of English"


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("caf\u00e9".encode("latin-1"), "iso-8859-1", "caf\u00e9"),
        (ZH.encode("gbk"), "gb2312", ZH),
        (ZH.encode("gbk"), "no-such-charset", ZH),
        (ZH.encode("gbk"), "utf-16", ZH),
        (ZH.encode("gbk"), "base64", ZH),
        (ZH.encode(), "gb2312", ZH),
        ("привет, как дела".encode("koi8-r"), "koi8-r", "привет, как дела"),
    ],
)
def test_declared_charset_is_believed_where_the_bytes_allow(data: bytes, declared: str, text: str) -> None:
    assert decode(data, declared) == text


def test_euc_jp_is_told_from_gb() -> None:
    assert detect("社員は毎年健康診断を受けることができます。".encode("euc_jp")) == "euc_jp"


def test_longer_western_text_is_left_to_statistics() -> None:
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 20
    assert decode(text.encode("cp1251")) == text


def test_large_files_are_detected_from_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes((ZH * 12_000).encode("gb18030"))
    assert encoding_of(path) == "gb18030"
    path.write_bytes((ZH * 12_000).encode())
    assert encoding_of(path) == "utf-8"
    assert "".join(decoded_lines(path)) == ZH * 12_000


def test_clean_leaves_nothing_that_cannot_be_stored() -> None:
    assert clean("a\x00b\ud800c\r\nd\re\ufefff\x1b") == "a b\ufffdc\nd\nef"

"""Archives are looked at before they are opened, and nothing leaves the folder they are unpacked to."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from kb.parsing import Member, ParseError, ParseLimits, archives, expand_zip
from kb.parsing.archives import check, safe_path


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return tmp_path / "upload.zip"


def expanded(path: Path, limits: ParseLimits | None = None) -> list[tuple[str, bytes | str]]:
    return [(member.name, content(member)) for member in expand_zip(path, limits or ParseLimits())]


def content(member: Member) -> bytes | str:
    return member.path.read_bytes() if member.path else member.error.code if member.error else ""


def test_files_in_folders_and_archives(stored: Path) -> None:
    inner = archive(("deep/b.txt", b"b"))
    stored.write_bytes(archive(("docs/a.txt", b"a"), ("inner.zip", inner), ("__MACOSX/x", b"x"), ("~$lock.docx", b"x")))
    assert expanded(stored) == [("docs/a.txt", b"a"), ("inner.zip/deep/b.txt", b"b")]


def test_names_that_climb_stay_inside(stored: Path, tmp_path: Path) -> None:
    stored.write_bytes(archive(("../../evil.txt", b"1"), ("/etc/passwd", b"2"), ("..\\..\\win.txt", b"3")))
    assert expanded(stored) == [("evil.txt", b"1"), ("etc/passwd", b"2"), ("win.txt", b"3")]
    assert not (tmp_path.parent / "evil.txt").exists()


def test_links_and_encrypted_members_are_refused_one_by_one(stored: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    data = bytearray(archive((link, b"/etc/passwd"), ("locked.txt", b"x"), ("good.txt", b"good")))
    data[data.rindex(b"locked.txt") - 46 + 8] |= 1  # the flag of encryption in the central directory
    stored.write_bytes(bytes(data))
    assert expanded(stored) == [("link", "hostile"), ("locked.txt", "encrypted"), ("good.txt", b"good")]


def test_depth_is_limited(stored: Path) -> None:
    data = archive(("a.txt", b"a"))
    for _ in range(4):
        data = archive(("n.zip", data))
    stored.write_bytes(data)
    assert expanded(stored, ParseLimits(archive_depth=2)) == [("n.zip/n.zip", "hostile")]


def test_a_broken_archive_inside_does_not_spoil_the_rest(stored: Path) -> None:
    inner = bytearray(archive(("a.txt", b"a" * 5000)))
    inner[45:60] = b"\xff" * 15
    stored.write_bytes(archive(("broken.zip", bytes(inner)), ("good.txt", b"good")))
    assert expanded(stored) == [("broken.zip", "damaged"), ("good.txt", b"good")]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (ParseLimits(), "hostile"),
        (ParseLimits(archive_bytes=1 << 20), "too_large"),
        (ParseLimits(archive_entries=1), "too_large"),
    ],
)
def test_bombs(stored: Path, limits: ParseLimits, code: str) -> None:
    stored.write_bytes(archive(("small", b"x"), ("zeros", bytes(40 << 20))))
    with pytest.raises(ParseError) as caught:
        expanded(stored, limits)
    assert caught.value.code == code


def test_not_an_archive(stored: Path) -> None:
    stored.write_bytes(b"no zip")
    with pytest.raises(ParseError) as caught:
        expanded(stored)
    assert caught.value.code == "damaged"


def test_chinese_names_without_the_unicode_flag(stored: Path) -> None:
    data = archive(("xxxx.txt", b"1"))
    stored.write_bytes(data.replace(b"xxxx.txt", "制度.txt".encode("gbk")))
    assert expanded(stored) == [("制度.txt", b"1")]


@pytest.mark.parametrize("name", ["Grüße.txt", "año.txt", "café.txt"])
def test_western_names_of_dos(stored: Path, name: str) -> None:
    data = archive(("x" * len(name), b"1"))
    stored.write_bytes(data.replace(b"x" * len(name), name.encode("cp437")))
    assert expanded(stored) == [(name, b"1")]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_the_same_name_do_not_take_each_others_place(stored: Path) -> None:
    stored.write_bytes(archive(("a/b.txt", b"1"), ("a/b.txt", b"2"), ("../a/b.txt", b"3")))
    assert expanded(stored) == [("a/b.txt", b"1"), ("a/b (2).txt", b"2"), ("a/b (3).txt", b"3")]


def test_a_directory_that_would_fill_the_memory_is_not_read(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "DIRECTORY_BYTES", 1 << 16)
    stored.write_bytes(archive(*((f"__MACOSX/{number}", b"") for number in range(2_000))))
    with pytest.raises(ParseError) as caught:
        expanded(stored)
    assert caught.value.code == "too_large"
    stored.write_bytes(archive(("a.txt", b"a"), ("big.txt", b"word " * 100_000)))
    assert [name for name, _ in expanded(stored)] == ["a.txt", "big.txt"]


@pytest.mark.parametrize(
    ("members", "limits", "code"),
    [
        ([("zeros", bytes(40 << 20))], ParseLimits(), "hostile"),
        ([("a", b"1"), ("b", b"2")], ParseLimits(archive_entries=1), "too_large"),
        ([("a", b"12345")], ParseLimits(archive_bytes=3), "too_large"),
        ([("a.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')], ParseLimits(), "hostile"),
        ([("a.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"))], ParseLimits(), "hostile"),
    ],
)
def test_documents_are_checked_before_they_are_opened(
    stored: Path, members: list[tuple[str, bytes]], limits: ParseLimits, code: str
) -> None:
    stored.write_bytes(archive(*members))
    with pytest.raises(ParseError) as caught:
        check(stored, limits)
    assert caught.value.code == code


def test_members_that_overlap_are_hostile(stored: Path) -> None:
    data = bytearray(archive(("a", b"same"), ("b", b"same")))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # the second entry leads to the first one's data
    stored.write_bytes(bytes(data))
    with pytest.raises(ParseError) as caught:
        check(stored, ParseLimits())
    assert caught.value.code in ("hostile", "damaged")


def test_safe_path() -> None:
    assert safe_path("a/./b/../c.txt") == "a/b/c.txt"
    assert safe_path("..") == "file"
    assert len(safe_path("/".join("x" * 50)).split("/")) <= 20

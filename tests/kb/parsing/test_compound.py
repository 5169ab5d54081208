"""Files in Microsoft's compound format ([MS-CFB]): old Office, Outlook, and what is encrypted inside it."""

from __future__ import annotations

import struct

import pytest

from kb.parsing import ParseError, ParseLimits
from tests.kb.parsing.conftest import Reader

SECTOR, FREE, END, FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """A compound file with the given storages and streams; every stream is padded past the size of short ones."""
    entries: list[list[object]] = [["Root Entry", 5, FREE, END, 0]]  # name, type, sibling, start, size … child last
    children: dict[int, int] = {}
    sectors: list[bytes] = []
    chains: list[int] = []

    def add(parent: int, level: Tree) -> None:
        before = None
        for name, content in sorted(level.items(), key=lambda item: (len(item[0]), item[0].upper())):
            index = len(entries)
            entries.append([name, 2 if isinstance(content, bytes) else 1, FREE, END, 0])
            if before is None:
                children[parent] = index
            else:
                entries[before][2] = index
            before = index
            if isinstance(content, bytes):
                store(index, content)
            else:
                add(index, content)

    def store(index: int, content: bytes) -> None:
        size = max(len(content), 4096)
        padded = content.ljust(-(-size // SECTOR) * SECTOR, b"\0")
        entries[index][3], entries[index][4] = len(sectors), size
        for start in range(0, len(padded), SECTOR):
            sectors.append(padded[start : start + SECTOR])
            chains.append(len(sectors) if start + SECTOR < len(padded) else END)

    add(0, tree)
    directory = len(sectors)
    records = b"".join(record(entry, children.get(index, FREE)) for index, entry in enumerate(entries))
    records = records.ljust(-(-len(records) // SECTOR) * SECTOR, b"\0")
    for start in range(0, len(records), SECTOR):
        sectors.append(records[start : start + SECTOR])
        chains.append(len(sectors) if start + SECTOR < len(records) else END)
    count = -(-(len(sectors) + 2) // 128)
    first = len(sectors)
    chains += [FAT] * count
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(count * SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, count, directory, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", *range(first, first + count), *[FREE] * (109 - count))
    return head + b"".join(sectors) + table


def record(entry: list[object], child: int) -> bytes:
    name, kind, sibling, start, size = entry
    encoded = str(name).encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III", FREE, sibling, child) + bytes(36) + struct.pack("<IQ", start, size)


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        ({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}, "encrypted"),
        ({"WordDocument": b"\xec\xa5" + bytes(8) + b"\x00\x01"}, "encrypted"),
        ({"Something": b"x"}, "unsupported"),
        ({"WordDocument": b"\xec\xa5" + bytes(40)}, "damaged"),
        ({"Workbook": b"no workbook"}, "damaged"),
        ({"PowerPoint Document": b"no slides"}, "damaged"),
    ],
)
def test_what_cannot_be_read(parsed: Reader, tree: Tree, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("upload.doc", compound(tree))
    assert caught.value.code in (code, "no_text" if code == "damaged" else code)


def unicode(text: str) -> bytes:
    return text.encode("utf-16-le")


def test_outlook_message_with_attachments(parsed: Reader) -> None:
    message: Tree = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_0037001F": unicode("Quarterly numbers"),
        "__substg1.0_1000001F": unicode("The numbers are attached."),
        "__attach_version1.0_#00000000": {
            "__substg1.0_3707001F": unicode("numbers.csv"),
            "__substg1.0_37010102": b"quarter,sum\nfirst,99\n" + b"\n" * 5000,
        },
        "__attach_version1.0_#00000001": {"__substg1.0_3704001F": unicode("empty.txt")},
    }
    document = parsed("mail.msg", compound(message), ParseLimits())
    assert "first,99" in document.text
    assert [page.label.strip("\0") for page in document.pages][-1] == "numbers.csv"
    assert "The numbers are attached." in document.text.replace("\0", "")

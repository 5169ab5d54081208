"""Build the sample documents that cannot be written by hand from the texts beside this file.

Run from the repository's root: `python -m samples.build`. Each document named in `company.json` that has a text of
the same name under `texts/` is written anew; all others (Markdown, HTML, mail, …) are kept as they are. Building
twice gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from samples.rendering.blocks import Block, read_blocks
from samples.rendering.pages import write_pdf
from samples.rendering.scan import write_scan
from samples.rendering.sheets import write_xlsx
from samples.rendering.slides import write_pptx
from samples.rendering.word import write_docx

HERE = Path(__file__).parent
WRITERS: dict[str, Callable[[list[Block], Path], None]] = {
    ".docx": write_docx,
    ".xlsx": write_xlsx,
    ".pptx": write_pptx,
    ".pdf": write_pdf,
}


def document_files() -> list[str]:
    """Every file of the company, with its folder, each version apart."""
    company = json.loads((HERE / "company.json").read_text(encoding="utf-8"))
    return [version["file"] for document in company["documents"] for version in document["versions"]]


def build(file: str, into: Path = HERE / "documents") -> bool:
    """Write one document from its text below the folder `into`; False where there is no text for it."""
    target = into / file
    target.parent.mkdir(parents=True, exist_ok=True)
    text = (HERE / "texts" / file).with_suffix(".md")
    table = (HERE / "texts" / file).with_suffix(".csv")
    if text.exists():
        write = write_scan if target.stem.endswith("-scan") else WRITERS[target.suffix]
        write(read_blocks(text.read_text(encoding="utf-8")), target)
    elif table.exists():
        # As Excel on a Chinese Windows saves "CSV": GBK, with carriage returns.
        lines = table.read_text(encoding="utf-8").splitlines()
        target.write_bytes("".join(f"{line}\r\n" for line in lines).encode("gbk"))
    return text.exists() or table.exists()


def main() -> None:
    for file in document_files():
        if build(file):
            sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()

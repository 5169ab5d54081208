"""Why a file could not be read, said so that the person who uploaded it knows what to do."""

from __future__ import annotations

from typing import Literal, get_args

ErrorCode = Literal[
    "unsupported",
    "empty",
    "encrypted",
    "damaged",
    "too_large",
    "too_slow",
    "too_much_memory",
    "no_text",
    "hostile",
    "cancelled",
]

CODES: tuple[str, ...] = get_args(ErrorCode)
IN_THE_FILE = frozenset({"unsupported", "empty", "encrypted", "damaged", "too_large", "no_text", "hostile"})
"""What lies in the file: reading the same bytes again would not help."""

SENTENCES: dict[ErrorCode, tuple[str, str]] = {
    "unsupported": (
        "This kind of file cannot be read. "
        "Save it as PDF, Word, PowerPoint, Excel, HTML, Markdown or plain text and upload it again.",
        "无法读取这种类型的文件。请另存为 PDF、Word、PowerPoint、Excel、HTML、Markdown 或纯文本后重新上传。",
    ),
    "empty": (
        "The file is empty. Check that it was saved completely and upload it again.",
        "文件是空的。请确认文件已完整保存，然后重新上传。",
    ),
    "encrypted": (
        "The file is protected by a password. Remove the password and upload it again.",
        "文件受密码保护。请取消密码后重新上传。",
    ),
    "damaged": (
        "The file is damaged and cannot be opened. Open it in its own program, save it again and upload the new copy.",
        "文件已损坏，无法打开。请用原来的程序打开并重新保存，然后上传新的文件。",
    ),
    "too_large": (
        "The file is too large. Split it into smaller files and upload those.",
        "文件过大。请拆分为较小的文件后再上传。",
    ),
    "too_slow": (
        "Reading the file took too long and was stopped. "
        "Split it into smaller files or save it again in a simpler format.",
        "读取文件耗时过长，已停止。请拆分为较小的文件，或以更简单的格式重新保存。",
    ),
    "too_much_memory": (
        "Reading the file needs too much memory and was stopped. "
        "Split it into smaller files or save it again in a simpler format.",
        "读取文件占用内存过多，已停止。请拆分为较小的文件，或以更简单的格式重新保存。",
    ),
    "no_text": (
        "No text was found in the file. If it is a scan, upload it with a higher resolution.",
        "文件中没有找到文字。如果是扫描件，请以更高的分辨率重新扫描后上传。",
    ),
    "hostile": (
        "The file contains constructs that ordinary programs never write and is refused. "
        "Save it again in its own program and upload the new copy.",
        "文件含有正常程序不会写入的危险内容，已被拒绝。请用原来的程序重新保存后再上传。",
    ),
    "cancelled": ("Reading the file was cancelled.", "已取消读取文件。"),
}


class ParseError(Exception):
    """A file that cannot be read, with a sentence in English and in Chinese that says what to do."""

    def __init__(self, code: ErrorCode, en: str = "", zh: str = "") -> None:
        default_en, default_zh = SENTENCES[code]
        self.code: ErrorCode = code
        self.en = en or default_en
        self.zh = zh or default_zh
        super().__init__(self.en)

    def sentence(self, language: str) -> str:
        """The sentence in the given language: Chinese for `zh…`, English otherwise."""
        return self.zh if language.lower().startswith("zh") else self.en

    def __reduce__(self) -> tuple[type[ParseError], tuple[ErrorCode, str, str]]:
        return ParseError, (self.code, self.en, self.zh)


class Fault(Exception):
    """Trouble that is not the file's: a full disk, a bug. It is for the operator, and parsing may be tried again."""

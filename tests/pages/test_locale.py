"""The Chinese catalogue is whole, agrees with the sources, and its compiled form is up to date."""

import ast
import gettext
import re
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
APPS = ("config", "llm", "accounts", "kb", "agents")
_ENTRY = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[0\])?) ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_PLACE = re.compile(r"%\(\w+\)[sd]")
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext"}


def _text(quoted: str) -> str:
    return str(ast.literal_eval("(" + quoted.replace("\n", " ") + ")"))


def catalogue() -> dict[tuple[str, str], str]:
    """The entries of the .po file: (context, message) to translation."""
    return {key: translation for key, (translation, _plural) in entries_with_plurals().items()}


def entries_with_plurals() -> dict[tuple[str, str], tuple[str, str]]:
    entries: dict[tuple[str, str], tuple[str, str]] = {}
    context = message = plural = ""
    for kind, quoted in _ENTRY.findall((FOLDER / "django.po").read_text(encoding="utf-8")):
        if kind == "msgctxt":
            context = _text(quoted)
        elif kind == "msgid":
            message, plural = _text(quoted), ""
        elif kind == "msgid_plural":
            plural = _text(quoted)
        elif kind.startswith("msgstr"):
            entries[context, message] = _text(quoted), plural
            context = ""
    return entries


def messages_of_code() -> set[str]:
    found: set[str] = set()
    for path in [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                found.update(texts[1:] if node.func.id == "pgettext" else texts[:1])
    return found


def messages_of_templates() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "templates").rglob("*.html"):
        code = templatize(path.read_text(encoding="utf-8"))
        for match in re.finditer(r"\b(n?p?gettext)\((.*?)\) ", code):
            texts = [_text(text) for text in re.findall(r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", match[2])]
            found.update(texts[1:2] if "p" in match[1].removesuffix("gettext") else texts[:1])
    return found


def test_every_message_is_translated_with_its_values() -> None:
    entries = entries_with_plurals()
    assert len(entries) > 200
    for (_context, message), (translation, plural) in entries.items():
        if message:
            assert translation.strip(), message
            assert set(_PLACE.findall(translation)) <= set(_PLACE.findall(message + plural)), message
    assert "fuzzy" not in (FOLDER / "django.po").read_text(encoding="utf-8")


def test_the_catalogue_knows_what_the_sources_say() -> None:
    known = {message for _context, message in catalogue()}
    used = {message for message in messages_of_code() | messages_of_templates() if message}
    assert len(used) > 200
    assert used - known == set(), "run makemessages, translate, compilemessages"


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, message), translation in catalogue().items():
        if not message:
            continue
        found = compiled.pgettext(context, message) if context else compiled.gettext(message)
        if found == message:  # a message with a plural is kept under its number
            found = compiled.ngettext(message, message, 1)
        assert found == translation, message

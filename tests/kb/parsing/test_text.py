"""Plain text, Markdown, CSV and code keep their source text; only the structure is told."""

from __future__ import annotations

import pytest

from kb.chunking import passages
from kb.parsing import ParseError, ParseLimits
from kb.parsing.composer import Composer
from kb.parsing.delimited import delimiter_of
from kb.parsing.kinds import title_of
from tests.kb.parsing.conftest import Reader, shapes


def test_markdown_keeps_its_source_and_tells_its_blocks(parsed: Reader) -> None:
    document = parsed("document.md")
    kinds = [kind for kind, _ in shapes(document)]
    assert document.title == "Onboarding"
    assert document.text.startswith("---\ntitle:")
    assert ("heading", "# Welcome {#top}") in shapes(document)
    assert ("heading", "Sign-in\n-------") in shapes(document)
    assert [block.level for block in document.blocks if block.kind == "list_item"] == [0, 1, 0]
    assert ("code", '```python\ndef hello():\n    return "world"\n```') in shapes(document)
    assert kinds.count("row") == 3
    assert document.blocks[kinds.index("row") + 1].header == "| Room | Floor |"
    assert ("paragraph", "> Quoted advice.") in shapes(document)
    assert ("paragraph", "<div>raw html</div>") in shapes(document)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ('See the [transit benefit]({% page "/transit/" %}) page.', "See the transit benefit page."),
        ('Read [the rules]({%link "https://example.org/a" %}).', "Read [the rules](https://example.org/a)."),
        ('Ask in {% channel "help-desk" %} first.', "Ask in help-desk first."),
        ("The server {{ site.host }}is up. ![A red light](img/red.png)", "The server is up. A red light"),
        ("[![Status](a.svg)](https://example.org) is shown.", "[Status](https://example.org) is shown."),
        ('Before.\n{% include "note.html" %}\nAfter.', "Before.\n\nAfter."),
        ("Kept. {% comment %}not\nthis{% endcomment %}", "Kept. "),
        ("Write `{{ name }}` and `![x](y)`.", "Write `{{ name }}` and `![x](y)`."),
        ("```\n{% if x %}\n![k](v)\n```", "```\n{% if x %}\n![k](v)\n```"),
        ("A {% b, a [c] and {d} remain.", "A {% b, a [c] and {d} remain."),
    ],
)
def test_marks_of_site_generators_and_images_stand_in_no_text(parsed: Reader, written: str, seen: str) -> None:
    assert parsed("a.md", written + "\n").text == seen + "\n"


def test_front_matter_tells_of_the_document_and_is_not_searched(parsed: Reader) -> None:
    front = "---\ntitle: Travel <em>before</em> you start\nowner: 'Ops &amp; Travel'\ntags:\n  - trips\n---"
    source = f"{front}\n\nBook early.\n"
    document = parsed("a.md", source)
    assert document.title == "Travel before you start"
    assert document.metadata["owner"] == "Ops & Travel"
    assert document.text == source
    assert shapes(document) == [("metadata", front), ("paragraph", "Book early.")]
    assert [draft.text for draft in passages(document.parts())] == ["Book early."]


def test_a_file_of_front_matter_alone_is_kept_as_text(parsed: Reader) -> None:
    assert [kind for kind, _ in shapes(parsed("a.md", "---\ntitle: Only this\n---\n"))] == ["paragraph"]


def test_first_heading_is_the_title_without_marks(parsed: Reader) -> None:
    assert parsed("a.md", "intro\n\n## The rules ##\n").title == "The rules"


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("Microsoft Word - Travel policy", "Travel policy"),
        ("Microsoft Word - draft3.docx", "First heading"),
        ("(anonymous)", "First heading"),
        (" ", "First heading"),
    ],
)
def test_titles_that_programs_leave_are_not_believed(named: str, title: str) -> None:
    out = Composer(lambda part: None, title=named, first_heading="# First heading")
    assert title_of(out, "file.pdf") == title


def test_file_name_is_the_title_of_last_resort(parsed: Reader) -> None:
    assert parsed("meeting notes.txt", "nothing but text").title == "meeting notes"


def test_huge_markdown_is_read_as_plain_text(parsed: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.parsing.markdown.MAXIMUM_BYTES", 10)
    assert {kind for kind, _ in shapes(parsed("a.md", "# Not read as a heading\n"))} == {"paragraph"}


def test_chapters_of_chinese_rules_are_headings(parsed: Reader) -> None:
    document = parsed("rules-zh.txt")
    assert document.language == "zh"
    assert [text for kind, text in shapes(document) if kind == "heading"] == ["第一章 总则", "第二章 请假"]
    assert ("list_item", "（一）事假") in shapes(document)


def test_control_characters_are_cleaned(parsed: Reader) -> None:
    assert parsed("nul-and-controls.txt").text == "before after and \nnext page\nend"


def test_long_text_comes_in_parts(parsed: Reader) -> None:
    text = "A sentence that is repeated. " * 20_000
    document = parsed("long.txt", text)
    assert max(len(page.text) for page in document.pages) <= 110_000
    assert len(document.pages) > 5
    assert document.text.replace("\n", "") == text


def test_code_is_code(parsed: Reader) -> None:
    document = parsed("tool.py", "import os\n\n\ndef main():\n    return os\n")
    assert shapes(document) == [("code", "import os"), ("code", "def main():\n    return os")]


def test_csv_keeps_quoted_records_together(parsed: Reader) -> None:
    document = parsed("semicolon.csv")
    assert [text for _, text in shapes(document)] == [
        "name;note;city",
        'Anna;"two\nlines; here";Bern',
        "Bo;plain;Ulm",
    ]
    assert [block.header for block in document.blocks] == ["", "name;note;city", "name;note;city"]


def test_a_quote_never_closed_does_not_swallow_the_file(parsed: Reader) -> None:
    document = parsed("a.csv", 'a,b\n1,"open\n' + "2,3\n" * 1000)
    assert len(document.blocks) > 900


def test_long_csv_comes_in_parts_with_its_header(parsed: Reader) -> None:
    document = parsed("a.csv", "name,value\n" + "".join(f"item {n},{n}\n" for n in range(12_000)))
    assert len(document.pages) > 2
    assert document.blocks[-1].header == "name,value"
    assert len(document.blocks) == 12_001


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [("a,b\n1,2\n", ","), ("a;b\n1,5;2\n", ";"), ("a\tb\n1\t2\n", "\t"), ("no table\nat all\n", ""), ("", "")],
)
def test_delimiter(sample: str, delimiter: str) -> None:
    assert delimiter_of(sample) == delimiter


def test_table_without_a_telling_name_is_read_as_one(parsed: Reader) -> None:
    assert parsed("export.txt", "a\tb\n1\t2\n3\t4\n5\t6\n").media_type == "text/csv"


def test_text_past_the_limit_is_refused(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("a.txt", "word " * 1000, ParseLimits(characters=100))
    assert caught.value.code == "too_large"

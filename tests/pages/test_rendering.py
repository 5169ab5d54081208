"""Markdown that a model wrote becomes HTML in which nothing runs, loads or hides."""

import re
from html.parser import HTMLParser

import pytest

from agents.events import Citation, Claim
from agents.rendering import render, stable_end

CITATION = Citation(1, 7, 9, 4, 10, 20, "a quote", 'Policy "A" <b>', "Hotels")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![pixel](https://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&#58;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:x)",
    "[click](//evil.example/x)",
    "[click](/sign-out/)",
    '[click](https://a.example/"onmouseover="alert(1))',
    '[x](https://a.example "title\\" onclick=alert(1)")',
    "<a href='javascript:alert(1)'>x</a>",
    "<javascript:alert(1)>",
    "[1]: javascript:alert(1)\n\n[1]",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$$\\unknowncommand{<script>}$$",
    "$<script>alert(1)</script>$",
    "\\begin{foo}<iframe src=//evil.example>\\end{foo}",
    "| a |\n|---|\n| <svg onload=alert(1)> |",
    "<style>body{display:none}</style>",
    "<form action=https://evil.example><input name=password>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "> " * 500 + "deep",
    "[" * 2000,
    "*" * 3000,
    "\ue000<b>\ue003",
]


class Inspector(HTMLParser):
    """Fails at anything that could run or load."""

    allowed_link = re.compile(r"https?://|mailto:|/sources/\d+/")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {
            "script",
            "img",
            "iframe",
            "style",
            "form",
            "input",
            "svg",
            "object",
            "embed",
            "link",
            "base",
        }
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in {"style", "src", "srcset", "xlink:href"}, name
            if name == "href":
                assert self.allowed_link.match(value or ""), value


@pytest.mark.parametrize("markdown", HOSTILE)
def test_hostile_markdown_is_harmless(markdown: str) -> None:
    for html in (render(markdown, [CITATION]), render(f"- {markdown}\n\n{markdown} [1]", [CITATION])):
        Inspector().feed(html)


def test_only_addresses_of_cited_sources_can_be_followed() -> None:
    html = render("See [our portal](https://evil.example/login).")
    assert "<a" not in html
    assert "(https://evil.example/login)" in html
    quote = Citation(1, 7, 9, 4, 10, 20, "Sign in at https://portal.example/login first.", "Policy")
    html = render(
        "See [our portal](https://portal.example/login) [1], not [it](https://portal.example/login?d=x).", [quote]
    )
    assert '<a class="outward" href="https://portal.example/login" rel="noopener nofollow">our portal</a>' in html
    assert html.count("<a ") == 2
    assert "(https://portal.example/login?d=x)" in html


def test_a_link_whose_text_is_its_address_is_not_repeated() -> None:
    assert render("<https://a.example/>").count("https://a.example/") == 1


def test_what_nobody_sees_is_not_there() -> None:
    assert "abc" in render("a\u202eb\u200b\U000e0041c")


def test_a_citation_opens_its_place() -> None:
    html = render("It is 150 EUR. [1]", [CITATION])
    assert 'href="/sources/9/?start=10&amp;end=20#quote"' in html
    assert 'data-number="1"' in html
    assert "Policy &quot;A&quot; &lt;b&gt;" in html or "Policy &quot;A&quot; <b>" in html


def test_marks_without_a_citation_are_no_links() -> None:
    assert "<a" not in render("Unknown [7].", [CITATION])


def test_marks_in_code_stay_code() -> None:
    assert "<a" not in render("`x[1]` and\n\n```python\nx[1]\n```", [CITATION])


def test_a_definition_cannot_take_a_citation_over() -> None:
    html = render("It is so [1].\n\n[1]: https://evil.example/", [CITATION])
    assert "/sources/9/" in html
    assert 'href="https://evil.example/"' not in html


def test_unsupported_sentences_are_marked_with_a_word() -> None:
    text = "Good. **Bad** and [1] more."
    html = render(text, [CITATION], [Claim(text[6:], 6, len(text), (1,), "unsupported")])
    assert '<strong><span class="claim unsupported">Bad</span></strong>' in html
    assert 'class="claim-word unsupported">not in the source<' in html
    assert "Good." in html.split("<span")[0]


@pytest.mark.parametrize(
    "text", ["- A claim here.", "> A claim here.", "## A claim here.", "| A claim here. | b |\n|-|-|"]
)
def test_a_marked_claim_keeps_the_block_it_stands_in(text: str) -> None:
    plain = re.sub(r"<[^>]*>", "", render(text))
    line = text.split("\n")[0]
    marked = render(text, [], [Claim(line, 0, len(line), (), "weak")])
    assert re.sub(r"<span class=\"claim-word.*?</span>|<[^>]*>", "", marked) == plain
    assert 'class="claim weak"' in marked


def test_formulas_become_mathml_and_broken_ones_code() -> None:
    assert "<math" in render("So $E = mc^2$ holds.")
    assert "<math" in render(r"So \(a_1\) and \[b^2\] hold.")
    assert "$5 and $10" in render("It costs $5 and $10.")
    assert "<code" in render("$" + "{" * 50 + "x$") or "<math" in render("$" + "{" * 50 + "x$")


def test_code_is_coloured_and_tables_scroll_by_themselves() -> None:
    assert '<span class="k">def</span>' in render("```python\ndef f(): pass\n```")
    assert '<div class="table-scroll"><table>' in render("| a |\n|---:|\n| 1 |")
    assert "style=" not in render("| a |\n|---:|\n| 1 |")


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**结果：**满10年", "<strong>结果：</strong>满10年"),
        ("这是**“重点”**内容。", "这是<strong>“重点”</strong>内容。"),
        ("***全部：***好", "<em><strong>全部：</strong></em>好"),
        ("2 ** 3 和 ** 4", "2 ** 3 和 ** 4"),
        ("中_文_字 and a * b * c", "中_文_字 and a * b * c"),
    ],
)
def test_emphasis_needs_no_spaces_beside_chinese(markdown: str, html: str) -> None:
    assert render(markdown, []).strip() == f"<p>{html}</p>"


def test_chinese_text_and_punctuation_come_through() -> None:
    assert "年假为15天。" in render("年假为15天。[1]", [CITATION])


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("One paragraph", 0),
        ("One.\n\nTwo", 6),
        ("One.\n\n- a\n\n- b", 0),
        ("```\ncode\n\nmore", 0),
        ("```\ncode\n\nmore\n```\n\nAfter", 20),
        ("Text\n\n```\ncode", 6),
        ("1. a\n\n2. b\n\nAfter", 12),
        ("", 0),
    ],
)
def test_what_is_stable_ends_at_a_blank_line_between_plain_blocks(text: str, end: int) -> None:
    assert stable_end(text) == end


def test_a_growing_answer_ends_as_the_whole_one() -> None:
    text = (
        "Intro [1].\n\n- a\n- b\n\n```python\nx = 1\n\ny = 2\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nLast **words**."
    )
    stable = 0
    shown = ""
    for length in range(1, len(text) + 1):
        end = max(stable_end(text[:length]), stable)
        shown += render(text[stable:end], [CITATION])
        stable = end
    assert shown + render(text[stable:], [CITATION]) == render(text, [CITATION])


def test_formulas_that_are_never_closed_are_text() -> None:
    assert "((((" in str(render("\\(" * 50_000))
    assert "<math" in str(render("so \\(a^2\\) is"))

"""Markdown that a model wrote → HTML that may stand on our pages.

A model repeats what documents say, and documents may be hostile. So raw HTML is text, images are not loaded, and an
address can be followed only where a cited quote has it literally: one that a model made up could carry data out.
Whatever the renderers made, their error paths included, goes through nh3 at the very end. The marks of citations and of
unsupported sentences are put in as tokens of our own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

import nh3
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from latex2mathml.converter import convert as to_mathml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from agents.cjk_emphasis import emphasis_rule
from agents.events import Citation, Claim
from agents.invisible import visible

FORMULA_LENGTH = 2_000
CODE_LENGTH = 20_000
BRACKETS = 500
"""Formulas between `\\(` and `\\)`; each that is never closed is looked for to the end of the text."""
# Private-use characters stand for the beginning and end of an unsupported sentence while Markdown is rendered.
UNSUPPORTED, WEAK, UNCITED, END = "\ue000", "\ue001", "\ue002", "\ue003"
KINDS = {UNSUPPORTED: "unsupported", WEAK: "weak", UNCITED: "uncited"}
_OURS = re.compile("[\ue000-\ue003]")
_OUR_PIECES = re.compile("([\ue000-\ue003])")
_MARK = re.compile(r"\[(\d{1,3})\](?![(:])")
_BLOCK_MARKS = re.compile(r"(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)]|#{1,6}|\|)(?=[ \t]|$)|[ \t]*\|)*[ \t]*")
_TAG_OR_TEXT = re.compile(r"<[^>]*>|[^<]+")
_SCHEME = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LOOSE = re.compile(r"[ \t]|[-*+>|][ \t]|\d{1,9}[.)][ \t]|\|")

MATHML = {
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt", "mroot",
    "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose", "mfenced",
    "mmultiscripts", "mprescripts", "none",
}  # fmt: skip
TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s",
    "a", "span", "div", "table", "thead", "tbody", "tr", "th", "td",
} | MATHML  # fmt: skip
_MATH_ATTRIBUTES = {
    "mathvariant", "displaystyle", "stretchy", "fence", "separator", "accent", "columnalign", "rowspacing",
    "columnspacing", "linethickness", "lspace", "rspace", "width", "form", "minsize", "maxsize", "notation",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "class", "title", "aria-label", "data-number"},
    "span": {"class"},
    "div": {"class"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
    "math": {"display", "class"},
    **dict.fromkeys(MATHML - {"math"}, _MATH_ATTRIBUTES),
}


def render(
    markdown: str, citations: Sequence[Citation] = (), claims: Sequence[Claim] = (), *, numbered: bool = True
) -> SafeString:
    """An answer as HTML.

    `[3]` becomes a link to the place that citation 3 names; while an answer is on its way, `numbered` shows marks that
    have no citation yet as plain numbers. Claims that are not supported are underlined and say so in a word.
    """
    text = _OURS.sub("", markdown.replace("\0", ""))
    text = visible(_with_claims(text, claims))
    env: dict[str, Any] = {
        "citations": {citation.number: citation for citation in citations},
        "numbered": numbered,
        "quoted": "\n".join(citation.quote for citation in citations),
    }
    try:
        html = _parser(text.count("\\(") <= BRACKETS).render(text, env)
    except RecursionError:
        html = f"<p>{escape(text)}</p>"
    return mark_safe(_claims_marked(clean(html)))  # noqa: S308 - nh3 has cleaned it, and only our own spans were added


def clean(html: str) -> str:
    """`html` with nothing in it that could run, load or send anything."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow",
        strip_comments=True,
    )


def stable_end(markdown: str) -> int:
    """How much of a growing answer will not change any more: up to the last blank line between plain blocks.

    What stands before it is rendered once while the rest is still being written.
    """
    end = position = 0
    fence = ""
    blank = False
    for line in markdown.splitlines(keepends=True):
        if fence:
            stripped = line.strip()
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                fence = ""
        elif match := _FENCE.match(line):
            if blank:
                end = position
            fence = match[1]
        elif blank and line.strip() and not _LOOSE.match(line):
            end = position
        blank = not line.strip() and not fence
        position += len(line)
    return end


def source_address(version: int, start: int, end: int) -> str:
    """Where the place a citation names can be read."""
    return f"{reverse('kb:source', args=[version])}?start={start}&end={end}#quote"


@cache
def _parser(brackets: bool) -> MarkdownIt:
    """Reads Markdown, and formulas between `\\(` and `\\)` too where `brackets` says so."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 40})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    parser.use(amsmath_plugin)
    if brackets:
        parser.use(texmath_plugin, delimiters="brackets")
    parser.inline.ruler.before("link", "citation", _citation_rule)
    parser.inline.ruler.at("emphasis", emphasis_rule)
    parser.validateLink = _allowed_link  # type: ignore[method-assign]
    for name, rule in RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _allowed_link(url: str) -> bool:
    return bool(_SCHEME.match(url))


def _citation_rule(state: StateInline, silent: bool) -> bool:
    match = _MARK.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    citations, number = state.env.get("citations", {}), int(match[1])
    if number not in citations and not state.env.get("numbered"):
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"number": number}
    state.pos = match.end()
    return True


def _citation(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    number: int = tokens[index].meta["number"]
    citation: Citation | None = env["citations"].get(number)
    shown = f'<span class="bracket">[</span>{number}<span class="bracket">]</span>'
    if citation is None:
        return f'<span class="cite">{shown}</span>'
    label = _("Source %(number)s: %(title)s") % {"number": number, "title": citation.title}
    if citation.page:
        label += ", " + _("page %(page)s") % {"page": citation.page}
    address = source_address(citation.version, citation.start, citation.end)
    return (
        f'<a class="cite" href="{escape(address)}" data-number="{number}" title="{escape(label)}" '
        f'aria-label="{escape(label)}">{shown}</a>'
    )


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    address = str(tokens[index].attrGet("href") or "")
    return f'<a class="outward" href="{escape(address)}">' if _may_be_followed(address, env) else "<span>"


def _may_be_followed(address: str, env: EnvType) -> bool:
    """Whether a cited source has this very address, so that it says nothing the source does not say."""
    return len(address) > len("https://") and address.removeprefix("mailto:") in str(env.get("quoted", ""))


def _link_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Show where a link leads, unless its text says so already."""
    start = next(i for i in range(index - 1, -1, -1) if tokens[i].type == "link_open")
    address = str(tokens[start].attrGet("href") or "")
    text = "".join(token.content for token in tokens[start + 1 : index])
    shown = address if len(address) <= 80 else address[:79] + "…"
    end = "</a>" if _may_be_followed(address, env) else "</span>"
    said = text in (address, address.removeprefix("mailto:"))
    return end if said else f'{end} <span class="address">({escape(shown)})</span>'


def _fence(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    words = token.info.split()
    return f'<pre><code class="code">{_coloured(token.content, words[0] if words else "")}</code></pre>\n'


def _coloured(code: str, language: str) -> str:
    """Code as HTML, coloured where Pygments knows the language."""
    if language and len(code) <= CODE_LENGTH:
        try:
            return str(highlight(code, get_lexer_by_name(language[:40]), HtmlFormatter(nowrap=True)))
        except ClassNotFound:
            pass
    return escape(code)


def _heading(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Headings of an answer stand below the page's own."""
    token = tokens[index]
    tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return f"<{tag}>" if token.nesting == 1 else f"</{tag}>\n"


def _cell(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A table's cell; markdown-it gives the alignment as a style, which our pages forbid."""
    token = tokens[index]
    style = str(token.attrGet("style") or "")
    aligned = style.rpartition(":")[2]
    return f'<{token.tag} class="{aligned}">' if aligned in ("right", "center") else f"<{token.tag}>"


def _table_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return '<div class="table-scroll"><table>\n'


def _table_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return "</table></div>\n"


def _math_inline(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return formula(tokens[index].content)


def _math_block(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return f'<div class="formula">{formula(tokens[index].content, display=True)}</div>\n'


def formula(latex: str, display: bool = False) -> str:
    """A formula as MathML; as code when it cannot be read."""
    latex = _OURS.sub("", latex).strip()
    if len(latex) <= FORMULA_LENGTH:
        try:
            return str(to_mathml(latex, display="block" if display else "inline"))
        except Exception:  # noqa: S110 - the converter raises many kinds for bad input; each means: show it as it is
            pass
    return f'<code class="code">{escape(latex)}</code>'


RULES: Mapping[str, Any] = {
    "citation": _citation,
    "link_open": _link_open,
    "link_close": _link_close,
    "fence": _fence,
    "code_block": _fence,
    "heading_open": _heading,
    "heading_close": _heading,
    "table_open": _table_open,
    "table_close": _table_close,
    "th_open": _cell,
    "td_open": _cell,
    "math_inline": _math_inline,
    "math_single": _math_inline,
    "math_inline_double": _math_block,
    "math_block": _math_block,
    "math_block_label": _math_block,
    "math_block_eqno": _math_block,
    "math_block_end": _math_block,
    "amsmath": _math_block,
}


def _with_claims(text: str, claims: Sequence[Claim]) -> str:
    """The text with our characters around the claims that are not supported, inside marks of lists and headings."""
    for claim in sorted(claims, key=lambda claim: claim.start, reverse=True):
        if claim.support == "supported" or not 0 <= claim.start < claim.end <= len(text):
            continue
        part = text[claim.start : claim.end]
        if "```" in part or "~~~" in part or "$" in part or not part.strip():
            continue
        skipped = _BLOCK_MARKS.match(part)
        start = claim.start + (skipped.end() if skipped and not text[: claim.start].rpartition("\n")[2].strip() else 0)
        end = start + len(text[start : claim.end].rstrip(" \t\n|"))
        if start < end:
            text = f"{text[:start]}{_beginning(claim)}{text[start:end]}{END}{text[end:]}"
    return text


def _beginning(claim: Claim) -> str:
    if claim.reason == "uncited":
        return UNCITED
    return WEAK if claim.support == "weak" else UNSUPPORTED


def _claims_marked(html: str) -> str:
    """Our characters turned into spans around each stretch of text between them, so that no tag is ever crossed."""
    if not _OURS.search(html):
        return html
    out: list[str] = []
    kind = ""
    in_mark = False  # a citation's number is part of no sentence
    for match in _TAG_OR_TEXT.finditer(html):
        part = match[0]
        if part.startswith("<"):
            in_mark = part.startswith('<a class="cite"') or (in_mark and part != "</a>")
            out.append(_OURS.sub("", part))
            continue
        for piece in _OUR_PIECES.split(part):
            if piece in KINDS:
                kind = KINDS[piece]
            elif piece == END:
                out.append(f'<span class="claim-word {kind}">{escape(_word(kind))}</span>' if kind else "")
                kind = ""
            elif kind and piece.strip() and not in_mark:
                out.append(f'<span class="claim {kind}">{piece}</span>')
            else:
                out.append(piece)
    return "".join(out)


def _word(kind: str) -> str:
    return {
        "weak": _("only partly in the source"),
        "uncited": _("no source named"),
    }.get(kind, _("not in the source"))

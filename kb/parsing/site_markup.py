"""Markdown without what only a site generator understands: tags of Liquid, Jinja and the like, and embedded images.

They would stand in the middle of quotes. A link that a tag makes keeps its words, an image its description, and a tag
within a sentence what it names (`{% channel "help-desk" %}` becomes help-desk). Code is left alone.
"""

from __future__ import annotations

import re

# Nothing is looked for over any distance, so that what is never closed costs no more than other text.
_TAG = r"\{%[^\n%]{0,400}%\}|\{\{[^\n{}]{0,200}\}\}"
_MARKUP = re.compile(
    rf"""(?P<code>^[ ]{{0,12}}(?P<fence>```|~~~)[\s\S]*?(?:^[ ]{{0,12}}(?P=fence)|\Z)
           |(?<!`)(?P<ticks>`{{1,3}})(?!`)[^\n]{{1,300}}?(?<!`)(?P=ticks)(?!`))
    |(?P<comment>\{{%-?[ ]*comment\b[^\n%]{{0,100}}%\}}(?:(?!\{{%-?[ ]*comment\b)[\s\S]){{0,4000}}?
        \{{%-?[ ]*endcomment[ ]*-?%\}})
    |!\[(?P<image>[^\[\]\n]{{0,300}})\](?:\((?:{_TAG}|[^()\n]){{1,600}}\)|\[[^\]\n]{{0,100}}\])
    |(?<!!)\[(?P<link>[^\[\]\n]{{1,300}})\]\((?P<target>[^()\n{{]{{0,200}}(?:{_TAG})[^()\n]{{0,200}})\)
    |^(?P<alone>[ \t>]*(?:{_TAG})(?:[ \t]*(?:{_TAG})){{0,20}}[ \t]*)$
    |(?P<tag>{_TAG})""",
    re.VERBOSE | re.MULTILINE,
)
_ARGUMENT = re.compile(r"[\"']([^\"'\n]{1,200})[\"']")
_ADDRESS = re.compile(r"[\"'](https?://[^\"'\s]{1,300})[\"']")
_PATH = re.compile(r"/|\.\w{2,4}$")


def without_site_markup(text: str) -> str:
    """The text as its readers see it; one without such marks comes back as it is."""
    return _MARKUP.sub(_seen, text) if "{%" in text or "{{" in text or "![" in text else text


def _seen(found: re.Match[str]) -> str:
    if found["code"]:
        return found[0]
    if found["image"] is not None:
        return found["image"]
    if found["link"] is not None:
        address = _ADDRESS.search(found["target"])
        return f"[{found['link']}]({address[1]})" if address else found["link"]
    if found["tag"] and (named := _ARGUMENT.search(found["tag"])) and not _PATH.search(named[1]):
        return named[1]
    return ""

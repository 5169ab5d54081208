from __future__ import annotations

from kb.parsing.html import declared_charset
from tests.kb.parsing.conftest import Reader, shapes


def test_a_page_is_read_as_it_is_seen(parsed: Reader) -> None:
    document = parsed("page.html")
    assert document.title == "Travel & expenses"
    assert shapes(document) == [
        ("heading", "Travel"),
        ("paragraph", "Book early,\nbook online."),
        ("heading", "Limits"),
        ("list_item", "- Hotel: 150"),
        ("list_item", "- with breakfast"),
        ("list_item", "- Train: first class"),
        ("paragraph", "Limits by city"),
        ("row", "City\tLimit"),
        ("row", "Berlin\t\tx"),
        ("row", "Rome\t120"),
        ("code", "code  keeps\n  its spaces"),
        ("paragraph", "Last paragraph"),
        ("paragraph", "Imprint"),
    ]
    assert [block.level for block in document.blocks if block.kind == "list_item"] == [0, 1, 0]
    assert {block.header for block in document.blocks if block.kind == "row"} == {"", "City\tLimit"}


def test_declared_charset(parsed: Reader) -> None:
    document = parsed("gb2312.html")
    assert document.title == "通知"
    assert "国庆节放假七天 — 请相互转告。" in document.text
    assert declared_charset(b'<?xml version="1.0" encoding="big5"?><html>') == "big5"
    assert declared_charset(b"<html>") == ""


def test_deep_nesting_does_not_exhaust_the_stack(parsed: Reader) -> None:
    html = "<html><body>" + "<div><span>" * 30_000 + "bottom" + "</span></div>" * 30_000
    assert parsed("deep.html", html).text.strip() == "bottom"


def test_hidden_parts_end_where_they_end(parsed: Reader) -> None:
    html = "<html><body><div hidden><p>no<div>no</div></section></div>yes<script>no</script> and yes</body></html>"
    assert parsed("a.html", html).text.strip() == "yes and yes"


def test_broken_markup_loses_no_text(parsed: Reader) -> None:
    html = "<html><body></table></ul></pre><td>cell</td><li>item</p><table><tr><td>a<table><tr><td>b<td>c</table>d"
    text = parsed("a.html", html).text
    assert all(word in text for word in ("cell", "item", "a", "b\tc"))


def test_table_for_layout_is_text(parsed: Reader) -> None:
    html = "<html><table><tr><td>One<br><br>Two</td></tr></table>"
    assert shapes(parsed("a.html", html)) == [("paragraph", "One"), ("paragraph", "Two")]

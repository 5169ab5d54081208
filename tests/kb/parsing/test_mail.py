from __future__ import annotations

from email.message import EmailMessage

import pytest

from kb.parsing import ParseError, ParseLimits
from tests.kb.parsing.conftest import Reader


def test_mail_with_attachments(parsed: Reader) -> None:
    document = parsed("attachments.eml")
    assert document.title == "关于会议室"
    assert document.pages[0].text.startswith("From: 王伟 <wang@example.com>\nTo: Li Na <li@example.com>\nDate: ")
    assert "请于周五前预订会议室。" in document.pages[0].text
    assert "HTML" not in document.text
    assert [page.label for page in document.pages] == ["", "费用.csv", "Inner mail"]
    assert "差旅,1200" in document.pages[1].text
    assert "The forwarded text." in document.pages[2].text
    assert len(document.warnings) == 1
    assert "tool.exe" in document.warnings[0]


def test_blocks_of_attachments_lie_in_their_pages(parsed: Reader) -> None:
    document = parsed("attachments.eml")
    rows = [document.text[block.start : block.end] for block in document.blocks if block.kind == "row"]
    assert rows == ["项目,金额", "差旅,1200"]


def test_a_mail_that_is_nothing_but_a_file_is_read_as_that_file(parsed: Reader) -> None:
    data = b'Subject: Scan\nContent-Type: text/csv; name="fees.csv"\nContent-Disposition: attachment\n\n'
    data += b"fee,amount\nvisa,120\n"
    document = parsed("a.eml", data)
    assert [(page.label, "visa,120" in page.text) for page in document.pages] == [("", False), ("fees.csv", True)]


def test_html_body_is_read_where_there_is_no_text(parsed: Reader) -> None:
    message = EmailMessage()
    message["Subject"] = "Only HTML"
    message.set_content("<html><head><title>Ignored</title></head><p>Visible</p><script>no</script>", subtype="html")
    document = parsed("a.eml", bytes(message))
    assert document.title == "Only HTML"
    assert "Visible" in document.text
    assert "no" not in document.text.split()


def nested(depth: int) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"level {depth}"
    message.set_content("body")
    if depth:
        message.add_attachment(nested(depth - 1))
    return message


def test_mails_in_mails_end_at_the_limit(parsed: Reader) -> None:
    document = parsed("a.eml", bytes(nested(6)), ParseLimits(archive_depth=3))
    assert "level 4" in document.text
    assert "level 3" not in document.text
    assert "too deep" in document.warnings[0]


def test_mail_files_attached_to_mails_end_at_the_limit(parsed: Reader) -> None:
    message = EmailMessage()
    message["Subject"] = "outer"
    message.set_content("body")
    message.add_attachment(bytes(nested(0)), maintype="application", subtype="octet-stream", filename="in.eml")
    assert "level 0" in parsed("a.eml", bytes(message)).text
    assert "level 0" not in parsed("a.eml", bytes(message), ParseLimits(archive_depth=1)).text


def test_too_many_attachments(parsed: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.parsing.mail.MAXIMUM_ATTACHMENTS", 1)
    assert "first 1 attachments" in parsed("attachments.eml").warnings[-1]


@pytest.mark.parametrize(
    "data",
    [
        b"From: a@example.com\nSubject: =?no-such-charset?B?4pyT?=\nContent-Type: text/plain; charset=none\n\nhello",
        b"From: a@example.com\nSubject: \xff\xfe\nContent-Type: multipart/mixed\n\nhello",
        b"From: a@example.com\nTo: <<<>>>,,\nDate: x\nContent-Transfer-Encoding: base64\n\nhello===",
        b'From: a@b\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n'
        + b"Content-Type: multipart/mixed\n\n" * 50
        + b"hello",
    ],
)
def test_malformed_mails_are_read(parsed: Reader, data: bytes) -> None:
    assert "a@" in parsed("a.eml", data).text


def test_empty_mail(parsed: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        parsed("a.eml", "X-Nothing: 1\n\n")
    assert caught.value.code == "empty"

"""Mails and chats: who wrote it, replies told with what they answer, and earlier mails where later ones say nothing."""

from llm.local.messages import introduced, sender
from tests.llm.local.handbook import answered

CHAT = {
    "document": 1, "title": "ops", "section": "",
    "text": "2026-01-05 08:00 Ines Duarte: The old gateway will be switched off this spring.\n\n"
            "2026-01-05 08:05 Tom Becker: Does the gateway still accept basic signatures?\n\n"
            "2026-01-05 08:07 Ines Duarte: Yes, until 31 March. Then only tokens.\n\n"
            "2026-01-05 08:20 Tom Becker: The gateway needs somebody at the site on 2 April.\n\n"
            "2026-01-05 08:21 Ines Duarte: Who goes?\n\n"
            "2026-01-05 08:22 Omar Haddad: I do, with Lena.",
}  # fmt: skip
MAIL = {
    "document": 2, "title": "Re: Stand at the fair", "section": "",
    "text": "From: Marta Holm <marta@works.example>\nTo: fair@works.example\nDate: Thu, 12 Feb 2026 16:20:00 +0100\n"
            "Subject: Re: Stand at the fair\n\nHi all,\n\nthanks, that works. I have ordered a coffee machine.\n\n"
            "On Wed, 11 Feb 2026 at 11:02, Jonas Pohl wrote:\n> The builder confirmed that our stand is in Hall 3.\n",
}  # fmt: skip
MAIL_ZH = {
    "document": 3, "title": "转发：搬迁", "section": "",
    "text": "发件人: 卢伟 <luwei@works.example>\n日期: 2026年3月16日\n主题: 转发：搬迁\n\n请大家周五前装箱贴标签。\n\n"
            "-----原始邮件-----\n发件人: 曾敏\n主题: 搬迁\n\n研发部搬到5号楼三层，恒温箱不要自行移动。",
}  # fmt: skip


def reply(question: str, *passages: dict[str, object]) -> str:
    return answered(question, passages)


def test_a_short_reply_is_told_with_its_question_and_to_its_end() -> None:
    asked, told = reply("Until when are basic signatures accepted by the gateway?", CHAT).splitlines()[:2]
    assert asked.startswith("- Tom Becker (2026-01-05 08:05): Does the gateway still accept basic signatures?")
    assert told.startswith("- Ines Duarte (2026-01-05 08:07): Yes, until 31 March. [1]")
    assert "Then only tokens." in told


def test_what_was_asked_next_of_the_same_kind_is_told_too() -> None:
    assert "Omar Haddad (2026-01-05 08:22): I do, with Lena." in reply("Who will be at the site on 2 April?", CHAT)


def test_an_earlier_mail_answers_what_the_later_ones_do_not_speak_of() -> None:
    assert "Hall 3" in reply("In which hall is our stand at the fair?", MAIL)


def test_mails_say_who_wrote_them_where_that_is_asked() -> None:
    assert "Jonas Pohl: The builder confirmed" in reply("Who wrote that the builder confirmed the stand?", MAIL)
    assert "Jonas Pohl" not in reply("In which hall is our stand at the fair?", MAIL)
    assert reply("谁通知大家装箱贴标签？", MAIL_ZH).startswith("卢伟：请大家周五前装箱贴标签。")
    assert reply("谁说恒温箱不要自行移动？", MAIL_ZH).startswith("曾敏：")


def test_names_of_writers_are_read_from_what_stands_over_mails() -> None:
    assert introduced("On Wed, 11 Feb 2026 at 11:02, Jonas Pohl <j@works.example> wrote:").name == "Jonas Pohl"  # type: ignore[union-attr]
    assert introduced("2026年3月13日 17:40，曾敏 <z@works.example> 写道：").name == "曾敏"  # type: ignore[union-attr]
    assert introduced("曾敏 于2026年3月13日周五 17:40写道：").name == "曾敏"  # type: ignore[union-attr]
    assert introduced("-----Original Message-----") is None
    assert sender('"Holm, Marta" <marta@works.example>').name == "Holm, Marta"
    assert sender("<marta@works.example>").name == "marta@works.example"


def test_a_reply_is_told_from_the_beginning_of_its_message_and_makes_a_whole_answer() -> None:
    text = (
        "2026-03-12 10:05 Jo: Does the thermostat work without wifi?\n\n"
        "2026-03-12 10:06 Cal: Yes. Only the app needs wifi.\n\n"
        "2026-03-12 10:08 Jo: How long do the batteries last?\n\n"
        "2026-03-12 10:09 Cal: Around 18 months. It warns you four weeks before they are empty."
    )
    told = reply("How long do thermostat batteries last?", {"document": 1, "title": "chat", "text": text})
    assert "How long do the batteries last?" in told
    assert "Cal (2026-03-12 10:09): Around 18 months." in told
    assert "wifi" not in told

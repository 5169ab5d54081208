"""The chat as people use it."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from accounts.models import Person
from agents.models import Conversation, Feedback, Run
from kb.access import acting_as_system
from kb.ingest import work_next
from kb.models import Document, Passage
from tests.browser.conftest import OpenPage
from tests.llm.scripted import ScriptedServer, error, hold, reasoning, text, tool_calls, wait

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Library = dict[str, Document]
ANSWER = "Staff are entitled to 15 days of annual leave a year [1]. Up to 5 unused days carry over [1]."
SLOW = text("Staff are entitled ", pieces=1) + wait(1.0) + text("to 15 days of annual leave a year [1].", pieces=2)


def ask(page: Page, question: str = "How many days of annual leave?") -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def done(page: Page) -> None:
    expect(page.locator(".turn").last).not_to_have_attribute("aria-busy", "true")


def test_a_question_is_answered_and_its_source_opened(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text(ANSWER))
    page = open_page(alice)
    ask(page)
    done(page)
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    expect(page.locator(".how")).to_contain_text("Fast")
    expect(page.locator(".answer")).to_contain_text("15 days of annual leave")
    expect(page.locator(".steps")).not_to_have_attribute("open", "")
    expect(page.get_by_label("Your question")).to_have_value("")
    expect(page.locator("#conversations")).to_contain_text("How many days of annual leave?")

    mark = page.locator("a.cite").first
    mark.click()
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="Leave policy")).to_be_visible()
    expect(panel.locator("mark").first).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()


def test_sources_are_walked_through_by_key(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text(ANSWER))
    page = open_page(alice)
    ask(page)
    done(page)
    cards = page.locator(".cards a.source")  # two quotes of one place: their numbers on its card
    expect(cards).to_have_count(2)
    page.locator("h2.question").click()
    page.keyboard.press("]")
    expect(cards.nth(0)).to_have_attribute("aria-current", "true")
    expect(page.locator("#panel mark").first).to_be_visible()
    page.keyboard.press("]")
    expect(cards.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("[")
    expect(cards.nth(0)).to_have_attribute("aria-current", "true")


def test_reload_and_second_tab_in_mid_answer_show_the_same_text_once(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(SLOW)
    page = open_page(alice)
    ask(page)
    expect(page.locator(".answer")).to_contain_text("Staff are entitled")
    second = page.context.new_page()
    second.goto(page.url)
    page.reload()
    for tab in (page, second):
        done(tab)
        expect(tab.locator(".answer")).to_have_text(
            re.compile(r"^\s*Staff are entitled to 15 days of annual leave a year \[1\]\.\s*$")
        )
        expect(tab.locator(".turn")).to_have_count(1)


def test_a_connection_that_breaks_is_taken_up_again(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(SLOW)
    page = open_page(alice)
    ask(page)
    expect(page.locator(".answer")).to_contain_text("Staff are entitled")
    page.context.set_offline(True)
    page.context.set_offline(False)
    page.evaluate("streams.forEach(({source}) => { source.close(); source.onerror(); })")
    done(page)
    expect(page.locator(".answer")).to_have_text(
        re.compile(r"^\s*Staff are entitled to 15 days of annual leave a year \[1\]\.\s*$")
    )


def test_escape_stops_the_answer_and_keeps_what_there_is(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("The beginning of it", pieces=1) + hold())
    page = open_page(alice)
    ask(page)
    expect(page.locator(".answer")).to_contain_text("The beginning")
    expect(page.get_by_role("button", name="Stop the answer")).to_be_visible()
    page.keyboard.press("Escape")
    done(page)
    expect(page.locator(".how")).to_contain_text("Stopped")
    expect(page.locator(".answer")).to_contain_text("The beginning")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_thinking_shows_its_steps_as_they_happen(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(
        reasoning("First I look.") + tool_calls(("search_knowledge", {"query": "carry over"})),
        reasoning("Now I know.") + wait(1.0) + text(ANSWER),
    )
    page = open_page(alice)
    page.get_by_role("radio", name="Thinking").check()
    ask(page)
    expect(page.locator(".steps")).to_have_attribute("open", "")
    expect(page.locator(".step", has_text="carry over")).to_contain_text("found")
    done(page)
    expect(page.locator(".how")).to_contain_text("Thinking")
    expect(page.locator(".steps")).not_to_have_attribute("open", "")


def test_a_failure_is_told_and_asking_again_helps(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(error(401, "InvalidApiKey", "Incorrect API key provided"))
    page = open_page(alice)
    ask(page)
    expect(page.get_by_role("alert").locator("p")).to_be_visible()
    scripted.enqueue(text(ANSWER))
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".turn .answer").last).to_contain_text("15 days")
    expect(page.locator(".turn")).to_have_count(1)


def test_a_hostile_answer_does_nothing(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(
        text(
            "<img src=x onerror=\"document.title='owned'\"> ![p](https://evil.example/p.png)\n\n"
            "[go](javascript:document.title='owned')\n\n<script>document.title='owned'</script>\n\nEnd of it.",
            pieces=40,
        )
    )
    page = open_page(alice)
    ask(page)
    done(page)
    expect(page.locator(".answer")).to_contain_text("End of it.")
    assert page.locator(".answer img, .answer script, .answer a[href^=javascript]").count() == 0
    assert "owned" not in page.title()


def test_the_keyboard_reaches_everything(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    page = open_page(alice)
    page.locator("h1").first.evaluate("element => document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("body").evaluate("body => document.activeElement.blur()")
    page.keyboard.press("/")
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    box.press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    box.press_sequentially("two ?/n")
    expect(box).to_have_value("one\ntwo ?/n")
    assert not Run.objects.exists()


def test_the_question_box_grows_to_eight_lines(alice: Person, library: Library, open_page: OpenPage) -> None:
    page = open_page(alice)
    box = page.get_by_label("Your question")
    heights = []
    for lines in (1, 4, 8, 20):
        box.fill("\n".join(["line"] * lines))
        heights.append(box.bounding_box()["height"])  # type: ignore[index]
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_a_sample_question_is_asked_by_a_click(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    with acting_as_system():
        Passage.objects.filter(document=library["leave"]).update(heading_path=["Leave policy", "Carried days"])
    scripted.enqueue(text(ANSWER))
    page = open_page(alice)
    page.get_by_role("button", name="What does “Leave policy” say under “Carried days”?").click()
    done(page)
    expect(page.locator("h2.question")).to_contain_text("Carried days")
    expect(page.locator(".start")).to_have_count(0)


def test_feedback_and_deeper_thought(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text(ANSWER))
    page = open_page(alice)
    ask(page)
    done(page)
    page.get_by_role("button", name="This helped").click()
    expect(page.get_by_role("button", name="This helped")).to_have_attribute("aria-pressed", "true")
    assert Feedback.objects.get().helped
    scripted.enqueue(text("Thought over: 15 days [1]."))
    page.get_by_role("button", name="Think deeper").click()
    expect(page.locator(".turn > [data-part=answer]")).to_contain_text("Thought over")
    done(page)
    page.get_by_role("button", name="Previous answer").press("Enter")
    expect(page.locator(".turn > [data-part=answer]")).to_contain_text("15 days of annual leave a year")
    expect(page.locator(".switch")).to_contain_text("1/2")
    expect(page.get_by_role("button", name="Previous answer")).to_be_focused()
    assert Conversation.objects.count() == 1


def test_a_question_is_edited_by_key_and_the_old_one_is_reached_again(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.otherwise = text(ANSWER)
    page = open_page(alice, width=390)
    ask(page)
    done(page)
    ask(page, "Do they carry over?")
    expect(page.locator("#question")).to_have_value("")
    done(page)
    edit = page.locator(".edit").first
    edit.locator("summary").press("Enter")
    field = edit.get_by_label("New wording")
    expect(field).to_be_focused()
    field.fill("Something else")
    page.keyboard.press("Escape")
    expect(edit.locator("summary")).to_be_focused()
    expect(field).to_have_value("How many days of annual leave?")
    edit.locator("summary").press("Enter")
    expect(field).to_be_focused()
    field.fill("How many days in a year?")
    page.keyboard.press("Enter")
    done(page)
    expect(page.locator("h2.question")).to_have_text(["How many days in a year?"])
    page.get_by_role("button", name="Previous question").click()
    expect(page.locator("h2.question")).to_have_text(["How many days of annual leave?", "Do they carry over?"])
    ask(page, "And by when?")
    expect(page.locator("h2.question")).to_have_count(3)
    done(page)
    page.reload()
    expect(page.locator("h2.question")).to_have_count(3)


def test_a_file_is_attached_read_and_cited(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("The offer costs 4,711 euros a month [1]."))
    page = open_page(alice, width=390)

    def arriving(route: Route) -> None:
        expect(page.get_by_text("Sending the files")).to_be_visible()
        route.continue_()

    offer = FilePayload(name="offer.md", mimeType="text/markdown", buffer=b"The offer costs 4,711 euros a month.")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    page.route("**/attach/", arriving)
    chooser.value.set_files([offer])
    expect(page.locator(".attached-file")).to_contain_text("waiting")
    expect(page.get_by_text("Sending the files")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)
    ask(page, "What does the offer cost?")
    expect(page.locator(".how")).to_contain_text("Reading the attached files")
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    while work_next():
        pass
    expect(page.locator(".how").first).to_contain_text("Fast")
    expect(page.locator(".attached-file")).not_to_contain_text("waiting")
    page.locator("a.cite").first.click()
    expect(page.locator("#panel mark").first).to_contain_text("4,711 euros")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove offer.md").click()
    expect(page.locator(".attached-file")).to_have_count(0)


def test_a_branch_that_is_left_is_followed_no_longer(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("The beginning of it", pieces=1) + hold())
    page = open_page(alice)
    ask(page)
    expect(page.locator(".answer")).to_contain_text("The beginning")
    scripted.enqueue(text(ANSWER))
    page.locator(".edit summary").click()
    page.locator(".edit textarea").fill("How many days?")
    page.locator(".edit").get_by_role("button", name="Ask").click()
    expect(page.locator("h2.question")).to_have_text(["How many days?"])
    done(page)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert page.evaluate("streams.size") == 0


def test_everything_works_without_scripts(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text(ANSWER))
    page = open_page(None, "/sign-in/", java_script_enabled=False)
    page.get_by_label("User name or e-mail").fill("alice")
    page.get_by_label("Password").fill("a good password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Your question").fill("How many days?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer")).to_contain_text("15 days of annual leave", timeout=20_000)
    page.locator("a.cite").first.click()
    expect(page.locator("mark").first).to_be_in_viewport()
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("table")).to_contain_text("Leave policy")


def test_whole_sentences_are_announced(
    alice: Person, library: Library, scripted: ScriptedServer, open_page: OpenPage
) -> None:
    scripted.enqueue(text("The first sentence stands. The second ends here.", pieces=12))
    page = open_page(alice)
    page.evaluate(
        "() => { window.said = []; new MutationObserver(() => said.push(announcer.textContent))"
        ".observe(announcer, {childList: true, characterData: true, subtree: true}) }"
    )
    ask(page)
    done(page)
    said = page.evaluate("said.join('|')")
    assert "The first sentence stands." in said
    assert "The answer is complete." in said
    assert "|The fir|" not in said

"""Claims that only their wording leaves doubtful: by meaning, or by one call of the Instruct model."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from agents.events import Checked, Claim, Finished
from agents.second_look import in_other_words, is_doubtful, read, stands_out
from tests.agents.conftest import Asker
from tests.llm.scripted import Request, Script, ScriptedServer, completion, error, text

QUESTION = "When are expense reports handed in?"
SAID = "Expense reports have to be handed in after the trip"


def model(second: Script) -> Callable[[Request], Script]:
    """Cites the Chinese passage in English; `second` answers the call that looks again."""

    def answer(request: Request) -> Script:
        content = request.body["messages"][-1]["content"]
        if "<pairs>" in content:
            return second
        sources = [json.loads(line) for line in content.splitlines() if line.startswith('{"source"')]
        number = next(one["source"] for one in sources if "报销单" in one["text"])
        return text(f"{SAID} [{number}].")

    return answer


def checked_of(ask: Asker) -> tuple[Claim, Checked, Finished]:
    events = ask(QUESTION, mode="fast")
    (checked,) = (event for event in events if isinstance(event, Checked))
    last = events[-1]
    assert isinstance(last, Finished)
    return checked.claims[0], checked, last


@pytest.fixture
def looked_at(settings: object) -> None:
    settings.SECOND_LOOK = "model"  # type: ignore[attr-defined]


def second_looks(scripted: ScriptedServer) -> list[Request]:
    return [one for one in scripted.requests if "<pairs>" in str(one.body.get("messages", ""))]


@pytest.mark.usefixtures("looked_at")
def test_what_the_quote_says_in_another_language_is_supported(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = model(completion('```json\n{"rows": [{"pair": 1, "supported": "yes"}]}\n```'))

    claim, checked, _ = checked_of(ask)

    assert (claim.support, claim.reason, checked.verdict) == ("supported", "", "good")
    (request,) = second_looks(scripted)
    assert not request.body["stream"]
    assert "报销单须在返回后30天内提交" in request.body["messages"][-1]["content"]
    assert request.body["max_tokens"] < 200


@pytest.mark.usefixtures("looked_at")
def test_what_the_quote_does_not_say_is_marked(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = model(completion('{"rows": [{"pair": 1, "supported": "no"}]}'))

    claim, checked, _ = checked_of(ask)

    assert (claim.support, claim.reason, checked.verdict) == ("unsupported", "terms", "unsupported")


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize(
    "second",
    [
        completion("Sure, it looks fine."),
        completion('{"rows": [{"pair": 7, "supported": "yes"}]}'),
        completion('{"rows": [{"pair": 1, "supported": "certainly"}]}'),
        error(400, "InvalidParameter", "No."),
    ],
)
def test_a_reply_that_cannot_be_used_changes_nothing(second: Script, ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = model(second)

    claim, _, _ = checked_of(ask)

    assert (claim.support, claim.reason) == ("weak", "terms")
    assert len(second_looks(scripted)) == 1


def test_it_can_be_switched_off(ask: Asker, scripted: ScriptedServer, settings: object) -> None:
    settings.SECOND_LOOK = "off"  # type: ignore[attr-defined]
    scripted.otherwise = model(completion('{"rows": [{"pair": 1, "supported": "yes"}]}'))

    claim, _, _ = checked_of(ask)

    assert claim.support == "weak"
    assert not second_looks(scripted)


def test_facts_are_not_looked_at_again() -> None:
    def claim(support: str, reason: str, *citations: int) -> Claim:
        return Claim("x", 0, 1, citations, support, reason)  # type: ignore[arg-type]

    assert is_doubtful(claim("weak", "terms", 1))
    assert is_doubtful(claim("unsupported", "terms", 1))
    assert not is_doubtful(claim("unsupported", "number", 1))
    assert not is_doubtful(claim("unsupported", "negation", 1))
    assert not is_doubtful(claim("weak", "terms"))


def test_only_the_first_row_of_a_pair_counts() -> None:
    rows = '{"rows": [{"pair": 1, "supported": "no"}, {"pair": 1, "supported": "yes"}, 3, {"pair": 0}]}'

    assert dict(read(rows, 2)) == {0: "no"}


def test_a_quote_stands_out_from_what_is_not_cited() -> None:
    others = np.eye(6, dtype=np.float32)[1:]
    claim = np.array([0.8, 0.1, 0.1, 0.2, 0.1, 0.1], dtype=np.float32)

    assert stands_out(claim, np.eye(6, dtype=np.float32)[0], others)
    assert not stands_out(claim, np.eye(6, dtype=np.float32)[1], others)


def test_nearness_alone_supports_no_denial_and_no_paraphrase() -> None:
    assert in_other_words("Opened goods cannot be returned.", "已拆封的商品不得退货。")
    assert not in_other_words("Opened goods can be returned.", "已拆封的商品不得退货。")
    assert not in_other_words("Data may leave the site without approval.", "未经批准，数据不得带离现场。")
    assert not in_other_words("Goods may be sent back.", "Products can be returned.")

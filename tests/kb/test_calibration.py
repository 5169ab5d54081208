"""An embedding model is measured by what it finds, so that fusion can weigh it."""

import numpy as np
import pytest
from django.conf import settings

from accounts.models import Person
from kb import calibration, embedding
from kb.calibration import calibrate_if_due, reliability, script_of
from kb.fusion import Reliability, worth_of_deviation
from kb.generations import active_generation
from kb.models import Collection
from kb.search import search_as
from llm.clients import EmbeddingModel
from llm.errors import ModelError
from llm.profiles import ModelServers
from tests.kb.shelves import shelve

pytestmark = pytest.mark.django_db

SUBJECTS = ("hotel", "train", "salary", "holiday", "laptop", "printer", "badge", "canteen", "parking", "insurance")
CHINESE = ("酒店", "火车", "工资", "年假", "电脑", "打印机", "工牌", "食堂", "停车", "保险")


@pytest.fixture
def library(handbook: Collection, model_server: ModelServers) -> Collection:
    for subject, chinese in zip(SUBJECTS, CHINESE, strict=True):
        shelve(
            handbook,
            subject,
            f"Requests for a {subject} reach desk {subject}one on some floor before noon. "
            f"Desk {subject}one answers about each {subject} by telephone or by letter.",
            f"每个{chinese}都要向管理部门提前申请。管理部门在两天之内答复{chinese}申请。",
            vectors=True,
        )
    return handbook


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("How many days?", "spaced"),
        ("年假有几天？", "cjk"),
        ("HR-2024 年假规定", "cjk"),
        ("", "spaced"),
        ("休暇は何日", "cjk"),
    ],
)
def test_how_a_question_is_written(text: str, script: str) -> None:
    assert script_of(text) == script


def test_both_scripts_are_measured(library: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "FEWEST_PASSAGES", 10)
    assert reliability(active_generation(), "Who?") == Reliability()
    assert calibrate_if_due()
    generation = active_generation()
    assert generation is not None
    assert generation.calibration["passages"] == 20
    for question in ("Who pays?", "谁付？"):
        measured = reliability(generation, question)
        assert measured.samples == 10
        assert 0 < measured.dense <= 1
        assert 0 < measured.lexical <= 1
    assert not calibrate_if_due()


def test_a_model_that_finds_nothing_weighs_little(
    library: Collection, monkeypatch: pytest.MonkeyPatch, alice: Person
) -> None:
    """Whoever embeds by the text's length alone is soon left to the words."""

    class Blind(EmbeddingModel):
        def embed(self, texts, kind):  # type: ignore[no-untyped-def]
            found = np.zeros((len(texts), 256), dtype=np.float32)
            for row, text in zip(found, texts, strict=True):
                row[len(text) % 7 + 240] = 1
            return found

    monkeypatch.setattr(calibration, "FEWEST_PASSAGES", 10)
    monkeypatch.setattr(embedding, "model", lambda servers=None: Blind(settings.MODEL_SERVERS))
    assert calibrate_if_due()
    measured = reliability(active_generation(), "Who pays?")
    assert worth_of_deviation(measured) < worth_of_deviation(Reliability()) / 2


def test_small_libraries_are_not_measured(library: Collection) -> None:
    assert not calibrate_if_due()


def test_without_a_model_nothing_is_measured() -> None:
    assert not calibrate_if_due()


def test_an_embedding_server_that_is_away_is_asked_again_later(
    library: Collection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, alice: Person
) -> None:
    def away(*args: object) -> None:
        raise ModelError("connection", "nobody answers")

    monkeypatch.setattr(calibration, "FEWEST_PASSAGES", 10)
    monkeypatch.setattr(EmbeddingModel, "embed", away)
    assert not calibrate_if_due()
    assert "could not be measured" in caplog.text
    assert search_as(alice, "hotel desk", method="lexical")

"""A wrong value stops the start with a sentence that names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import envbool, envchoice, envint, envlist, envtext

ROOT = Path(__file__).resolve().parent.parent.parent


def test_words_become_values() -> None:
    env = {"A": " yes ", "B": "12", "C": "x, y ,", "D": "no", "E": " text "}
    assert envbool("A", False, env) is True
    assert envbool("D", True, env) is False
    assert envbool("MISSING", True, env) is True
    assert envint("B", 1, 0, 20, env) == 12
    assert envint("MISSING", 1, 0, 20, env) == 1
    assert envlist("C", env=env) == ["x", "y"]
    assert envtext("E", env=env) == "text"
    assert envchoice("MISSING", "en", ("en", "zh"), env) == "en"


@pytest.mark.parametrize("text", ["", "abc", "-1", "21", "1.5"])
def test_a_number_outside_its_range_is_refused(text: str) -> None:
    if not text:
        assert envint("N", 5, 0, 20, {"N": text}) == 5
        return
    with pytest.raises(ImproperlyConfigured, match=r"N is .* from 0 to 20"):
        envint("N", 5, 0, 20, {"N": text})


def test_other_words_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG is 'maybe'"):
        envbool("DEBUG", False, {"DEBUG": "maybe"})
    with pytest.raises(ImproperlyConfigured, match="one of: en, zh"):
        envchoice("L", "en", ("en", "zh"), {"L": "fr"})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        ({"DATABASE_URL": "mysql://root@localhost/x"}, "DATABASE_URL must name a PostgreSQL server"),
        ({"CELERY_BROKER_URL": "kafka://x"}, "CELERY_BROKER_URL must start with"),
        ({"STORAGE_URL": "ftp://x"}, "STORAGE_URL must start with"),
        ({"PORT": "http"}, "PORT is 'http'"),
        ({"MODEL_PROFILE": "nonsense"}, "MODEL_PROFILE"),
    ],
)
def test_the_start_stops_with_a_sentence(variables: dict[str, str], sentence: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **variables}
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert sentence in done.stderr.strip().split("\n")[-1]


def test_the_secret_key_is_made_once_and_kept(tmp_path: Path) -> None:
    program = "import config.settings as s; print(s.SECRET_KEY)"
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0

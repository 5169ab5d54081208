"""Promises of the whole: which part may import which, that settings are documented, that locks are complete."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each part may import itself and the parts before it.
ORDER = ["llm", "accounts", "kb", "agents", "config"]
# Inside an app: pure files know no doors, doors are thin and nobody imports them but the wiring.
DOORS = {
    "views",
    "api",
    "document_api",
    "search_api",
    "table_api",
    "document_views",
    "overview_views",
    "tool_server_views",
    "tool_server_api",
    "me_api",
    "feedback_views",
    "export_views",
    "share_views",
    "share_api",
    "answer_schemas",
    "audit_views",
    "audit_api",
    "branch_views",
    "attachment_views",
    "attachment_api",
    "unanswered_views",
    "unanswered_api",
    "source_api",
    "evaluation_api",
    "embedding_api",
    "openai_api",
    "mcp",
    "urls",
    "admin",
    "forms",
    "management",
}


def modules(part: str) -> list[Path]:
    return [path for path in (ROOT / part).rglob("*.py") if "migrations" not in path.parts]


def imported(path: Path) -> set[str]:
    """Full dotted names of what a file imports, wherever in the file it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*package, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("part", ORDER[:-1])
def test_imports_run_one_way(part: str) -> None:
    later = set(ORDER[ORDER.index(part) + 1 :])
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(part)
        for name in imported(path)
        if name.split(".")[0] in later
    ]
    assert not wrong


def test_the_settings_import_only_the_models_door() -> None:
    names = {name.split(".")[0] for name in imported(ROOT / "config" / "settings.py")}
    assert not names & {"accounts", "kb", "agents"}


def test_the_models_door_knows_no_django() -> None:
    assert not [path for path in modules("llm") for name in imported(path) if name.split(".")[0] == "django"]


@pytest.mark.parametrize("part", ["accounts", "kb", "agents"])
def test_doors_are_imported_by_doors_alone(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(part)
        if not DOORS & {piece.removesuffix(".py") for piece in path.relative_to(ROOT).parts}
        for name in imported(path)
        if name.split(".")[0] in ORDER and len(name.split(".")) > 1 and name.split(".")[1] in DOORS
    ]
    assert not wrong


def test_work_never_sees_a_request() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for part in ("llm", "kb", "agents")
        for path in modules(part)
        if not DOORS & {piece.removesuffix(".py") for piece in path.relative_to(ROOT).parts}
        and any(name.startswith("django.http") for name in imported(path))
    ]
    assert not wrong


def settings_read() -> set[str]:
    """Names of environment variables that the product reads."""
    names: set[str] = set()
    for path in [*modules("config"), *modules("llm")]:
        text = path.read_text()
        names |= set(re.findall(r'env(?:text|bool|int|choice|list)\(\s*"([A-Z_]+)"', text))
        names |= set(re.findall(r'env(?:ironment|iron)?(?:\.get\(|\[)"([A-Z_]{3,})"', text))
    return names - {"PATH", "DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED"}


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"`([A-Z_]{3,})`", (ROOT / "docs" / "configuration.md").read_text()))
    assert settings_read() - documented == set()


def test_the_locks_hold_every_dependency() -> None:
    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    names = {canonical(re.split(r"[\[~=<>!]", line)[0]) for line in declared}
    assert names - {canonical(name) for name in locked} == set()


def test_the_repository_names_no_registry_host() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    hosts = re.compile("pypi" + r"\.org|" + "pythonhosted" + r"\.org|" + "registry" + r"\.npmjs")
    texts = [
        ROOT / name
        for name in listed
        if name.endswith((".md", ".py", ".toml", ".lock", ".yml", "Dockerfile", "Makefile"))
    ]
    assert not [str(path) for path in texts if path.exists() and hosts.search(path.read_text(errors="replace"))]


def test_make_help_lists_the_daily_commands() -> None:
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("run", "test", "check", "bench", "migrate", "help"):
        assert f"make {command}" in text

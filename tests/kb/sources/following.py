"""What tests of sources share: looking at one, and what came of it."""

from collections.abc import Callable
from pathlib import Path

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document
from kb.models_sources import Source, SourceRun
from kb.sources.verbs import look_now
from kb.sources.work import work_on

Make = Callable[..., Source]


def look(source: Source, by: Person) -> SourceRun:
    """Look at a source now, and what that gave."""
    look_now(source, by=by)
    assert not work_on(source.pk)
    with acting_as_system():
        source.refresh_from_db()
        return source.runs.latest("pk")


def counts(run: SourceRun) -> tuple[int, int, int, int, int]:
    return run.added, run.changed, run.unchanged, run.deleted, run.failed


def titles(collection: Collection) -> list[str]:
    with acting_as_system():
        return sorted(Document.objects.filter(collection=collection).values_list("filename", flat=True))


def folder_with(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file = file.with_name(file.name + ".md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path

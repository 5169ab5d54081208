"""Evaluation sets as files: JSON lines of questions, or a folder in BEIR's layout.

A line is `{"question": …, "documents": {name: grade}, "answers": […], "id": …}`. Documents are named by their external
id, else by their file name with or without its ending, else as `#` and their number.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from accounts.models import Person
from kb.access import acting_as, documents_for
from kb.beir import read_judged_questions
from kb.errors import DocumentError
from kb.evaluation_sets import keep_question, questions_of
from kb.models import Document
from kb.models_evaluation import EvaluationSet

LONGEST_FILE = 20_000_000


def export_lines(kept: EvaluationSet) -> Iterator[str]:
    """A set as JSON lines, for an administrator."""
    for question in questions_of(kept):
        documents = {_name(one.document): one.grade for one in question.relevant.all()}
        if question.has_answer and not documents:
            continue  # its documents are gone: it would read as a question that nothing answers
        row = {"id": question.key, "question": question.text, "documents": documents, "answers": question.answers}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def import_lines(name: str, lines: Iterable[str], *, by: Person) -> int:
    """Keep the questions of JSON lines in the set of that name; how many. All or nothing is read before any is kept.

    Raises:
        DocumentError: bad_question_file, and those of `kb.evaluation_sets.keep_question`.
    """
    rows = [(number, _row(number, line)) for number, line in enumerate(lines, start=1) if line.strip()]
    return _keep(name, rows, by)


def import_folder(name: str, folder: Path, *, by: Person) -> int:
    """Keep the questions of a BEIR folder, whose documents are here by their names; how many.

    Raises:
        kb.beir.BadSet: the folder is no question set.
        DocumentError: as `import_lines`.
    """
    rows = [
        (
            number,
            {
                "id": one.id,
                "question": one.text,
                "documents": one.relevant,
                "answers": one.metadata.get("answers") or [],
            },
        )
        for number, one in enumerate(read_judged_questions(folder), start=1)
    ]
    return _keep(name, rows, by)


def _keep(name: str, rows: Sequence[tuple[int, Mapping[str, Any]]], by: Person) -> int:
    known = _documents({document for _, row in rows for document in row["documents"]}, by)
    relevant = [_relevant(number, row["documents"], known) for number, row in rows]
    for (_number, row), documents in zip(rows, relevant, strict=True):
        keep_question(name, row["question"], documents, by=by, answers=row["answers"], key=row["id"])
    return len(rows)


def _relevant(number: int, documents: Mapping[str, int], known: Mapping[str, int]) -> dict[int, int]:
    for document in documents:
        if document not in known:
            raise _bad(number, f"no document is called {document}", f"没有名为 {document} 的文档")
    return {known[document]: grade for document, grade in documents.items() if grade > 0}


def _documents(names: set[str], by: Person) -> dict[str, int]:
    """The documents of these names that the person may read; a name that several have is nobody's."""
    ways: list[list[tuple[str, int]]] = [[], [], [], []]
    with acting_as(by):
        for pk, external_id, filename in documents_for().values_list("pk", "external_id", "filename").iterator():
            candidates = (external_id, filename, Path(filename).stem, f"#{pk}")
            for way, name in zip(ways, candidates, strict=True):
                if name in names:
                    way.append((name, pk))
    known: dict[str, int] = {}
    for way in ways:
        counts = Counter(name for name, _ in way)
        known |= {name: pk for name, pk in way if counts[name] == 1 and name not in known}
    return known


def _row(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not row["question"].strip():
        raise _bad(number, "a JSON object with a “question” is wanted", "应为含有 question 的 JSON 对象")
    documents, answers = row.get("documents") or {}, row.get("answers") or []
    if isinstance(documents, list):
        documents = {str(document): 1 for document in documents}
    right = isinstance(documents, dict) and all(type(grade) is int and 0 <= grade < 100 for grade in documents.values())
    if not right or not isinstance(answers, list):
        raise _bad(
            number, "“documents” gives each a grade, “answers” is a list", "documents 应给出等级，answers 应为列表"
        )
    return {
        "id": str(row.get("id") or ""),
        "question": row["question"],
        "documents": documents,
        "answers": [str(answer) for answer in answers],
    }


def _bad(number: int, en: str, zh: str) -> DocumentError:
    return DocumentError("bad_question_file", en=f"Line {number}: {en}.", zh=f"第 {number} 行：{zh}。")


def _name(document: Document) -> str:
    return document.external_id or f"#{document.pk}"

"""Which language a version is in: asked once, since versions never change and every search asks for hundreds."""

from collections.abc import Collection

from kb.access import current_actor
from kb.statements import array_text, rows

MOST = 200_000
"""Languages kept by a process, some twenty megabytes. Beyond, they are asked anew."""
_LANGUAGES = "select id, language from kb_documentversion where id = any(%(versions)s::bigint[]) and state = 'ready'"
_known: dict[int | None, str] = {}


def languages_of(versions: Collection[int]) -> dict[int | None, str]:
    """The languages of at least these ready versions, empty where it is not known, by their numbers.

    Only of versions that the current person may read: that is not asked again.
    """
    current_actor()
    if missing := [version for version in versions if version not in _known]:
        if len(_known) + len(missing) > MOST:
            _known.clear()
        _known.update(rows(_LANGUAGES, {"versions": array_text(missing)}))
    return _known

"""Tags as people write them, made tidy. Pure."""

from collections.abc import Sequence

from kb.errors import DocumentError

MOST_TAGS = 50
LONGEST_TAG = 100


def tidy_tags(tags: Sequence[str]) -> list[str]:
    """Each tag once, in the order given, without needless spaces.

    Raises:
        DocumentError: bad_tags.
    """
    tidy = list(dict.fromkeys(filter(None, (" ".join(tag.replace("\0", "").split()) for tag in tags))))
    if len(tidy) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tidy):
        raise DocumentError("bad_tags")
    return tidy

"""What OCR has read of versions whose text is not complete yet."""

from collections.abc import Iterator, Sequence

from kb.access import acting_as_system
from kb.models import DocumentVersion
from kb.models_recognized import RecognizedPicture
from kb.parsing.recognized import Recognized

PICTURES_AT_ONCE = 50


def store(version: DocumentVersion, recognized: Recognized) -> None:
    """Keep what OCR read on a picture, inside `Lease.writing()`."""
    RecognizedPicture.objects.update_or_create(
        version=version, ordinal=recognized.ordinal, defaults={"data": recognized.to_data()}
    )


def stored(version: DocumentVersion) -> Iterator[Recognized]:
    """The pictures of a version that OCR has read, in order; some at a time are in memory."""
    after = -1
    while True:
        with acting_as_system():
            rows = RecognizedPicture.objects.filter(version=version, ordinal__gt=after).order_by("ordinal")
            some = list(rows.values_list("ordinal", "data")[:PICTURES_AT_ONCE])
        if not some:
            return
        yield from (Recognized.from_data(data) for _, data in some)
        after = some[-1][0]


def forget(version_ids: Sequence[int]) -> None:
    """Inside `acting_as_system`: let go of what OCR read, as the text is complete or nobody wants it any more."""
    rows = RecognizedPicture.objects.filter(version__in=version_ids)
    rows._raw_delete(rows.db)

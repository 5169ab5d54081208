"""The objects of a bucket, in S3 or any store that speaks its protocol.

boto3 (the extra `s3`) signs the addresses; they are fetched like every other address, through the gate.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext_lazy as _

from kb.errors import DocumentError
from kb.fetching import FetchLimits, check_reachable, checked_url, fetch
from kb.sources.kinds import Content, Entry, Field, Kind, Known, Place
from kb.sources.xml import listing

LIST_BYTES = 16 << 20
OBJECTS = 100_000


def check(settings: dict[str, str]) -> dict[str, str]:
    """Raises DocumentError where the endpoint would never be fetched."""
    if settings.get("endpoint"):
        check_reachable(settings["endpoint"])
        settings["endpoint"] = str(checked_url(settings["endpoint"])).rstrip("/")
    return {name: settings.get(name, "") for name in ("bucket", "prefix", "endpoint", "region", "key_id")}


def entries(place: Place) -> Generator[Entry, None, None]:
    sign = _signer(place)
    listed, token = 0, ""
    while True:
        more = {"ContinuationToken": token} if token else {}
        address = sign("list_objects_v2", Prefix=place.settings["prefix"], **more)
        with fetch(address, limits=FetchLimits(LIST_BYTES)) as page:
            found = listing(page.file.read() if page.file else b"")
        for kind, record in found.records:
            if kind != "Contents" or record["Key"].endswith("/"):
                continue
            listed += 1
            if listed > OBJECTS:
                raise DocumentError("too_many_entries", most=OBJECTS)
            key, etag = record["Key"], record.get("ETag", "").strip('"')
            mark = f"{etag}:{record.get('Size', '')}" if etag else ""
            yield Entry(key, partial(_read, sign, key), mark)
        token = found.texts.get("NextContinuationToken", "")
        if not token:
            return


@contextmanager
def _read(sign: Any, key: str, known: Known) -> Iterator[Content | None]:
    with fetch(sign("get_object", Key=key)) as found:
        yield None if found.file is None else Content(PurePosixPath(key).name, found.file)


def _signer(place: Place) -> Any:
    """A function that signs the address of a request about the bucket; it connects to nobody."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise DocumentError("s3_not_installed") from error
    settings = place.settings
    client = boto3.client(
        "s3",
        region_name=settings.get("region") or "us-east-1",
        endpoint_url=settings.get("endpoint") or None,
        aws_access_key_id=settings["key_id"],
        aws_secret_access_key=place.secret,
        config=Config(
            signature_version="s3v4", s3={"addressing_style": "path" if settings.get("endpoint") else "virtual"}
        ),
    )

    def sign(operation: str, **parameters: str) -> str:
        wanted = {"Bucket": settings["bucket"], **parameters}
        return str(client.generate_presigned_url(operation, Params=wanted, ExpiresIn=600))

    return sign


KIND = Kind(
    label=_("S3 bucket"),
    fields=(
        Field("bucket", _("Bucket")),
        Field("prefix", _("Only below this prefix"), _("For example policies/. Empty takes all."), required=False),
        Field("endpoint", _("Endpoint"), _("Empty for Amazon S3; otherwise https://…"), required=False),
        Field("region", _("Region"), _("For example eu-central-1."), required=False),
        Field("key_id", _("Access key")),
        Field("secret", _("Secret key"), secret=True),
    ),
    check=check,
    entries=entries,
)

"""Files kept in a bucket, over real HTTP to a small server that speaks S3's protocol."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from io import BytesIO
from xml.sax.saxutils import escape

import pytest
from pytest_django import Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kb.storage import BlobMissing, FileTooLarge, Storage, StorageFull, storage
from tests.serving import served

pytest.importorskip("boto3", reason="the extra s3 is not installed")

WORDS = b"Annual leave is thirty days."
SHA256 = hashlib.sha256(WORDS).hexdigest()


class Bucket:
    """PUT, GET, HEAD, DELETE of objects, and their list."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.full = False
        methods = ["GET", "PUT", "DELETE"]
        self.app = Starlette(
            routes=[Route("/papers", self.listed), Route("/papers/{key:path}", self.one, methods=methods)]
        )

    async def listed(self, request: Request) -> Response:
        prefix = request.query_params.get("prefix", "")
        keys = [key for key in sorted(self.objects) if key.startswith(prefix)]
        contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        return Response(f"<ListBucketResult>{contents}</ListBucketResult>", media_type="application/xml")

    async def one(self, request: Request) -> Response:
        key, body = request.path_params["key"], await request.body()
        if request.method == "PUT":
            if self.full:
                return Response("<Error><Code>XMinioStorageFull</Code></Error>", 507, media_type="application/xml")
            self.objects[key] = body
            return Response(headers={"ETag": '"1"'})
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Response(status_code=204)
        if (content := self.objects.get(key)) is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        modified = format_datetime(datetime.now(UTC), usegmt=True)
        return Response(content, headers={"Last-Modified": modified, "ETag": "1"})


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    bucket = Bucket()
    with served(bucket.app) as url:
        for name, value in {
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        yield bucket


@pytest.fixture
def kept(bucket: Bucket, settings: Settings) -> Iterator[Storage]:
    from kb.storage import _storage

    settings.STORAGE_URL = "s3://papers/zhinang/files/"
    _storage.cache_clear()
    yield storage()
    _storage.cache_clear()


def test_bytes_are_kept_under_their_hash(kept: Storage, bucket: Bucket) -> None:
    assert kept.put(BytesIO(WORDS), 1000).sha256 == SHA256
    kept.put(BytesIO(WORDS), 1000)
    assert list(bucket.objects) == [f"zhinang/files/{SHA256[:2]}/{SHA256[2:]}"]
    assert list(kept.kept()) == [SHA256]
    assert kept.open(SHA256).read() == WORDS
    with kept.local_path(SHA256) as path:
        assert path.read_bytes() == WORDS
    assert not path.exists()
    assert (kept.age(SHA256) or 0) < 100
    kept.sweep(0)
    kept.delete(SHA256)
    assert bucket.objects == {}


def test_what_is_not_kept_is_missing(kept: Storage) -> None:
    assert kept.age(SHA256) is None
    with pytest.raises(BlobMissing):
        kept.open(SHA256)
    with pytest.raises(BlobMissing), kept.local_path(SHA256):
        pass
    kept.delete(SHA256)


def test_limits_hold(kept: Storage, bucket: Bucket) -> None:
    with pytest.raises(FileTooLarge):
        kept.put(BytesIO(WORDS), 3)
    bucket.full = True
    with pytest.raises(StorageFull):
        kept.put(BytesIO(WORDS), 1000)
    assert bucket.objects == {}

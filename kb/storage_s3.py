"""Uploaded files in an S3 bucket, or any store that speaks its protocol: `<prefix>/<first two letters>/<the rest>`.

Needs the extra `zhinang[s3]`. Keys, region and endpoint come from boto3's own variables: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL_S3.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from kb.storage import Blob, BlobMissing, StorageFull, hashed_copy

try:
    import boto3
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError
except ImportError as error:
    raise ImproperlyConfigured("STORAGE_URL names an S3 bucket. Install Zhinang with the extra `s3` for it.") from error

MISSING = ("404", "NoSuchKey", "NotFound")
FULL = ("XMinioStorageFull", "QuotaExceeded", "InsufficientStorage")


class S3Storage:
    """Files in a bucket. An object appears whole or not at all; putting it again renews its age."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.client: Any = boto3.client("s3")

    def key(self, sha256: str) -> str:
        return f"{self.prefix}{sha256[:2]}/{sha256[2:]}"

    def put(self, file: BinaryIO, limit: int) -> Blob:
        with tempfile.TemporaryDirectory(prefix="upload-") as folder:
            with hashed_copy(file, Path(folder), limit) as (copy, blob):
                try:
                    self.client.upload_file(str(copy), self.bucket, self.key(blob.sha256))
                except S3UploadFailedError as error:
                    if any(code in str(error) for code in FULL):
                        raise StorageFull(str(error)) from error
                    raise
            return blob

    def open(self, sha256: str) -> BinaryIO:
        with _missing(sha256):
            return cast(BinaryIO, self.client.get_object(Bucket=self.bucket, Key=self.key(sha256))["Body"])

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="blob-") as folder:
            path = Path(folder, "file")
            with _missing(sha256):
                self.client.download_file(self.bucket, self.key(sha256), str(path))
            yield path

    def age(self, sha256: str) -> float | None:
        try:
            with _missing(sha256):
                head = self.client.head_object(Bucket=self.bucket, Key=self.key(sha256))
        except BlobMissing:
            return None
        age: float = (timezone.now() - head["LastModified"]).total_seconds()
        return max(0.0, age)

    def delete(self, sha256: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.key(sha256))

    def kept(self) -> Iterator[str]:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
            for entry in page.get("Contents", ()):
                if len(sha256 := entry["Key"][len(self.prefix) :].replace("/", "")) == 64:
                    yield sha256

    def sweep(self, older_than: float) -> None:
        """Nothing to do: an interrupted upload leaves its rests to the bucket's own lifecycle rules."""


@contextmanager
def _missing(sha256: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise BlobMissing(sha256) from error
        raise

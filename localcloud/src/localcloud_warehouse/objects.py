"""What COPY needs of S3, and S3 itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it has no types


@dataclass(frozen=True)
class ObjectName:
    """An object's place."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str) -> ObjectName | None:
        """Return the place that `s3://bucket/key` names, or None."""
        if not url.startswith("s3://"):
            return None
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return cls(bucket, key) if bucket else None

    def https(self, region: str) -> str:
        """Return the name in the form that Spectrum's errors have."""
        return f"https://s3.{region}.amazonaws.com/{self.bucket}/{quote(self.key)}"


class Objects(Protocol):
    """A store of objects. `size` and `read` answer None for one that is not there."""

    def size(self, name: ObjectName) -> int | None: ...

    def read(self, name: ObjectName) -> bytes | None: ...

    def download(self, name: ObjectName, path: Path) -> None: ...

    def list(self, bucket: str, prefix: str) -> list[tuple[str, int]]: ...


class S3Objects:
    """S3 behind a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def size(self, name: ObjectName) -> int | None:
        try:
            return int(self._client.head_object(Bucket=name.bucket, Key=name.key)["ContentLength"])
        except ClientError as error:
            _raise_unless_absent(error)
            return None

    def read(self, name: ObjectName) -> bytes | None:
        try:
            return bytes(self._client.get_object(Bucket=name.bucket, Key=name.key)["Body"].read())
        except ClientError as error:
            _raise_unless_absent(error)
            return None

    def download(self, name: ObjectName, path: Path) -> None:
        self._client.download_file(name.bucket, name.key, str(path))

    def list(self, bucket: str, prefix: str) -> list[tuple[str, int]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]


def _raise_unless_absent(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NoSuchBucket"):
        raise error

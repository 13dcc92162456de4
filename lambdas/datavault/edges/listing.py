"""What lies in a bucket: keys, versions, folders, and what S3 says of an object without its bytes."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from ..identity import RECORDS_METADATA, RawObject
from .clients import client


class Described(msgspec.Struct, frozen=True):
    """An object's SHA-256 in hexadecimal, as S3 took it at the put, and its rows; empty and 0 where nobody said."""

    sha256: str
    rows: int


class Version(msgspec.Struct, frozen=True):
    """One version of a key, or a delete marker."""

    key: str
    version_id: str
    is_marker: bool
    is_latest: bool
    last_modified: datetime


def keys(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every object under a prefix, as ListObjectsV2 describes it, in the order of their keys."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def folders(bucket: str, prefix: str) -> list[str]:
    """The names of the folders right below a prefix that ends in a slash."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [item["Prefix"][len(prefix) : -1] for page in pages for item in page.get("CommonPrefixes", [])]


def version_folders(bucket: str, prefix: str) -> list[str]:
    """As `folders`, with those in which everything was deleted."""
    pages = client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [item["Prefix"][len(prefix) : -1] for page in pages for item in page.get("CommonPrefixes", [])]


def raw_objects(bucket: str, prefix: str = "") -> Iterator[RawObject]:
    """Every version of every raw object, delete markers left out."""
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Versions", []):
            yield RawObject(bucket, item["Key"], item["VersionId"], item["LastModified"], item["Size"])


def versions(bucket: str, prefix: str) -> Iterator[Version]:
    """Every version and delete marker under a prefix; those of one key may come in two runs."""
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for kind, is_marker in (("Versions", False), ("DeleteMarkers", True)):
            for item in page.get(kind, []):
                yield Version(item["Key"], item["VersionId"], is_marker, item["IsLatest"], item["LastModified"])


def describe(bucket: str, key: str) -> Described | None:
    """What S3 says of an object, None if it is not there (or hidden by a delete marker)."""
    try:
        found = client("s3").head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    rows = found["Metadata"].get(RECORDS_METADATA, "")
    # `<digest>-<parts>` is a checksum of checksums: nothing of ours is put in parts.
    checksum = found.get("ChecksumSHA256", "")
    return Described(
        sha256="" if "-" in checksum else b64decode(checksum).hex(), rows=int(rows) if rows.isdecimal() else 0
    )

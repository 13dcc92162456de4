"""S3: read a raw object's version, put once (invariant 2)."""

import random
import time
from base64 import b64encode
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import IO
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from ..identity import RawObject
from .clients import client
from .events import S3ObjectEvent

# A 409 says that another conditional write of the key was under way; it is over in moments.
_CONFLICT_ATTEMPTS = 5
_FIRST_CONFLICT_PAUSE_SECONDS = 0.05


class Put(StrEnum):
    """What a put-once did: WRITTEN, PRESENT (the same bytes were there) or DIFFERENT (others were, and stay)."""

    WRITTEN = "written"
    PRESENT = "present"
    DIFFERENT = "different"


class ObjectGoneError(Exception):
    """The object version of an event is not there any more."""


def open_raw(event: S3ObjectEvent) -> tuple[RawObject, Callable[[int], bytes], Callable[[], None]]:
    """The object version's identity, a function that reads its bytes, and one that closes it.

    Raises
    ------
    ObjectGoneError
        The version does not exist.
    """
    version = {} if event.version_id == "null" else {"VersionId": event.version_id}
    try:
        found = client("s3").get_object(Bucket=event.bucket, Key=event.key, **version)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise ObjectGoneError(event.version_id) from error
        raise
    raw = RawObject(event.bucket, event.key, event.version_id, found["LastModified"], found["ContentLength"])
    return raw, found["Body"].read, found["Body"].close


def read(bucket: str, key: str) -> bytes:
    """The whole of an object that fits into memory."""
    body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def exists(bucket: str, key: str) -> bool:
    try:
        client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return False
        raise
    return True


def put_absent(
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    *,
    tags: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> bool:
    """Write an object unless its key is taken; whether it was written. Needs no right to read."""
    return _put(bucket, key, body, _sha256(body), tags, metadata)


def put_once(  # noqa: PLR0913  the parts of an object
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    *,
    tags: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    made_from: str = "",
) -> Put:
    """Write an object unless its key is taken. Its name is derived from ids, so whoever took it wrote the same.

    `made_from` names the metadata that says what an object was made from: where it is equal, a taken key is PRESENT
    even with other bytes, because the maker (its SQL, its version) may have changed between two attempts.
    """
    digest = _sha256(body)
    if _put(bucket, key, body, digest, tags, metadata):
        return Put.WRITTEN
    there = client("s3").head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    is_same = there.get("ChecksumSHA256") == digest
    is_same |= bool(made_from) and there["Metadata"].get(made_from) == (metadata or {})[made_from]
    return Put.PRESENT if is_same else Put.DIFFERENT


def _put(  # noqa: PLR0913, PLR0917  the parts of an object
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    digest: str,
    tags: dict[str, str] | None,
    metadata: dict[str, str] | None,
) -> bool:
    for attempt in range(_CONFLICT_ATTEMPTS):
        if not isinstance(body, bytes):
            body.seek(0)  # an attempt reads it to its end
        try:
            client("s3").put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=digest,
                Tagging=urlencode(tags or {}),
                Metadata=metadata or {},
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":
                return False
            if code != "ConditionalRequestConflict" or attempt == _CONFLICT_ATTEMPTS - 1:
                raise
            pause = _FIRST_CONFLICT_PAUSE_SECONDS * 2**attempt
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  jitter
        else:
            return True
    raise AssertionError("unreachable: the last attempt returns or raises")


def _sha256(body: bytes | IO[bytes]) -> str:
    if isinstance(body, bytes):
        return b64encode(sha256(body).digest()).decode()
    digest = sha256()
    while piece := body.read(1024 * 1024):
        digest.update(piece)
    return b64encode(digest.digest()).decode()

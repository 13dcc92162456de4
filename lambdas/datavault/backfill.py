"""Backfill: the events that S3 would have sent for objects that are there already. Pure."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from urllib.parse import quote_plus

import msgspec

from .identity import RawObject


def chosen(
    raws: Iterable[RawObject], done: Collection[str], since: datetime | None, until: datetime | None
) -> Iterator[RawObject]:
    """The objects that came in [since, until) and are not done yet, by id."""
    for raw in raws:
        is_in = (since is None or raw.last_modified >= since) and (until is None or raw.last_modified < until)
        if is_in and raw.id not in done:
            yield raw


def created_message(raw: RawObject, region: str) -> str:
    """The message that tells of an object version, in S3's own form (S3 User Guide, Event message structure).

    Its time is the object's last-modified: when S3 took it.
    """
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": raw.last_modified.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "datavault-backfill"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "datavault-backfill",
            "bucket": {"name": raw.bucket, "arn": f"arn:aws:s3:::{raw.bucket}"},
            "object": {"key": quote_plus(raw.key, safe="/"), "size": raw.size, "versionId": raw.version_id},
        },
    }
    return msgspec.json.encode({"Records": [record]}).decode()

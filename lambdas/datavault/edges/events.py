"""S3 events as SQS carries them: queue messages in, object versions out."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote_plus

import msgspec

from ..identity import RawObject


class S3ObjectEvent(msgspec.Struct, frozen=True):
    """One object that was created. `key` is decoded; `size` is in bytes; `time` is when S3 took it, in UTC."""

    bucket: str
    key: str
    version_id: str
    size: int
    time: datetime

    @property
    def raw(self) -> RawObject:
        """The object version as the event has it: the event's time stands for S3's, moments apart."""
        return RawObject(self.bucket, self.key, self.version_id, self.time, self.size)


class EventError(ValueError):
    """The message is no S3 event of a version that we know: no retry will make it one."""


class _Bucket(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    key: str
    size: int = 0
    version_id: str = msgspec.field(name="versionId", default="null")


class _S3(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct):
    version: str = msgspec.field(name="eventVersion")
    name: str = msgspec.field(name="eventName")
    time: Annotated[datetime, msgspec.Meta(tz=True)] = msgspec.field(name="eventTime")
    s3: _S3


class _Message(msgspec.Struct):
    Records: list[_Record] | None = None
    Event: str = ""


_decode = msgspec.json.Decoder(_Message).decode


def created_objects(body: str) -> list[S3ObjectEvent]:
    """The objects that a message tells of; none for the test event that S3 sends when notifications are set up.

    Raises
    ------
    EventError
        The body is no S3 event.
    """
    try:
        message = _decode(body)
    except msgspec.DecodeError as error:
        raise EventError("the message is no S3 event") from error
    if message.Event == "s3:TestEvent":
        return []
    if not message.Records:
        raise EventError("the message has no Records")
    # Minor versions only add fields (S3 User Guide, Event message structure).
    if any(not record.version.startswith("2.") for record in message.Records):
        raise EventError("the event's major version is not 2")
    return [
        S3ObjectEvent(
            bucket=record.s3.bucket.name,
            key=unquote_plus(record.s3.object.key),
            version_id=record.s3.object.version_id,
            size=record.s3.object.size,
            time=record.time.astimezone(UTC),
        )
        for record in message.Records
        if record.name.startswith("ObjectCreated:")
    ]

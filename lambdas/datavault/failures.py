"""What Lambda keeps of a batch that it gave up: records of the stream, to be sent again. Pure."""

from base64 import b64decode
from binascii import Error as Base64Error

import msgspec


class FailureError(ValueError):
    """The object holds no records that could be sent again."""


class _Kinesis(msgspec.Struct, rename="camel"):
    data: str
    partition_key: str


class _Record(msgspec.Struct):
    kinesis: _Kinesis


class _Payload(msgspec.Struct):
    Records: list[_Record]


class _Failure(msgspec.Struct):
    payload: _Payload | str | None = None


def records(body: bytes) -> list[tuple[str, bytes]]:
    """The partition key and the data of each record in an object of Lambda's failure store.

    Raises
    ------
    FailureError
        It is none, or holds the batch's metadata only.
    """
    try:
        payload = msgspec.json.decode(body, type=_Failure).payload
        if isinstance(payload, str):  # written as a text in some versions of the invocation record
            payload = msgspec.json.decode(payload, type=_Payload)
        if payload is None or not payload.Records:
            raise FailureError("it holds no records, only where in the stream they were")
        return [
            (record.kinesis.partition_key, b64decode(record.kinesis.data, validate=True)) for record in payload.Records
        ]
    except (msgspec.DecodeError, Base64Error) as error:
        raise FailureError("it is no record of a failed invocation") from error

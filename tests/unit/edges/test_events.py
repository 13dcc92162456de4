"""S3 events as SQS carries them, from captured messages."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datavault.edges.events import EventError, S3ObjectEvent, created_objects

EVENTS = Path(__file__).parents[2] / "events"
BODY: dict[str, Any] = json.loads((EVENTS / "sqs_s3_object_created.json").read_text())["Records"][0]


def body(**changes: Any) -> str:
    message = json.loads(BODY["body"])
    message["Records"][0] |= changes
    return json.dumps(message)


def test_a_captured_event_names_its_object_version() -> None:
    time = datetime(2026, 3, 14, 15, 9, 27, 101000, tzinfo=UTC)
    assert created_objects(BODY["body"]) == [
        S3ObjectEvent(
            "datavault-raw-data", "books/day one+é%.ndjson.gz", "096fKKXTRTtl3on89fVO.nfljtsv6qko", 1024, time
        )
    ]


@pytest.mark.parametrize(
    ("key", "decoded"), [("a+b%2Bc", "a b+c"), ("%E6%97%A5/%25", "日/%"), ("a%2520b", "a%20b"), ("%3D%26", "=&")]
)
def test_keys_are_decoded_once(key: str, decoded: str) -> None:
    (found,) = created_objects(body(s3={"bucket": {"name": "b"}, "object": {"key": key, "size": 1, "versionId": "v"}}))
    assert found.key == decoded


def test_a_time_of_another_zone_is_the_same_instant_in_utc() -> None:
    (found,) = created_objects(body(eventTime="2026-03-14T23:30:00+09:00"))
    assert (found.time.isoformat(), found.time.utcoffset()) == ("2026-03-14T14:30:00+00:00", timedelta(0))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(EventError):
        created_objects(body(eventTime="2026-03-14T15:09:27"))


def test_an_object_without_a_version_is_the_null_version() -> None:
    (found,) = created_objects(body(s3={"bucket": {"name": "b"}, "object": {"key": "k"}}))
    assert (found.version_id, found.size) == ("null", 0)


def test_the_test_event_of_s3_names_nothing() -> None:
    assert created_objects((EVENTS / "s3_test_event.json").read_text()) == []


def test_events_that_are_no_creation_name_nothing() -> None:
    assert created_objects(body(eventName="ObjectRemoved:Delete")) == []
    assert len(created_objects(body(eventName="ObjectCreated:CompleteMultipartUpload"))) == 1


def test_minor_versions_are_accepted_and_major_ones_refused() -> None:
    assert len(created_objects(body(eventVersion="2.9"))) == 1
    with pytest.raises(EventError, match="major version"):
        created_objects(body(eventVersion="3.0"))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"Records": []}', '{"Records": [{}]}', '{"Records": [{"eventVersion": "2.1"}]}'],
)
def test_any_other_message_is_refused(text: str) -> None:
    with pytest.raises(EventError):
        created_objects(text)

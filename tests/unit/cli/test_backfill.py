"""`datavault backfill`: the events that S3 would have sent, for what has no receipt."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from datavault.backfill import chosen, created_message
from datavault.cli.context import Stack
from datavault.edges import sqs
from datavault.edges.clients import client
from datavault.edges.events import S3ObjectEvent, created_objects
from datavault.edges.listing import raw_objects
from datavault.identity import RawObject

from .conftest import Pipeline, Run
from .orders import line

KEY = "orders/a key+with%everything ü.ndjson"


def waiting(stack: Stack) -> list[S3ObjectEvent]:
    """Take the events that wait in the raw queue."""
    found = []
    while (
        messages := client("sqs").receive_message(QueueUrl=stack.raw_queue_url, MaxNumberOfMessages=10).get("Messages")
    ):
        for message in messages:
            found += created_objects(message["Body"])
            client("sqs").delete_message(QueueUrl=stack.raw_queue_url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_a_message_says_what_s3_would_have_said() -> None:
    raw = RawObject("raw", KEY, "v1", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), 17)

    (event,) = created_objects(created_message(raw, "eu-central-1"))

    assert event == S3ObjectEvent("raw", KEY, "v1", 17, raw.last_modified)
    assert json.loads(created_message(raw, "eu-central-1"))["Records"][0]["awsRegion"] == "eu-central-1"


def test_a_time_window_is_closed_at_its_start_and_open_at_its_end() -> None:
    raws = [RawObject("raw", "k", str(day), datetime(2026, 3, day, tzinfo=UTC), 1) for day in range(1, 5)]
    found = chosen(raws, {raws[2].id}, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    assert [raw.version_id for raw in found] == ["2"]


def test_versions_without_a_receipt_are_sent(run: Run, pipeline: Pipeline, stack: Stack, s3: Any) -> None:
    pipeline.put("orders/done.ndjson", line(1))
    pipeline.put("ordres/done.ndjson", line(1))
    versions = [s3.put_object(Bucket="raw", Key=KEY, Body=line(number))["VersionId"] for number in (1, 2)]
    s3.put_object(Bucket="raw", Key="books/other.ndjson", Body=b"x")

    code, out, _ = run("backfill", "s3://raw/orders/", "--dry-run")
    assert (code, out.partition(" (")[0]) == (0, "2 objects without a receipt")
    assert "nothing sent" in out
    assert waiting(stack) == []

    assert "2 events sent" in run("backfill", "s3://raw/orders/")[1]
    events = waiting(stack)
    assert sorted(event.version_id for event in events) == sorted(versions)
    times = {raw.version_id: raw.last_modified for raw in raw_objects("raw", KEY)}
    assert all(
        event.key == KEY and abs((event.time - times[event.version_id]).total_seconds()) < 0.001 for event in events
    )

    assert json.loads(run("backfill", "s3://raw/", "--json")[1])["sent"] == 3
    waiting(stack)
    assert json.loads(run("backfill", "s3://raw/orders/", "--all", "--json")[1])["sent"] == 3
    assert json.loads(run("backfill", "s3://raw/", "--until", "2020-01-01", "--json")[1])["sent"] == 0


def test_what_is_done_already_sends_nothing(run: Run, pipeline: Pipeline, stack: Stack) -> None:
    pipeline.put("orders/done.ndjson", line(1))

    assert "0 objects without a receipt (0.0 MB); nothing sent" in run("backfill", "s3://raw/orders/")[1]


@pytest.mark.parametrize(
    ("place", "message", "hint"),
    [
        ("s3://elsewhere/orders/", "elsewhere is not the raw bucket of local", "aws s3 cp --recursive"),
        ("orders/", "'orders/' is no place in S3", "s3://raw/orders/"),
        ("s3://raw", "'s3://raw' is no place in S3", "s3://raw/orders/"),
    ],
)
def test_another_place_is_refused_with_a_way_out(run: Run, stack: Stack, place: str, message: str, hint: str) -> None:
    code, _, err = run("backfill", place)

    assert code == 2
    assert message in err
    assert hint in err.replace("\n", " ")


def test_it_says_how_far_it_came_when_the_queue_refuses(
    run: Run, stack: Stack, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        s3.put_object(Bucket="raw", Key=f"orders/{number:02d}", Body=b"x")
    real, calls = sqs._send, iter((1, 2))

    def refuse_the_second(url: str, bodies: Any) -> dict[str, str]:
        return real(url, bodies) if next(calls) == 1 else {"0": "InternalError"}

    monkeypatch.setattr(sqs, "_send", refuse_the_second)

    code, _, err = run("backfill", "s3://raw/orders/")

    assert code == 1
    assert "refused 1 messages: InternalError; 11 of 12 were sent" in err

"""S3: an object version is read as it was, and what is written once is never written over (invariant 2)."""

import io
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from datavault.edges import s3 as edge
from datavault.edges.clients import client
from datavault.edges.events import S3ObjectEvent
from datavault.edges.s3 import ObjectGoneError, Put

from ..support import RECEIVED_AT


class Conflicting:
    """S3 that answers a conditional put with 409 some times, after it has read the body."""

    def __init__(self, conflicts: int) -> None:
        self.left = conflicts
        self.real = boto3.client("s3")

    def put_object(self, **request: Any) -> Any:
        if self.left:
            self.left -= 1
            if not isinstance(request["Body"], bytes):
                request["Body"].read()
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
        return self.real.put_object(**request)

    def head_object(self, **request: Any) -> Any:
        return self.real.head_object(**request)


def test_the_first_put_writes_with_tags_and_metadata(s3: Any) -> None:
    put = edge.put_once(
        "processed", "a", b"one", tags={"dataset": "books", "classification": "a b"}, metadata={"columns": "3"}
    )
    assert put is Put.WRITTEN
    found = s3.get_object(Bucket="processed", Key="a")
    assert (found["Body"].read(), found["Metadata"]) == (b"one", {"columns": "3"})
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket="processed", Key="a")["TagSet"]}
    assert tags == {"dataset": "books", "classification": "a b"}


@pytest.mark.parametrize("wrap", [bytes, io.BytesIO])
def test_the_same_bytes_again_are_present_and_others_are_different_and_stay_out(s3: Any, wrap: Any) -> None:
    assert [edge.put_once("processed", "a", wrap(body)) for body in (b"one", b"one", b"two")] == [
        Put.WRITTEN,
        Put.PRESENT,
        Put.DIFFERENT,
    ]
    assert s3.get_object(Bucket="processed", Key="a")["Body"].read() == b"one"


def test_other_bytes_made_from_the_same_are_present(s3: Any) -> None:
    def put(body: bytes, source: str) -> Put:
        return edge.put_once("processed", "a", body, metadata={"plan": source}, made_from="plan")

    assert [put(b"one", "x"), put(b"two", "x"), put(b"two", "y"), put(b"one", "y")] == [
        Put.WRITTEN, Put.PRESENT, Put.DIFFERENT, Put.PRESENT,
    ]  # fmt: skip
    assert s3.get_object(Bucket="processed", Key="a")["Body"].read() == b"one"


def test_a_put_that_needs_no_right_to_read_leaves_what_is_there(s3: Any) -> None:
    assert [edge.put_absent("processed", "a", body) for body in (b"one", b"two")] == [True, False]
    assert s3.get_object(Bucket="processed", Key="a")["Body"].read() == b"one"


def test_bytes_of_unknown_origin_are_different(s3: Any) -> None:
    s3.put_object(Bucket="processed", Key="a", Body=b"other")
    assert edge.put_once("processed", "a", b"one", metadata={"plan": "x"}, made_from="plan") is Put.DIFFERENT


@pytest.mark.parametrize("wrap", [bytes, io.BytesIO])
def test_a_race_is_tried_again_with_the_whole_body(s3: Any, monkeypatch: pytest.MonkeyPatch, wrap: Any) -> None:
    fake = Conflicting(4)
    pauses: list[float] = []
    monkeypatch.setattr(edge, "client", lambda _: fake)
    monkeypatch.setattr(edge.time, "sleep", pauses.append)
    assert edge.put_once("processed", "a", wrap(b"one")) is Put.WRITTEN
    assert s3.get_object(Bucket="processed", Key="a")["Body"].read() == b"one"
    assert len(pauses) == 4


def test_a_race_without_end_is_an_error(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Conflicting(99)
    monkeypatch.setattr(edge, "client", lambda _: fake)
    monkeypatch.setattr(edge.time, "sleep", lambda _: None)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        edge.put_once("processed", "a", b"one")
    assert s3.list_objects_v2(Bucket="processed")["KeyCount"] == 0


@pytest.mark.usefixtures("s3")
def test_any_other_failure_of_a_put_is_raised() -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        edge.put_once("nowhere", "a", b"one")


def test_the_version_of_the_event_is_read_whatever_came_after_it(s3: Any) -> None:
    first = s3.put_object(Bucket="raw", Key="books/a b.csv", Body=b"one")["VersionId"]
    second = s3.put_object(Bucket="raw", Key="books/a b.csv", Body=b"three")["VersionId"]
    s3.delete_object(Bucket="raw", Key="books/a b.csv")
    for version, body in ((first, b"one"), (second, b"three")):
        raw, read, close = edge.open_raw(S3ObjectEvent("raw", "books/a b.csv", version, 0, RECEIVED_AT))
        assert (read(100), raw.size, raw.version_id, raw.dataset) == (body, len(body), version, "books")
        close()


def test_an_unversioned_object_is_read_by_its_key(s3: Any) -> None:
    s3.put_object(Bucket="processed", Key="a", Body=b"one")
    _, read, close = edge.open_raw(S3ObjectEvent("processed", "a", "null", 3, RECEIVED_AT))
    assert read(3) == b"one"
    close()


def test_a_version_that_is_gone_is_said_so(s3: Any) -> None:
    version = s3.put_object(Bucket="raw", Key="a", Body=b"one")["VersionId"]
    s3.delete_object(Bucket="raw", Key="a", VersionId=version)
    for gone in (version, "null"):
        with pytest.raises(ObjectGoneError):
            edge.open_raw(S3ObjectEvent("raw", "a", gone, 3, RECEIVED_AT))


@pytest.mark.usefixtures("s3")
def test_a_failure_that_is_no_absence_is_raised() -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        edge.open_raw(S3ObjectEvent("nowhere", "a", "null", 3, RECEIVED_AT))


def test_existence(s3: Any) -> None:
    s3.put_object(Bucket="processed", Key="a", Body=b"")
    assert (edge.exists("processed", "a"), edge.exists("processed", "b")) == (True, False)


@pytest.mark.usefixtures("aws")
def test_a_refusal_to_say_is_not_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidding:
        def head_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "403"}}, "HeadObject")

    monkeypatch.setattr(edge, "client", lambda _: Forbidding())
    with pytest.raises(ClientError, match="403"):
        edge.exists("processed", "a")


@pytest.mark.usefixtures("aws")
def test_a_client_is_made_once() -> None:
    assert client("s3") is client("s3")

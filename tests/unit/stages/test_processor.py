"""The processor's stage: receipt last (invariant 3), whatever AWS call breaks, and equal on every retry."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault import quarantine, receipt
from datavault.chunk import open_chunk
from datavault.contract import Contracts, Field
from datavault.edges import kinesis
from datavault.edges import s3 as s3_edge
from datavault.edges.events import S3ObjectEvent
from datavault.edges.kinesis import StreamError
from datavault.identity import receipt_key
from datavault.reasons import Reason
from datavault.stages import breaker, claims
from datavault.stages.processor import Outcome, Targets, process_object

from ..support import RECEIVED_AT, make_contract, small_wire

TARGETS = Targets("processed", "quarantine", "chunks")
CONTRACT = make_contract(
    (Field("n", "integer", required=True),), classification="internal", raw_classification="confidential"
)
DATA = b"".join(b'{"n": %d}\n' % n if n % 10 else b"bad\n" for n in range(1, 201))


class CrashError(Exception):
    """The process ends here."""


class Cloud:
    """S3 (moto) and a stream that remembers; counts the calls and crashes before or after the chosen one."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.calls: list[str] = []
        self.stream: list[tuple[str, bytes]] = []
        self.crash_at = -1
        self.after = False

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(f"{name} {request.get('Bucket', '')}".strip())
            is_chosen = len(self.calls) - 1 == self.crash_at
            if is_chosen and not self.after:
                raise CrashError
            try:
                return self._put_records(**request) if name == "put_records" else getattr(self.s3, name)(**request)
            finally:
                if is_chosen:
                    raise CrashError

        return call

    def _put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  boto3's names
        assert StreamName == TARGETS.stream
        self.stream += [(record["PartitionKey"], record["Data"]) for record in Records]
        return {"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1"} for _ in Records]}

    def receipts(self) -> list[receipt.Receipt]:
        return [receipt.decode(body) for body in self.objects("processed", "receipts/")]

    def objects(self, bucket: str, prefix: str) -> list[bytes]:
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found]


@pytest.fixture
def cloud(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(s3)
    for module in (s3_edge, kinesis):
        monkeypatch.setattr(module, "client", lambda _: made)
    monkeypatch.setattr(kinesis, "MAX_CHUNKS", 3)
    with small_wire():
        yield made


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(CONTRACT))
    return Contracts(tmp_path)


def put(cloud: Cloud, data: bytes = DATA, key: str = "books/a.ndjson") -> S3ObjectEvent:
    version = cloud.s3.put_object(Bucket="raw", Key=key, Body=data)["VersionId"]
    return S3ObjectEvent("raw", key, version, len(data), RECEIVED_AT)


def run(event: S3ObjectEvent, contracts: Contracts) -> Outcome:
    started: list[str] = []
    outcome = process_object(event, contracts, TARGETS, lambda: 60, started.append)
    assert started == [outcome.object_id]
    return outcome


def test_an_object_becomes_chunks_a_quarantine_object_and_a_receipt(cloud: Cloud, contracts: Contracts) -> None:
    outcome = run(put(cloud), contracts)
    (written,) = cloud.receipts()
    assert outcome.receipt == written
    assert (written.lines, written.valid, written.quarantined, written.reasons) == (200, 180, 20, {"invalid_json": 20})
    assert [chunk.id for chunk in written.chunks] == [key for key, _ in cloud.stream]
    assert sum(open_chunk(data)[0].records for _, data in cloud.stream) == written.valid
    (body,) = cloud.objects("quarantine", written.quarantine_key)
    assert [entry.line for entry in quarantine.read(body)[1]] == list(range(10, 201, 10))
    assert outcome.conflicts == []


def test_the_receipt_is_the_last_call(cloud: Cloud, contracts: Contracts) -> None:
    run(put(cloud), contracts)
    archive_claim, chunks, last = cloud.calls[:4], cloud.calls[4:-2], cloud.calls[-2:]
    assert archive_claim == ["get_object raw", "head_object quarantine", "put_object processed", "put_object processed"]
    assert chunks == ["put_records"] * len(chunks)
    assert last == ["put_object quarantine", "put_object processed"]
    assert cloud.calls[-1] == "put_object processed"


def test_what_is_written_carries_its_tags_and_bad_records_those_of_what_producers_send(
    cloud: Cloud, contracts: Contracts
) -> None:
    receipt = run(put(cloud), contracts).receipt
    assert receipt is not None
    done = receipt_key("books", receipt.last_modified.date().isoformat(), receipt.object_id)
    for bucket, key, classification in (
        ("quarantine", receipt.quarantine_key, "confidential"),
        ("processed", done, "internal"),
    ):
        tags = cloud.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        found = {tag["Key"]: tag["Value"] for tag in tags}
        assert found == {"dataset": "books", "classification": classification}


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_call_leaves_no_receipt_too_early_and_the_second_run_completes(
    cloud: Cloud, contracts: Contracts, after: bool
) -> None:
    event = put(cloud)
    run(event, contracts)
    wanted, stream, total = cloud.receipts(), list(cloud.stream), len(cloud.calls)
    quarantined = cloud.objects("quarantine", "")
    assert total >= 6
    for crash_at in range(total):
        for bucket in ("processed", "quarantine"):
            for item in cloud.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                cloud.s3.delete_object(Bucket=bucket, Key=item["Key"])
        cloud.calls, cloud.stream, cloud.crash_at, cloud.after = [], [], crash_at, after
        claims._archive.cache_clear()  # a new process
        breaker.forget()
        with pytest.raises(CrashError):
            run(event, contracts)
        if cloud.receipts():
            assert (set(cloud.stream), cloud.objects("quarantine", "")) == (set(stream), quarantined)
        cloud.crash_at = -1
        claims._archive.cache_clear()
        assert run(event, contracts).conflicts == []
        assert set(cloud.stream) == set(stream)
        assert (cloud.receipts(), cloud.objects("quarantine", "")) == (wanted, quarantined)


def other(contracts: Contracts, tmp_path: Path) -> Contracts:
    """Contracts of the next deployment: one that takes nothing of DATA."""
    folder = tmp_path / "next"
    folder.mkdir()
    fields = (Field("n", "integer", required=True, minimum=1_000_000),)
    later = make_contract(fields, classification="restricted", version="2.0.0")
    (folder / "books.json").write_bytes(msgspec.json.encode(later))
    return Contracts(folder)


def test_a_deployment_between_two_attempts_changes_nothing(cloud: Cloud, contracts: Contracts, tmp_path: Path) -> None:
    event = put(cloud)
    cloud.crash_at = 5  # some chunks are in the stream
    with pytest.raises(CrashError):
        run(event, contracts)
    assert cloud.stream
    cloud.crash_at = -1
    outcome = run(event, other(contracts, tmp_path))
    assert outcome.receipt is not None
    assert (outcome.receipt.contract_version, outcome.receipt.valid, outcome.conflicts) == ("1.2.3", 180, [])
    assert len(set(cloud.stream)) == len(outcome.receipt.chunks)


def test_a_dataset_that_gets_its_contract_between_two_attempts_stays_unknown(
    cloud: Cloud, contracts: Contracts, tmp_path: Path
) -> None:
    event = put(cloud)
    (tmp_path / "none").mkdir()
    cloud.crash_at = 2  # claimed, and the quarantine object not written
    with pytest.raises(CrashError):
        run(event, Contracts(tmp_path / "none"))
    cloud.crash_at = -1
    outcome = run(event, contracts)
    assert outcome.receipt is not None
    assert (outcome.receipt.dataset, outcome.receipt.reasons) == ("_unknown", {"unknown_dataset": 1})
    assert run(event, contracts).receipt is None
    assert len(cloud.receipts()) == 1


def test_an_object_begun_with_another_compressor_is_left_to_it(
    cloud: Cloud, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = put(cloud)
    cloud.crash_at = 4
    with pytest.raises(CrashError):
        run(event, contracts)
    cloud.crash_at, sent = -1, len(cloud.stream)
    with monkeypatch.context() as patch:
        patch.setattr(claims, "CUTTER", "datavault.chunk.v1 zstd-9.9.9:1")
        with pytest.raises(claims.CutterError, match=r"begun with datavault\.chunk\.v2 zstd-"):
            run(event, contracts)
    assert (len(cloud.stream), cloud.receipts()) == (sent, [])


def test_a_finished_object_is_finished_whatever_compressor_comes(
    cloud: Cloud, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = put(cloud)
    run(event, contracts)
    monkeypatch.setattr(claims, "CUTTER", "another")
    assert run(event, contracts).receipt is None


def gone(cloud: Cloud, event: S3ObjectEvent) -> None:
    cloud.s3.delete_object(Bucket="raw", Key=event.key, VersionId=event.version_id)


def test_a_version_that_was_deleted_before_it_was_read_has_a_receipt_that_says_so(
    cloud: Cloud, contracts: Contracts
) -> None:
    event = put(cloud)
    gone(cloud, event)
    outcome = run(event, contracts)
    (written,) = cloud.receipts()
    assert outcome.receipt == written
    assert (written.lines, written.valid, written.reasons) == (1, 0, {"object_gone": 1})
    assert written.last_modified == event.time
    (body,) = cloud.objects("quarantine", written.quarantine_key)
    (entry,) = quarantine.read(body)[1]
    assert (entry.line, entry.reason, entry.rest) == (1, Reason.OBJECT_GONE, True)
    assert run(event, contracts).receipt is None


def test_a_version_that_was_deleted_between_two_attempts_is_left_to_a_person(
    cloud: Cloud, contracts: Contracts
) -> None:
    event = put(cloud)
    event = msgspec.structs.replace(event, time=cloud.s3.head_object(Bucket="raw", Key=event.key)["LastModified"])
    cloud.crash_at = 5  # some chunks are in the stream
    with pytest.raises(CrashError):
        run(event, contracts)
    cloud.crash_at = -1
    gone(cloud, event)
    with pytest.raises(s3_edge.ObjectGoneError):
        process_object(event, contracts, TARGETS, lambda: 60, lambda _: None)
    assert cloud.receipts() == []


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_a_late_event_of_a_processed_and_deleted_object_is_finished_work(
    cloud: Cloud, contracts: Contracts, minutes: int
) -> None:
    event = put(cloud)
    run(event, contracts)
    (written,) = cloud.receipts()
    gone(cloud, event)
    late = msgspec.structs.replace(event, time=written.last_modified + timedelta(minutes=minutes))
    assert run(late, contracts).receipt is None
    assert len(cloud.receipts()) == 1


def test_an_event_for_an_object_with_a_receipt_is_finished_work(cloud: Cloud, contracts: Contracts) -> None:
    event = put(cloud)
    run(event, contracts)
    sent = list(cloud.stream)
    again = run(event, contracts)
    assert (again.receipt, again.conflicts, cloud.stream) == (None, [], sent)


def test_a_new_version_under_the_same_key_is_a_new_object(cloud: Cloud, contracts: Contracts) -> None:
    first, second = put(cloud), put(cloud)
    ids = {run(event, contracts).object_id for event in (second, first)}
    assert len(ids) == len(cloud.receipts()) == 2
    assert len({key for key, _ in cloud.stream}) == len(cloud.stream)


def test_other_bytes_under_a_name_are_a_conflict_and_stay(cloud: Cloud, contracts: Contracts) -> None:
    event = put(cloud)
    outcome = run(event, contracts)
    assert outcome.receipt is not None
    key = f"receipts/books/dt={outcome.receipt.last_modified.date()}/{outcome.object_id}.json"
    cloud.s3.delete_object(Bucket="processed", Key=key)
    cloud.s3.put_object(Bucket="quarantine", Key=outcome.receipt.quarantine_key, Body=b"other")
    again = run(event, contracts)
    assert again.conflicts == [outcome.receipt.quarantine_key]
    assert cloud.objects("quarantine", "") == [b"other"]


def test_an_object_without_bad_records_has_no_quarantine_object(cloud: Cloud, contracts: Contracts) -> None:
    outcome = run(put(cloud, b'{"n": 1}\n'), contracts)
    assert outcome.receipt is not None
    assert (outcome.receipt.quarantine_key, cloud.objects("quarantine", "")) == ("", [])


@pytest.mark.parametrize("key", ["nobody/a.csv", "a.csv", "../books/a.csv"])
def test_an_object_of_no_contract_is_quarantined_as_the_most_sensitive(
    cloud: Cloud, contracts: Contracts, key: str
) -> None:
    outcome = run(put(cloud, b"a,b\n", key), contracts)
    assert outcome.receipt is not None
    assert (outcome.receipt.dataset, outcome.receipt.reasons) == ("_unknown", {"unknown_dataset": 1})
    tags = cloud.s3.get_object_tagging(Bucket="quarantine", Key=outcome.receipt.quarantine_key)["TagSet"]
    assert {"Key": "classification", "Value": "restricted"} in tags


def test_chunks_that_the_stream_does_not_take_are_an_error_without_a_receipt(
    cloud: Cloud, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_put_records", lambda Records, **_: {"Records": [{"ErrorCode": "X"} for _ in Records]})  # noqa: N803
    with pytest.raises(StreamError, match="chunks not taken: X"):
        process_object(put(cloud), contracts, TARGETS, lambda: 0, lambda _: None)
    assert cloud.receipts() == []


def test_a_receipt_reads_as_indented_json(cloud: Cloud, contracts: Contracts) -> None:
    run(put(cloud), contracts)
    (body,) = cloud.objects("processed", "receipts/")
    assert body.startswith(b'{\n "object_id": "')
    assert json.loads(body)["chunks"][0]["first_line"] == 1

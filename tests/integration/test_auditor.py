"""The auditor and `datavault verify` on the deployed pipeline. Comes before tests that delete what is written once."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.edges.clients import client

from .test_books import HEADER, ROW

Command = Callable[..., subprocess.CompletedProcess[str]]
Invoke = Callable[[str, dict[str, Any]], Any]

BAD = ROW.replace("2013,1,1", "2013,x,1")
CSV = "\n".join([HEADER, *[ROW] * 50, BAD]).encode()
# The schedule's minute, one more for what was loaded too late for the first, and the start of a function.
SEAL_SECONDS = 240.0


@pytest.fixture(scope="module")
def loaded(load: Callable[[str, bytes], Loaded]) -> Loaded:
    found = load("flights/audited.csv", CSV)
    assert (found.valid, found.quarantined) == (50, 1)
    return found


@pytest.fixture(scope="module")
def sealed(run: Context, loaded: Loaded) -> dict[str, Any]:
    """The entry of the object in its seal, which nobody but the schedule has asked for."""
    end = time.monotonic() + SEAL_SECONDS
    while time.monotonic() < end:
        for body in bodies(run, "seals/flights/").values():
            for entry in json.loads(body)["entries"]:
                if loaded.object_id in entry["receipt"]:
                    return dict(entry)
        time.sleep(1)
    raise AssertionError("not sealed in time")


def bodies(run: Context, prefix: str) -> dict[str, bytes]:
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}


def published(run: Context, since: float) -> dict[str, float]:
    """The auditor's last metrics of the dataset flights, in its log since then."""
    group, end = f"/aws/lambda/{run.stack.functions['auditor']}", time.monotonic() + 60
    while time.monotonic() < end:
        events = client("logs").filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]
        lines = [json.loads(event["message"]) for event in events if '"_aws"' in event["message"]]
        if found := [line for line in lines if line.get("dataset") == "flights" and "RecordsUnaccounted" in line]:
            names = ("RecordsUnaccounted", "OldestUnloadedSeconds", "ObjectsSealed")
            return {name: found[-1][name][0] for name in names}
        time.sleep(0.5)
    raise AssertionError("the auditor published nothing")


def problems(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in json.loads(done.stdout)["problems"]:
        found.setdefault(problem["key"], []).append(problem["message"])
    return found


@contextmanager
def another_version(bucket: str, key: str, body: bytes | None) -> Iterator[None]:
    """An object that somebody deleted (no body) or overwrote, for a while. He would need rights that no role has."""
    s3 = client("s3")
    done = s3.delete_object(Bucket=bucket, Key=key) if body is None else s3.put_object(
        Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256"
    )  # fmt: skip
    try:
        yield
    finally:
        # S3 refuses to bypass what is not locked: the quarantine bucket expires and has no lock.
        lock = {} if bucket.endswith("-quarantine-data") else {"BypassGovernanceRetention": True}
        s3.delete_object(Bucket=bucket, Key=key, VersionId=done["VersionId"], **lock)


def test_the_schedule_seals_what_is_loaded_and_says_that_all_is_well(
    run: Context, loaded: Loaded, sealed: dict[str, Any], invoke: Invoke
) -> None:
    assert (sealed["lines"], sealed["valid"], sealed["quarantined"]) == (51, 50, 1)
    assert [parquet["rows"] for parquet in sealed["parquet"]] == [50]
    assert sealed["quarantine"]["key"].endswith(f"{loaded.object_id}.ndjson.zst")
    started = time.time()
    assert invoke("auditor", {})["incomplete"] == 0
    assert published(run, started) == {"RecordsUnaccounted": 0, "OldestUnloadedSeconds": 0, "ObjectsSealed": 0}


def test_what_does_not_add_up_is_published_until_it_is_mended(
    run: Context, sealed: dict[str, Any], invoke: Invoke
) -> None:
    forged = sealed["receipt"].rpartition("/")[0] + f"/{'f' * 32}.json"
    started = time.time()
    with another_version(run.stack.processed_bucket, forged, bodies(run, sealed["receipt"])[sealed["receipt"]]):
        invoke("auditor", {})
        assert published(run, started)["RecordsUnaccounted"] >= 1
    started = time.time()
    invoke("auditor", {})
    assert published(run, started)["RecordsUnaccounted"] == 0


def test_verify_proves_what_nobody_touched_in_the_buckets_and_in_a_copy(
    run: Context, sealed: dict[str, Any], datavault: Command, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.json"
    done = datavault("verify", "--deep", "--heads", str(heads), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["receipts"] >= 1
    for bucket in (run.stack.processed_bucket, run.stack.quarantine_bucket):
        for item in client("s3").list_objects_v2(Bucket=bucket)["Contents"]:
            file = tmp_path / "copy" / item["Key"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(client("s3").get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
    copied = datavault("verify", "--folder", str(tmp_path / "copy"), "--heads", str(heads))
    assert copied.returncode == 0, copied.stdout + copied.stderr
    (tmp_path / "copy" / sealed["parquet"][0]["key"]).write_bytes(b"")
    assert datavault("verify", "--folder", str(tmp_path / "copy")).returncode == 1


@pytest.mark.parametrize("what", ["receipt", "parquet", "quarantine"])
@pytest.mark.parametrize("body", [None, b"other"], ids=["taken away", "altered"])
def test_verify_names_a_sealed_object_that_was_touched(
    run: Context, sealed: dict[str, Any], datavault: Command, what: str, body: bytes | None
) -> None:
    bucket, key = {
        "receipt": (run.stack.processed_bucket, sealed["receipt"]),
        "parquet": (run.stack.processed_bucket, sealed["parquet"][0]["key"]),
        "quarantine": (run.stack.quarantine_bucket, sealed["quarantine"]["key"]),
    }[what]
    with another_version(bucket, key, body):
        done = datavault("verify", "--json")
    assert done.returncode == 1
    found = problems(done)[key]
    assert len(found) == 2  # the versions, and what a plain read finds
    assert any(("it is gone" if body is None else "it was changed") in message for message in found)


def test_verify_names_a_seal_that_was_altered(run: Context, sealed: dict[str, Any], datavault: Command) -> None:
    key, data = next(
        (key, data) for key, data in bodies(run, "seals/flights/").items() if sealed["receipt"].encode() in data
    )
    with another_version(run.stack.processed_bucket, key, data.replace(b'"lines": 51', b'"lines": 52')):
        done = datavault("verify", "--json")
    assert done.returncode == 1
    assert any("what is not in that receipt" in message for message in problems(done)[key])
    assert datavault("verify").returncode == 0

"""The loader's stage: manifests that COPY takes, one transaction per dataset, and what is left to be tried again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from datavault.contract import Contracts, Field
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.warehouse import Warehouse
from datavault.stages.loader import Load, ParquetFile, Target, describe, group, load_keys, manifest

from ..fakes import DataApi
from ..support import make_contract

TARGET = Target("processed", "quarantine", Warehouse("w", "d", "secret"), "arn:copy")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DataApi:
    fake = DataApi()
    monkeypatch.setattr(warehouse_edge, "client", lambda _: fake)
    monkeypatch.setattr(warehouse_edge.time, "sleep", fake.pauses.append)
    return fake


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    fields = (Field("n", "integer", required=True), Field("s", "string"))
    for dataset in ("books", "films"):
        contract = msgspec.structs.replace(make_contract(fields), dataset=dataset)
        (tmp_path / f"{dataset}.json").write_bytes(msgspec.json.encode(contract))
    return Contracts(tmp_path)


def put(s3: Any, *names: str, columns: str = "2") -> list[str]:
    keys = [f"data/{name}.parquet" for name in names]
    for key in keys:
        s3.put_object(Bucket="processed", Key=key, Body=key.encode(), Metadata={"columns": columns})
    return keys


def run(keys: list[str], contracts: Contracts, tried: int = 1, seconds: float = 60) -> list[Load]:
    return list(load_keys(dict.fromkeys(keys, tried), contracts, TARGET, lambda: seconds))


def answer(api: DataApi, statement: int, *rows: list[Any]) -> None:
    """The last statement of the n-th transaction gives these rows."""
    api.results[f"id{statement}:8"] = [rows]


def test_a_manifest_makes_every_file_mandatory_and_says_its_length() -> None:
    body = manifest("b", [ParquetFile("data/x/dt=1/c.parquet", 123, 2)])
    assert json.loads(body) == {
        "entries": [{"url": "s3://b/data/x/dt=1/c.parquet", "mandatory": True, "meta": {"content_length": 123}}]
    }


def test_objects_are_grouped_by_dataset_and_columns_each_once_and_in_order() -> None:
    files = [
        ParquetFile(f"data/{name}.parquet", 1, columns)
        for name, columns in [("b/dt=1/2", 2), ("a/dt=1/1", 1), ("b/dt=1/1", 2), ("b/dt=1/3", 1)]
    ]
    assert {key: [file.key[5:13] for file in found] for key, found in group([*files, files[0]]).items()} == {
        ("a", 1): ["a/dt=1/1"],
        ("b", 2): ["b/dt=1/1", "b/dt=1/2"],
        ("b", 1): ["b/dt=1/3"],
    }


def test_the_manifest_does_not_depend_on_the_order_of_events() -> None:
    files = [ParquetFile(f"data/b/dt=1/{n}.parquet", 1, 2) for n in range(3)]
    assert manifest("b", group(files)["b", 2]) == manifest("b", group(files[::-1])["b", 2])


def test_what_is_no_parquet_object_of_ours_is_told_apart(s3: Any) -> None:
    (good,) = put(s3, "books/dt=1/a")
    foreign = put(s3, "books/dt=1/x", columns="many")[0]
    s3.put_object(Bucket="processed", Key="data/books/dt=1/y.parquet", Body=b"")
    files, unreadable = describe(
        "processed", [good, foreign, "data/books/dt=1/y.parquet", "data/books/dt=1/z.parquet", "other"]
    )
    assert files == [ParquetFile(good, len(good), 2)]
    assert unreadable == {
        foreign: "not a Parquet object of this pipeline",
        "data/books/dt=1/y.parquet": "not a Parquet object of this pipeline",
        "data/books/dt=1/z.parquet": "S3 answers 404",
        "other": "not a Parquet object of this pipeline",
    }


def test_each_dataset_is_one_transaction_over_its_manifest(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "films/dt=1/b", "books/dt=1/c")
    answer(api, 1, ["a", "loaded", 5], ["c", "present", 6])
    answer(api, 2, ["b", "refused", 7])
    books, films = run(keys, contracts)
    assert [(load.dataset, len(load.files)) for load in (books, films)] == [("books", 2), ("films", 1)]
    assert ([status.row_count for status in books.loaded], books.refused, books.to_try_again) == ([5], [], [])
    assert (films.refused, films.to_try_again) == (["b"], ["data/films/dt=1/b.parquet"])
    copied = api.started[0][2].split("'")[1].removeprefix("s3://processed/")
    entries = json.loads(s3.get_object(Bucket="processed", Key=copied)["Body"].read())["entries"]
    assert [entry["url"] for entry in entries] == [f"s3://processed/{key}" for key in (keys[0], keys[2])]
    assert copied.startswith("manifests/books/")


def test_a_chunk_that_the_answer_lacks_is_not_in_the_warehouse(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    answer(api, 1, ["a", "loaded", 1])
    (load,) = run(keys, contracts)
    assert load.to_try_again == [keys[1]]


def test_a_transaction_that_fails_leaves_its_objects_and_does_not_stop_the_others(
    s3: Any, api: DataApi, contracts: Contracts
) -> None:
    keys = put(s3, "books/dt=1/a", "films/dt=1/b")
    api.statuses, api.error = ["FAILED", "FINISHED"], "ERROR: Spectrum Scan Error"
    answer(api, 2, ["b", "loaded", 7])
    books, films = run(keys, contracts)
    assert (books.error, books.to_try_again) == ("ERROR: Spectrum Scan Error", [keys[0]])
    assert (films.error, films.to_try_again) == ("", [])


def test_what_cannot_be_loaded_at_all_does_not_stop_the_others(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "unheard/dt=1/b")
    answer(api, 1, ["a", "loaded", 1])
    loads = run([*keys, "data/books/dt=1/gone.parquet"], contracts)
    errors = {key: load.error for load in loads for key in load.to_try_again}
    assert errors == {"data/books/dt=1/gone.parquet": "S3 answers 404", keys[1]: "no contract describes the dataset"}
    assert len(api.started) == 1


@pytest.fixture
def redshift(s3: Any, api: DataApi) -> Callable[..., None]:
    """Redshift that loads every object of a manifest but the given ones: those fail the COPY."""

    def answer_as_redshift(*offenders: str, number: int = 3, error: str = "ERROR: Spectrum Scan Error") -> None:
        def judge(statements: list[str]) -> tuple[int, str] | None:
            key = statements[2].split("'")[1].removeprefix("s3://processed/")
            entries = json.loads(s3.get_object(Bucket="processed", Key=key)["Body"].read())["entries"]
            chunks = [Path(entry["url"]).stem for entry in entries]
            api.results[f"id{len(api.started)}:8"] = [[[chunk, "loaded", 1] for chunk in chunks]]
            return (number, error) if set(chunks) & set(offenders) else None

        api.judge = judge

    return answer_as_redshift


def failed_loads(s3: Any) -> dict[str, dict[str, Any]]:
    found = s3.list_objects_v2(Bucket="quarantine").get("Contents", [])
    return {
        item["Key"]: json.loads(s3.get_object(Bucket="quarantine", Key=item["Key"])["Body"].read()) for item in found
    }


@pytest.mark.parametrize("offenders", [["c"], ["a"], ["a", "h"], ["d", "e", "f"]])
def test_an_object_that_redshift_refuses_is_set_aside_and_the_rest_loads(
    s3: Any, api: DataApi, contracts: Contracts, redshift: Callable[..., None], offenders: list[str]
) -> None:
    keys = put(s3, *(f"books/dt=2026-03-14/{name}" for name in "abcdefgh"))
    redshift(*offenders)
    loads = run(keys, contracts)
    loaded = sorted(status.chunk_id for load in loads for status in load.loaded)
    assert loaded == sorted(set("abcdefgh") - set(offenders))
    assert [key for load in loads for key in load.to_try_again] == []
    assert [load.files[0].chunk_id for load in loads if load.is_set_aside] == offenders
    notes = failed_loads(s3)
    assert list(notes) == [f"failed-loads/books/dt=2026-03-14/{name}.json" for name in offenders]
    for name, note in zip(offenders, notes.values(), strict=True):
        assert note.pop("statement_id").startswith("id")
        assert note == {
            "chunk_id": name,
            "dataset": "books",
            "bucket": "processed",
            "key": f"data/books/dt=2026-03-14/{name}.parquet",
            "size": len(keys[0]),
            "error": "ERROR: Spectrum Scan Error",
        }


def test_where_nothing_loads_nothing_is_set_aside_at_first(
    s3: Any, api: DataApi, contracts: Contracts, redshift: Callable[..., None]
) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    redshift("a", "b")
    assert [key for load in run(keys, contracts, tried=2) for key in load.to_try_again] == keys
    assert failed_loads(s3) == {}
    assert [load.is_set_aside for load in run(keys, contracts, tried=3)] == [True, True]
    assert len(failed_loads(s3)) == 2


def test_a_failure_before_the_copy_is_no_objects_fault(
    s3: Any, api: DataApi, contracts: Contracts, redshift: Callable[..., None]
) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    redshift("a", number=1, error="ERROR: permission denied for relation ledger")
    (load,) = run(keys, contracts, tried=5)
    assert (load.error, load.to_try_again, len(api.started)) == (
        "ERROR: permission denied for relation ledger", keys, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        "ERROR: 1023 DETAIL: Serializable isolation violation on table - 108263",
        "ERROR: deadlock detected",
        "ERROR: could not complete because of conflict with concurrent transaction",
    ],
)
def test_transactions_that_met_are_run_again_whole(
    s3: Any, api: DataApi, contracts: Contracts, redshift: Callable[..., None], error: str
) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    redshift()
    well = api.judge
    api.judge = lambda statements: (6, error) if len(api.started) < 3 else well(statements)
    (load,) = run(keys, contracts)
    assert (len(load.loaded), load.error, len(api.started)) == (2, "", 3)
    assert len({tuple(statements) for statements in api.started}) == 1


def test_transactions_that_meet_for_ever_go_back_to_the_queue(
    s3: Any, api: DataApi, contracts: Contracts, redshift: Callable[..., None]
) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    redshift("a", number=6, error="ERROR: deadlock detected")
    (load,) = run(keys, contracts, tried=5)
    assert (load.to_try_again, len(api.started)) == (keys, 4)
    assert failed_loads(s3) == {}


def test_without_time_nothing_is_started(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a")
    (load,) = run(keys, contracts, seconds=-1)
    assert (load.error, load.to_try_again, api.started) == ("no time was left", keys, [])


def test_a_statement_that_outlasts_the_function_is_not_split(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    api.statuses = ["STARTED"] * 9
    (load,) = run(keys, contracts, tried=5, seconds=0)
    assert (load.to_try_again, len(api.started), api.cancelled) == (keys, 1, ["id1"])


def test_an_object_of_a_newer_contract_waits_for_the_deployment(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", columns="3")
    (load,) = run(keys, contracts, tried=5)
    assert (load.to_try_again, api.started) == (keys, [])
    assert "newer contract" in load.error


def test_the_same_objects_again_use_the_same_manifest(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a")
    for _ in range(2):
        run(keys, contracts)
    assert api.started[0] == api.started[1]
    assert boto3.client("s3").list_objects_v2(Bucket="processed", Prefix="manifests/")["KeyCount"] == 1

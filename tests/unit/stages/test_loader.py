"""The loader's stage: manifests that COPY takes, one transaction per dataset, and what is left to be tried again."""

import json
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from datavault.contract import Contracts, Field
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.warehouse import Warehouse
from datavault.stages.loader import Load, ParquetFile, Target, describe, group, load_keys, manifest, migrate
from datavault.warehouse_sql import MigrationError

from ..fakes import DataApi
from ..support import make_contract

TARGET = Target("processed", Warehouse("w", "d", "secret"), "arn:copy")


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


def run(keys: list[str], contracts: Contracts) -> list[Load]:
    return list(load_keys(keys, contracts, TARGET, lambda: 60))


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
    assert ([status.row_count for status in books.loaded], books.refused, books.not_in_warehouse) == ([5], [], [])
    assert (films.refused, films.not_in_warehouse) == (["b"], ["data/films/dt=1/b.parquet"])
    copied = api.started[0][2].split("'")[1].removeprefix("s3://processed/")
    entries = json.loads(s3.get_object(Bucket="processed", Key=copied)["Body"].read())["entries"]
    assert [entry["url"] for entry in entries] == [f"s3://processed/{key}" for key in (keys[0], keys[2])]
    assert copied.startswith("manifests/books/")


def test_a_chunk_that_the_answer_lacks_is_not_in_the_warehouse(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "books/dt=1/b")
    answer(api, 1, ["a", "loaded", 1])
    (load,) = run(keys, contracts)
    assert load.not_in_warehouse == [keys[1]]


def test_a_transaction_that_fails_leaves_its_objects_and_does_not_stop_the_others(
    s3: Any, api: DataApi, contracts: Contracts
) -> None:
    keys = put(s3, "books/dt=1/a", "films/dt=1/b")
    api.statuses, api.error = ["FAILED", "FINISHED"], "ERROR: Spectrum Scan Error"
    answer(api, 2, ["b", "loaded", 7])
    books, films = run(keys, contracts)
    assert (books.error, books.not_in_warehouse) == ("ERROR: Spectrum Scan Error", [keys[0]])
    assert (films.error, films.not_in_warehouse) == ("", [])


def test_what_cannot_be_loaded_at_all_does_not_stop_the_others(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a", "unheard/dt=1/b")
    answer(api, 1, ["a", "loaded", 1])
    loads = run([*keys, "data/books/dt=1/gone.parquet"], contracts)
    errors = {key: load.error for load in loads for key in load.not_in_warehouse}
    assert errors == {"data/books/dt=1/gone.parquet": "S3 answers 404", keys[1]: "no contract describes the dataset"}
    assert len(api.started) == 1


def test_the_same_objects_again_use_the_same_manifest(s3: Any, api: DataApi, contracts: Contracts) -> None:
    keys = put(s3, "books/dt=1/a")
    for _ in range(2):
        run(keys, contracts)
    assert api.started[0] == api.started[1]
    assert boto3.client("s3").list_objects_v2(Bucket="processed", Prefix="manifests/")["KeyCount"] == 1


def test_a_migration_runs_its_statements_one_by_one(api: DataApi, contracts: Contracts) -> None:
    there = [["n", "bigint", None, 64, 0], ["s", "character varying", 1000, None, None]]
    lineage = [
        ["_object_id", "character", 32, None, None],
        ["_received_at", "timestamp with time zone", None, None, None],
    ]
    api.results["id2"] = [[*there, *lineage]]
    statements = migrate(contracts, TARGET.warehouse, lambda: 60)
    assert statements[0] == "CREATE SCHEMA IF NOT EXISTS datavault"
    assert [statement.split("(")[0] for statement in statements[2:]] == ['CREATE TABLE IF NOT EXISTS public."books" ']
    assert api.started[-len(statements) :] == [[statement] for statement in statements]


def test_a_migration_that_would_break_somebody_changes_nothing(api: DataApi, contracts: Contracts) -> None:
    api.results["id2"] = [[["n", "date", None, None, None]]]
    with pytest.raises(MigrationError):
        migrate(contracts, TARGET.warehouse, lambda: 60)
    assert [sql.split(" ")[0] for (sql,) in api.started] == ["SELECT"] * len(api.started)

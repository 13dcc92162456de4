"""`datavault contract test`: a changed contract over stored data."""

import json
from pathlib import Path
from typing import Any

import pytest

from datavault.cli import local_contracts
from datavault.edges.clients import client

from .conftest import Pipeline, Run
from .orders import CSV_HEADER, allow_italy, change, line, row


@pytest.fixture
def stored(pipeline: Pipeline, checkout: Path) -> list[str]:
    """Two objects: one record of Italy, one without a mail address, three good ones; their keys."""
    body = b"\n".join([line(1), line(2, "IT"), line(3, gift="yes"), line(4, total="900.00")])
    return [
        pipeline.put("orders/a.ndjson", body).key,
        pipeline.put("orders/b.csv", b"\n".join([CSV_HEADER, row(5), row(6, "IT"), b""])).key,
    ]


def trial(run: Run, checkout: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    local_contracts.local_contract.cache_clear()
    code, out, err = run("contract", "test", "orders", *arguments, "--contracts", str(checkout / "contracts"), "--json")
    assert out, err
    return code, json.loads(out)


def groups(changes: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(found["reason"], found["field"]): (found["records"], found["objects"]) for found in changes}


@pytest.mark.parametrize("against", ["raw", "quarantine"])
def test_an_unchanged_contract_changes_nothing(run: Run, checkout: Path, stored: list[str], against: str) -> None:
    code, report = trial(run, checkout, "--against", against)

    assert code == 0
    assert (report["newly_fail"], report["newly_pass"], report["sql_errors"]) == ([], [], {})
    assert (report["objects"], report["records"]) == (2, 6 if against == "raw" else 3)


@pytest.mark.parametrize("against", ["raw", "quarantine"])
def test_a_wider_contract_says_what_would_newly_pass(run: Run, checkout: Path, stored: list[str], against: str) -> None:
    allow_italy(checkout)

    code, report = trial(run, checkout, "--against", against)

    assert code == 0
    assert (report["version"], report["newly_fail"]) == ("1.1.0", [])
    assert groups(report["newly_pass"]) == {("not_in_enum", "customer.country"): (2, 2)}


def test_a_narrower_contract_says_what_would_newly_fail_and_exits_1(
    run: Run, checkout: Path, stored: list[str]
) -> None:
    change(
        checkout,
        "logicalTypeOptions: {minimum: 0}\n        description: Sum",
        "logicalTypeOptions: {maximum: 100}\n        description: Sum",
    )

    code, report = trial(run, checkout, "--against", "raw")

    assert code == 1
    assert groups(report["newly_fail"]) == {("out_of_range", "total"): (1, 1)}
    (found,) = report["newly_fail"]
    assert "900.00" not in found["example"]
    assert '"total": <string 6>' in found["example"]
    (found,) = trial(run, checkout, "--against", "raw", "--reveal")[1]["newly_fail"]
    assert '"total": "900.00"' in found["example"]
    words = ("contract", "test", "orders", "--against", "raw", "--contracts", str(checkout / "contracts"))
    code, out, _ = run(*words)
    assert code == 1
    assert "orders 1.1.0 over 6 records of 2 objects: 1 newly fail, 0 newly pass" in out


def test_sql_that_fails_on_the_data_is_said_and_exits_1(run: Run, checkout: Path, stored: list[str]) -> None:
    allow_italy(checkout)
    path = checkout / "contracts/orders/enrich.sql"
    path.write_text(path.read_text() + "WHERE customer.id <> 2\n")

    code, report = trial(run, checkout, "--against", "quarantine")

    assert code == 1
    assert report["sql_errors"] == {"orders: 1 records became 0 rows; enrich.sql must keep each `_line` once": 1}
    words = ("contract", "test", "orders", "--against", "raw", "--contracts", str(checkout / "contracts"))
    assert "enrich.sql fails on 1 chunks" in run(*words)[1]


def test_sql_that_does_not_run_at_all_is_a_sentence(run: Run, checkout: Path, stored: list[str]) -> None:
    (checkout / "contracts/orders/enrich.sql").write_text("SELECT nothing FROM records\n")

    words = ("contract", "test", "orders", "--against", "raw", "--contracts", str(checkout / "contracts"))
    code, _, err = run(*words)

    assert code == 1
    assert "enrich.sql has to run before" in err


def test_limit_and_since_choose_the_objects(run: Run, checkout: Path, stored: list[str]) -> None:
    for against in ("raw", "quarantine"):
        assert trial(run, checkout, "--against", against, "--limit", "1")[1]["objects"] == 1
        assert trial(run, checkout, "--against", against, "--since", "2999-01-01")[1]["objects"] == 0
        assert trial(run, checkout, "--against", against, "--since", "1d")[1]["objects"] == 2


def test_objects_that_are_gone_are_counted(run: Run, checkout: Path, stored: list[str], s3: Any) -> None:
    (version,) = s3.list_object_versions(Bucket="raw", Prefix="orders/a")["Versions"]
    s3.delete_object(Bucket="raw", Key=version["Key"], VersionId=version["VersionId"])
    for item in s3.list_objects_v2(Bucket="quarantine", Prefix="quarantine/")["Contents"]:
        s3.delete_object(Bucket="quarantine", Key=item["Key"])

    assert trial(run, checkout, "--against", "raw")[1]["objects_gone"] == 2
    words = ("contract", "test", "orders", "--against", "raw", "--contracts", str(checkout / "contracts"))
    assert "(2 objects are gone)" in run(*words)[1]


def test_quarantine_of_a_folder_that_had_no_contract_counts_for_its_name(
    run: Run, pipeline: Pipeline, checkout: Path, s3: Any
) -> None:
    pipeline.deploy()
    (pipeline._folder / "orders.json").unlink()
    pipeline.put("orders/a.ndjson", line(1) + b"\n" + line(2))
    pipeline.put("ordres/a.ndjson", line(1))
    client("s3").put_object(
        Bucket="quarantine", Key="quarantine/orders/dt=2026-01-01/open.ndjson.zst",
        Body=s3.get_object(
            Bucket="quarantine",
            Key=s3.list_objects_v2(Bucket="quarantine", Prefix="quarantine/_unknown/")["Contents"][0]["Key"],
        )["Body"].read(),
    )  # fmt: skip

    code, report = trial(run, checkout, "--against", "quarantine")

    assert code == 0
    assert groups(report["newly_pass"]) == {("unknown_dataset", ""): (1, 1)}


def test_an_unknown_contract_is_a_sentence(run: Run, checkout: Path) -> None:
    code, _, err = run("contract", "test", "nobody", "--against", "raw", "--contracts", str(checkout / "contracts"))

    assert code == 2
    assert "no contract for nobody" in err

"""The `datavault` command, over services in memory: what it prints, and its exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault.cli import context
from datavault.cli.context import Stack
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.clients import client

from .conftest import Run, Tables


def loaded(api: Tables, chunk: str, rows: int) -> None:
    """The ledger has two rows of the chunk, the table `rows`."""
    api.ledger, api.table = [[chunk, "books", 2, 0]], [[chunk, rows]]


def test_audit_exits_0_when_all_adds_up(run: Run, api: Tables, processed: str) -> None:
    loaded(api, processed, 2)

    code, out, _ = run("audit")

    assert (code, out.splitlines()[-1]) == (0, "audit: balanced")


def test_audit_exits_1_and_names_object_and_hop(run: Run, api: Tables, processed: str) -> None:
    loaded(api, processed, 1)

    code, out, _ = run("audit", "--json")

    found = json.loads(out)
    assert (code, found["balanced"]) == (1, False)
    assert [(entry["hop"], entry["key"]) for entry in found["findings"]] == [("ledger->table", "books/day.ndjson")]
    assert "ledger->table books/day.ndjson" in run("audit")[1]


def test_quarantine_lists_reasons_and_hides_values_unless_asked(run: Run, processed: str) -> None:
    (listed,) = json.loads(run("quarantine", "list", "--json")[1])
    assert (listed["key"], listed["reasons"]) == ("books/day.ndjson", {"wrong_type": 1})
    assert "wrong_type" in run("quarantine", "list", "--dataset", "books")[1]

    hidden, shown = (
        run("quarantine", "show", listed["object_id"])[1],
        run("quarantine", "show", listed["object_id"][:8], "--reveal")[1],
    )

    assert "[red]x" not in hidden
    assert '{"id":"[red]x"}' in shown  # as data, not as markup
    (entry,) = json.loads(run("--json", "quarantine", "show", listed["object_id"], "--reveal")[1])
    assert (entry["line"], entry["reason"], entry["field"], entry["original"]) == (
        2,
        "wrong_type",
        "id",
        '{"id":"[red]x"}',
    )


def test_quarantine_show_says_when_there_is_no_such_object(run: Run, processed: str) -> None:
    code, _, err = run("quarantine", "show", "zz")

    assert code == 1
    assert "no quarantined object begins with 'zz'" in err
    assert "hint:" in err


def test_status_counts_what_waits_and_exits_1_when_something_was_given_up(
    run: Run, api: Tables, stack: Stack, processed: str
) -> None:
    loaded(api, processed, 2)
    code, out, _ = run("status", "--json")
    assert code == 0
    assert json.loads(out)["datasets"]["books"] == {
        "raw_objects": 1, "processed": 1, "records": 3, "quarantined": 1, "rows_loaded": 2,
    }  # fmt: skip

    client("sqs").send_message(QueueUrl=stack.raw_dlq_url, MessageBody="x")

    code, out, _ = run("status")
    assert code == 1
    assert "raw events (DLQ)" in out


def test_status_counts_objects_of_unknown_datasets_as_their_receipts_are_filed(
    run: Run, api: Tables, processed: str
) -> None:
    client("s3").put_object(Bucket="raw", Key="surprise/a.ndjson", Body=b"{}")
    loaded(api, processed, 2)
    datasets = json.loads(run("status", "--json")[1])["datasets"]
    assert {name: counts["raw_objects"] for name, counts in datasets.items() if counts["raw_objects"]} == {
        "books": 1,
        "_unknown": 1,
    }


def test_query_prints_a_table_csv_or_json(run: Run, api: Tables, stack: Stack) -> None:
    api.results = {f"id{number}": [[["a,b", 1, None]]] for number in range(1, 9)}

    assert "a,b" in run("query", "select 1")[1]
    assert run("query", "--format", "csv", "select 1")[1] == '"a,b",1,\n'
    assert run("query", "--format", "csv", "--header", "select 1")[1] == 'c0,c1,c2\n"a,b",1,\n'
    assert json.loads(run("query", "select 1", "--json")[1]) == [{"c0": "a,b", "c1": 1, "c2": None}]
    assert api.targets[0] == {"WorkgroupName": "group", "Database": "db"}


@pytest.mark.parametrize(("arguments", "role"), [((), "arn:analyst"), (("--as", "reader"), "arn:reader")])
def test_query_takes_the_role_that_is_asked_for(  # noqa: PLR0917  fixtures
    arguments: tuple[str, ...], role: str, run: Run, api: Tables, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, ...]] = []

    def client(*asked: str) -> Tables:
        taken.append(asked)
        return api

    roles = {"analyst": "arn:analyst", "reader": "arn:reader"}
    monkeypatch.setattr(context.Context, "stack", msgspec.structs.replace(stack, warehouse_roles=roles))
    monkeypatch.setattr(warehouse_edge, "client", client)

    assert run("query", *arguments, "select 1")[0] == 0
    assert set(taken) == {("redshift-data", role)}


def test_query_says_redshifts_error_and_exits_1(run: Run, api: Tables, stack: Stack) -> None:
    api.statuses, api.error = ["FAILED"], "ERROR: relation does not exist"

    assert run("query", "select nonsense")[::2] == (1, "Redshift: ERROR: relation does not exist\n")


def test_ingest_puts_the_file_and_says_its_id(run: Run, stack: Stack, s3: Any, tmp_path: Path) -> None:
    file = tmp_path / "a file.csv"
    file.write_bytes(b"x,y\n")

    code, out, _ = run("ingest", "books", str(file), "--json")

    assert code == 0
    assert json.loads(out)["sent"][0]["key"] == "books/a file.csv"
    assert s3.get_object(Bucket="raw", Key="books/a file.csv")["Body"].read() == b"x,y\n"
    assert "object id" in run("ingest", "books", str(file), "--key", "b.csv")[1]


def test_ingest_waits_for_the_rows(run: Run, api: Tables, processed: str, s3: Any, tmp_path: Path) -> None:
    """The object that is processed already is sent again by its very name: here the wait is for that version."""
    loaded(api, processed, 2)
    file = tmp_path / "day.ndjson"
    file.write_bytes(b"nothing")

    code, _, err = run("ingest", "books", str(file), "--wait", "--timeout-seconds", "0.01")

    assert code == 1
    assert "0 of 1 objects are in the warehouse" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ingest", "nobody", "x"), "no contract describes the dataset 'nobody'"),
        (("ingest", "books", "not/there.csv"), "no such file: not/there.csv"),
        (("ingest", "books", __file__, __file__, "--key", "x"), "--key names one object"),
    ],
)
def test_ingest_says_what_is_wrong_before_it_sends(
    run: Run, stack: Stack, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(*arguments)

    assert code == 2
    assert message in err


def test_an_aws_error_is_a_sentence(run: Run, stack: Stack, s3: Any) -> None:
    s3.delete_bucket(Bucket="processed")

    code, _, err = run("quarantine", "list")

    assert code == 2
    assert err.startswith("AWS: ")
    assert "hint:" in err


def test_an_unknown_environment_is_a_sentence(run: Run) -> None:
    code, _, err = run("--env", "nowhere", "status")

    assert code == 2
    assert "no environment 'nowhere'" in err
    assert "local" in err


def test_contract_show_prints_fields_columns_and_ddl(run: Run) -> None:
    code, out, _ = run("contract", "show", "orders")
    assert code == 0
    assert "array of {sku: string, quantity: integer, unit_price: decimal(10,2)}" in out
    assert 'CREATE TABLE IF NOT EXISTS public."orders"' in run("contract", "show", "orders", "--sql")[1]
    assert json.loads(run("contract", "show", "orders", "--json")[1])["dataset"] == "orders"


def test_contract_show_says_how_sensitive_objects_are_how_long_they_are_kept_and_where_they_move(run: Run) -> None:
    flights, orders = (run("contract", "show", dataset)[1] for dataset in ("flights", "orders"))
    cells = [re.split(r"\s*│\s*", line)[1:-1] for line in (flights + orders).splitlines() if " objects" in line]
    assert cells == [
        [
            "raw objects, quarantined records",
            "confidential",
            "365 days",
            "STANDARD_IA after 30 days, GLACIER_IR after 120 days",
        ],
        ["Parquet objects", "confidential", "2555 days", "GLACIER_IR after 90 days"],
        ["raw objects, quarantined records", "restricted", "60 days", "nowhere"],
        ["Parquet objects", "restricted", "3650 days", "as the stack says"],
    ]


def test_contract_check_passes_for_every_contract_and_names_each_problem_of_a_bad_one(run: Run, tmp_path: Path) -> None:
    assert run("contract", "check", "orders")[0] == 0
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "contract.odcs.yaml").write_text("kind: DataContract\n")

    code, _, err = run("contract", "check", "--contracts", str(tmp_path))

    assert code == 1
    assert "'version' is a required property" in err
    assert "'id' is a required property" in err
    assert json.loads(run("contract", "check", "--contracts", str(tmp_path), "--json")[1])["ok"] is False
    assert "no contract for nothing" in run("contract", "check", "nothing")[2]


def test_contract_release_writes_what_later_checks_compare_with(run: Run, tmp_path: Path) -> None:
    source = context.ROOT / "contracts/orders"
    folder = tmp_path / "orders"
    folder.mkdir()
    for name in ("contract.odcs.yaml", "enrich.sql"):
        (folder / name).write_text((source / name).read_text())

    assert run("contract", "release", "--contracts", str(tmp_path))[0] == 0

    text = (folder / "contract.odcs.yaml").read_text()
    (folder / "contract.odcs.yaml").write_text(text.replace("physicalType: varchar(12)", "physicalType: varchar(11)"))
    code, _, err = run("contract", "check", "--contracts", str(tmp_path))
    assert code == 1
    assert "column order_id was varchar(12), is varchar(11)" in err

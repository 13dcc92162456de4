"""Who may do what in the deployed warehouse: the commands of people, and the identities of the functions."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.cli.rollout import ALIAS
from datavault.edges.clients import client
from datavault.edges.warehouse import StatementError, Warehouse, deadline

type Command = Callable[..., subprocess.CompletedProcess[str]]


def as_function(run: Context, stage: str) -> Warehouse:
    """The warehouse as the function's IAM role sees it."""
    found = client("lambda").get_function_configuration(FunctionName=run.stack.functions[stage])
    return Warehouse(run.stack.workgroup, run.stack.database, role_arn=found["Role"])


def test_the_reader_sees_what_the_contract_calls_public_and_nothing_else(datavault: Command, flights: Loaded) -> None:
    sql = f"select max(dest) from flights where _object_id = '{flights.object_id}'"

    assert datavault("query", "--as", "reader", "--format", "csv", sql).stdout == "XNA\n"
    for hidden in (
        "max(tailnum) from flights",
        "max(_source) from flights",
        "* from flights",
        "1 from datavault.ledger",
    ):
        refused = datavault("query", "--as", "reader", f"select {hidden}")
        assert "permission denied" in refused.stderr, hidden


@pytest.mark.parametrize(
    "sql",
    [
        "delete from flights",
        "delete from datavault.ledger",
        "create table mine (a int)",
        "create temp table mine (a int)",
    ],
)
def test_the_analyst_reads_everything_and_writes_nothing(datavault: Command, flights: Loaded, sql: str) -> None:
    count = datavault("query", "--json", "select count(tailnum) as n from flights").stdout
    assert json.loads(count)[0]["n"] > 0

    assert "permission denied" in datavault("query", sql).stderr


@pytest.mark.parametrize(
    ("stage", "sql"),
    [
        ("loader", "drop table datavault.ledger"),
        ("loader", "delete from datavault.ledger"),
        ("loader", "alter table flights add column mine int"),
        ("auditor", "select count(*) from flights"),
        ("auditor", "insert into datavault.ledger select * from datavault.ledger"),
        ("processor", "select count(*) from datavault.ledger"),
    ],
)
def test_a_function_is_refused_one_step_beyond(run: Context, stage: str, sql: str) -> None:
    with pytest.raises(StatementError, match=r"permission denied|must be owner"):
        as_function(run, stage).query(sql, deadline(30))


def test_a_second_migration_changes_nothing(run: Context, warehouse: psycopg.Connection[tuple[Any, ...]]) -> None:
    columns = "grantee, table_name, column_name, privilege_type"
    grants = f"SELECT {columns} FROM information_schema.column_privileges ORDER BY {columns}"
    before = warehouse.execute(grants).fetchall()

    answer = client("lambda").invoke(FunctionName=run.stack.functions["migrator"], Qualifier=ALIAS, Payload=b"{}")

    assert "FunctionError" not in answer, answer["Payload"].read()
    statements = json.loads(answer["Payload"].read())["statements"]
    assert not [sql for sql in statements if sql.startswith(("CREATE ROLE", "CREATE USER", "GRANT ROLE", "ALTER"))]
    assert warehouse.execute(grants).fetchall() == before

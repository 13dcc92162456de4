"""The Data API: asynchronous statements, batches as one transaction, results, tokens, cancelling."""

# ruff: noqa: E501  statements of SQL, written by the test itself

import threading
import time
from typing import Any

import pytest
from warehouse_support import DEADLINE_SECONDS, ROLE, Client, FolderObjects, entry

from localcloud_warehouse.api import ApiError


def test_a_statement_is_described_and_its_result_read(client: Client) -> None:
    answer = client.run(
        "SELECT 1::smallint AS a, 1.50::decimal(5,2) AS b, true AS c, null AS d, 1.5::float AS e, timestamptz '2013-01-01 10:15:00+00' AS f"
    )
    assert answer["Status"] == "FINISHED"
    assert answer["HasResultSet"] is True
    assert answer["ResultRows"] == 1
    assert answer["Duration"] > 0
    assert answer["QueryString"].startswith("SELECT 1::smallint")
    result = client.api.get_statement_result({"Id": answer["Id"]})
    assert result["TotalNumRows"] == 1
    assert result["Records"] == [
        [
            {"longValue": 1}, {"stringValue": "1.50"}, {"booleanValue": True}, {"isNull": True}, {"doubleValue": 1.5},
            {"stringValue": "2013-01-01 10:15:00+00"},
        ]
    ]  # fmt: skip
    metadata = result["ColumnMetadata"]
    assert [column["name"] for column in metadata] == ["a", "b", "c", "d", "e", "f"]
    assert [column["typeName"] for column in metadata] == [
        "int2",
        "numeric",
        "bool",
        "varchar",
        "float8",
        "timestamptz",
    ]
    assert (metadata[1]["precision"], metadata[1]["scale"]) == (5, 2)


def test_a_failed_statement_has_redshifts_error(client: Client) -> None:
    answer = client.run("SELECT * FROM nope")
    assert (answer["Status"], answer["Error"]) == ("FAILED", 'ERROR: relation "nope" does not exist')
    with pytest.raises(ApiError) as raised:
        client.records(answer["Id"])
    assert raised.value.code == "ResourceNotFoundException"


def test_a_batch_is_one_transaction_and_its_parts_are_read_by_number(client: Client) -> None:
    answer = client.run("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)", "SELECT count(*) FROM t")
    assert answer["Status"] == "FINISHED"
    assert [part["Status"] for part in answer["SubStatements"]] == ["FINISHED"] * 3
    assert [part["Id"] for part in answer["SubStatements"]] == [f"{answer['Id']}:{n}" for n in (1, 2, 3)]
    assert [part["HasResultSet"] for part in answer["SubStatements"]] == [False, False, True]
    assert answer["SubStatements"][1]["ResultRows"] == 2
    assert client.records(f"{answer['Id']}:3") == [(2,)]
    assert client.api.describe_statement({"Id": f"{answer['Id']}:2"})["QueryString"].startswith("INSERT")


def test_a_batch_that_fails_leaves_nothing(client: Client) -> None:
    client.run("CREATE TABLE t (a int)")
    answer = client.run(
        "INSERT INTO t VALUES (1)", "CREATE TABLE u (a int)", "SELECT 1 / 0", "INSERT INTO t VALUES (2)"
    )
    assert answer["Status"] == "FAILED"
    assert answer["Error"].startswith("Query #3 failed with ERROR: ")
    assert [part["Status"] for part in answer["SubStatements"]] == ["FINISHED", "FINISHED", "FAILED", "ABORTED"]
    assert client.records(client.run("SELECT count(*) FROM t")["Id"]) == [(0,)]
    assert client.run("SELECT * FROM u")["Status"] == "FAILED"


def test_a_copy_that_fails_in_the_middle_of_a_batch_leaves_nothing(client: Client, objects: FolderObjects) -> None:
    client.run("CREATE TABLE t (a varchar(3))")
    good, bad = (
        objects.parquet("good.parquet", "SELECT 'abc' AS a"),
        objects.parquet("bad.parquet", "SELECT 'abcd' AS a"),
    )
    objects.manifest("m.manifest", entry("good.parquet", good), entry("bad.parquet", bad))
    answer = client.run(
        "INSERT INTO t VALUES ('x')",
        f"COPY t FROM 's3://data/m.manifest' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST",
        "SELECT 1",
    )
    assert answer["Error"].startswith("Query #2 failed with ERROR: Spectrum Scan Error")
    assert "The length of the data column a is longer" in answer["Error"]
    assert client.records(client.run("SELECT count(*) FROM t")["Id"]) == [(0,)]


def test_temporary_tables_end_with_their_batch(client: Client) -> None:
    assert client.run("CREATE TEMP TABLE s (a int)", "SELECT * FROM s")["Status"] == "FINISHED"
    assert client.run("SELECT * FROM s")["Status"] == "FAILED"


def test_truncate_commits_what_came_before(client: Client) -> None:
    client.run("CREATE TABLE t (a int)", "CREATE TABLE u (a int)")
    client.run("INSERT INTO u VALUES (1)", "TRUNCATE t", "SELECT * FROM nope")
    assert client.records(client.run("SELECT count(*) FROM u")["Id"]) == [(1,)]


@pytest.mark.parametrize("statement", ["VACUUM t", "ALTER TABLE t ALTER COLUMN a TYPE varchar(9)"])
def test_what_redshift_runs_outside_transactions_only_is_refused_in_a_batch(client: Client, statement: str) -> None:
    client.run("CREATE TABLE t (a varchar(3))")
    assert client.run(statement, "SELECT 1")["Error"].endswith("cannot run inside a transaction block")
    assert client.run(statement)["Status"] == "FINISHED"


LOAD = (
    "LOCK ledger",
    "CREATE TEMP TABLE fresh AS SELECT s.id FROM (SELECT 1 AS id) s LEFT JOIN ledger l ON l.id = s.id WHERE l.id IS NULL",
    "INSERT INTO ledger SELECT id FROM fresh",
    "SELECT count(*) FROM fresh",
)


def test_concurrent_loads_that_lock_the_ledger_load_once(client: Client) -> None:
    client.run("CREATE TABLE ledger (id int, PRIMARY KEY (id))")
    started = [client.start(*LOAD) for _ in range(8)]
    answers = [client.wait(identifier) for identifier in started]
    assert [answer["Status"] for answer in answers] == ["FINISHED"] * 8
    assert sorted(client.records(f"{identifier}:4")[0][0] for identifier in started) == [0] * 7 + [1]
    assert client.records(client.run("SELECT count(*) FROM ledger")["Id"]) == [(1,)]


def test_without_the_lock_the_snapshot_lets_both_load(client: Client) -> None:
    """Why the lock is there: primary keys are not enforced."""
    client.run("CREATE TABLE ledger (id int, PRIMARY KEY (id))")
    assert client.run("INSERT INTO ledger VALUES (1)", "INSERT INTO ledger VALUES (1)")["Status"] == "FINISHED"


def test_a_statement_that_waits_is_cancelled(client: Client) -> None:
    client.run("CREATE TABLE t (a int)")
    holder = client.start("LOCK t", "SELECT count(*) FROM svv_columns a, svv_columns b, svv_columns c")
    _until(lambda: _part_status(client, holder, 1) == "FINISHED")
    waiting = client.start("LOCK t", "SELECT 1")
    _until(lambda: _part_status(client, waiting, 1) == "STARTED")
    assert client.api.cancel_statement({"Id": waiting}) == {"Status": True}
    answer = client.wait(waiting)
    assert answer["Status"] == "ABORTED"
    assert "cancelled on user's request" in answer["Error"]
    client.api.cancel_statement({"Id": holder})
    assert client.wait(holder)["Status"] == "ABORTED"
    with pytest.raises(ApiError, match="already in ABORTED state"):
        client.api.cancel_statement({"Id": holder})


def test_the_same_client_token_is_the_same_statement(client: Client) -> None:
    client.run("CREATE TABLE t (a int)")
    first, second = (client.start("INSERT INTO t VALUES (1)", ClientToken="token") for _ in range(2))
    assert first == second
    client.wait(first)
    assert client.records(client.run("SELECT count(*) FROM t")["Id"]) == [(1,)]
    with pytest.raises(ApiError, match="ClientToken"):
        client.start("SELECT 2", ClientToken="token")


def test_parameters_are_bound_as_values(client: Client) -> None:
    answer = client.run(
        "SELECT :name AS name, 7 = :number AS same",
        Parameters=[{"name": "name", "value": r"it's :number \ --"}, {"name": "number", "value": "7"}],
    )
    assert client.records(answer["Id"]) == [(r"it's :number \ --", True)]


def test_a_long_result_comes_in_pages(client: Client) -> None:
    answer = client.run(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2500) SELECT n FROM c ORDER BY n"
    )
    records: list[Any] = []
    request = {"Id": answer["Id"]}
    while True:
        page = client.api.get_statement_result(request)
        records += page["Records"]
        assert page["TotalNumRows"] == 2500
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert [record[0]["longValue"] for record in records] == list(range(1, 2501))


def test_statements_are_listed_newest_first(client: Client) -> None:
    client.run("SELECT 1", StatementName="first")
    client.run("SELECT 1", "SELECT 2", StatementName="second")
    listed = client.api.list_statements({})["Statements"]
    assert [statement["StatementName"] for statement in listed] == ["second", "first"]
    assert listed[0]["QueryStrings"] == ["SELECT 1", "SELECT 2"]
    assert client.api.list_statements({"Status": "FAILED"})["Statements"] == []
    page = client.api.list_statements({"MaxResults": 1})
    assert len(page["Statements"]) == 1
    assert len(client.api.list_statements({"MaxResults": 1, "NextToken": page["NextToken"]})["Statements"]) == 1


def test_schemas_tables_and_columns_are_listed(client: Client) -> None:
    client.run("CREATE SCHEMA s", "CREATE TABLE s.t (a int NOT NULL, b varchar(5))")
    ask = client.api.operations()
    assert "s" in ask["ListSchemas"]({})["Schemas"]
    assert ask["ListTables"]({"SchemaPattern": "s"})["Tables"] == [{"schema": "s", "name": "t", "type": "TABLE"}]
    columns = ask["DescribeTable"]({"Schema": "s", "Table": "t"})["ColumnList"]
    assert [(column["name"], column["typeName"], column["nullable"]) for column in columns] == [
        ("a", "integer", 0), ("b", "character varying", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda api: api.describe_statement({"Id": "nope"}), "ValidationException"),
        (
            lambda api: api.describe_statement({"Id": "d9b6c0c9-0747-4bf4-b142-e8883122f766"}),
            "ResourceNotFoundException",
        ),
        (lambda api: api.execute_statement({"Sql": " "}), "ValidationException"),
        (lambda api: api.execute_statement({"Sql": "SELECT 1", "SessionKeepAliveSeconds": 5}), "ValidationException"),
        (lambda api: api.execute_statement({"Sql": "SELECT '" + "x" * 100_000 + "'"}), "ValidationException"),
        (lambda api: api.batch_execute_statement({"Sqls": ["SELECT 1"] * 41}), "ValidationException"),
        (lambda api: api.batch_execute_statement({"Sqls": []}), "ValidationException"),
        (lambda api: api.list_statements({"NextToken": "!"}), "ValidationException"),
    ],
)
def test_a_wrong_request_is_refused(client: Client, call: Any, code: str) -> None:
    with pytest.raises(ApiError) as raised:
        call(client.api)
    assert raised.value.code == code


def test_more_than_500_active_statements_are_refused(client: Client) -> None:
    client.run("CREATE TABLE t (a int)")
    holder = client.start("LOCK t", "SELECT count(*) FROM svv_columns a, svv_columns b, svv_columns c")
    _until(lambda: _part_status(client, holder, 1) == "FINISHED")
    waiting = [client.start("LOCK t", "SELECT 1") for _ in range(499)]
    with pytest.raises(ApiError) as raised:
        client.start("SELECT 1")
    assert raised.value.code == "ActiveStatementsExceededException"
    for identifier in [*reversed(waiting), holder]:
        client.api.cancel_statement({"Id": identifier})
    assert {client.wait(identifier)["Status"] for identifier in [holder, *waiting]} == {"ABORTED"}


def test_readers_do_not_wait_for_each_other(client: Client) -> None:
    threads = [threading.Thread(target=client.run, args=("SELECT count(*) FROM svv_columns",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert len(client.api.list_statements({"Status": "FINISHED"})["Statements"]) == 8


def _part_status(client: Client, identifier: str, number: int) -> str:
    return str(client.api.describe_statement({"Id": f"{identifier}:{number}"})["Status"])


def _until(condition: Any) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)

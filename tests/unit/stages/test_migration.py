"""The migrator's work: what it asks the warehouse, and what it runs there."""

from pathlib import Path

import msgspec
import pytest

from datavault.contract import Contracts, Field
from datavault.edges import warehouse
from datavault.edges.warehouse import StatementError, Warehouse
from datavault.stages import migration
from datavault.stages.migration import migrate
from datavault.warehouse_roles import EXISTING_MEMBERS, EXISTING_ROLES, EXISTING_USERS
from datavault.warehouse_sql import MigrationError

from ..fakes import DataApi
from ..support import make_contract

WAREHOUSE = Warehouse("w", "d", "admin")
IAM_ROLES = {"loader": "acme-loader"}
CONTRACT = make_contract((Field("n", "integer", required=True),))
# The tables are asked first, then roles, users and members.
COLUMNS, ROLES, USERS, MEMBERS = "id1", "id2", "id3", "id4"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DataApi:
    fake = DataApi()
    monkeypatch.setattr(warehouse, "client", lambda _: fake)
    monkeypatch.setattr(warehouse.time, "sleep", fake.pauses.append)
    monkeypatch.setattr(migration.time, "sleep", fake.pauses.append)
    return fake


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(CONTRACT))
    return Contracts(tmp_path)


def run(contracts: Contracts) -> list[str]:
    return migrate(contracts, WAREHOUSE, IAM_ROLES, lambda: 60)


def test_an_empty_warehouse_gets_tables_roles_users_and_grants_in_this_order(
    api: DataApi, contracts: Contracts
) -> None:
    statements = run(contracts)
    assert [sql for (sql,) in api.started[1:4]] == [EXISTING_ROLES, EXISTING_USERS, EXISTING_MEMBERS]
    assert [statement.split(" (")[0] for statement in statements[:9]] == [
        "CREATE SCHEMA IF NOT EXISTS datavault",
        "CREATE TABLE IF NOT EXISTS datavault.ledger",
        'CREATE TABLE IF NOT EXISTS public."books"',
        'CREATE ROLE "analyst"',
        'CREATE ROLE "auditor"',
        'CREATE ROLE "loader"',
        'CREATE ROLE "reader"',
        'CREATE USER "IAMR:acme-loader" PASSWORD DISABLE',
        'GRANT ROLE "loader" TO "IAMR:acme-loader"',
    ]
    assert api.started[4:-1] == [[statement] for statement in statements[:9]]
    assert api.started[-1] == statements[9:]


def test_what_is_there_is_not_made_again(api: DataApi, contracts: Contracts) -> None:
    api.results[COLUMNS] = [[["n", "bigint", None, 64, 0]]]
    api.results[ROLES] = [[[role] for role in ("analyst", "auditor", "loader", "reader", "somebody_elses")]]
    api.results[USERS] = [[["IAMR:acme-loader"]]]
    api.results[MEMBERS] = [[["loader", "IAMR:acme-loader"]]]
    assert [statement.split(" ")[0] for statement in run(contracts)[:3]] == ["CREATE", "CREATE", "REVOKE"]


def test_more_grants_than_the_data_api_takes_at_once_go_in_batches(
    api: DataApi, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "_BATCH", 3)
    statements = run(contracts)
    assert [len(batch) for batch in api.started[-4:]] == [3, 3, 3, 1]
    assert [statement for batch in api.started[-4:] for statement in batch] == statements[-10:]


def test_a_role_that_another_migration_has_just_made_is_there(api: DataApi, contracts: Contracts) -> None:
    api.judge = lambda sqls: (1, 'ERROR: role "loader" already exists') if "CREATE ROLE" in sqls[0] else None
    assert 'GRANT ROLE "loader" TO "IAMR:acme-loader"' in run(contracts)


def test_a_migration_that_meets_another_one_is_run_again_a_few_times(api: DataApi, contracts: Contracts) -> None:
    api.judge = lambda sqls: (1, "ERROR: 1023 conflict with concurrent transaction") if "GRANT" in sqls[0] else None
    with pytest.raises(StatementError, match="1023"):
        run(contracts)
    assert (api.started[-4:], len(api.pauses)) == ([api.started[-1]] * 4, 3)


def test_what_redshift_refuses_ends_the_migration(api: DataApi, contracts: Contracts) -> None:
    api.judge = lambda sqls: (1, "ERROR: permission denied") if "CREATE" in sqls[0] else None
    with pytest.raises(StatementError, match="permission denied"):
        run(contracts)
    assert api.started[-1] == ["CREATE SCHEMA IF NOT EXISTS datavault"]


def test_a_migration_that_would_break_somebody_changes_nothing(api: DataApi, contracts: Contracts) -> None:
    api.results[COLUMNS] = [[["n", "date", None, None, None]]]
    with pytest.raises(MigrationError):
        run(contracts)
    assert [sql.split(" ")[0] for (sql,) in api.started] == ["SELECT"] * len(api.started)

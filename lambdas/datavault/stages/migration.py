"""The migrator's work: bring the warehouse to the contracts."""

import random
import time
from collections.abc import Callable, Mapping
from itertools import batched

from ..contract import Contracts
from ..edges.warehouse import StatementError, Warehouse
from ..warehouse_roles import EXISTING_MEMBERS, EXISTING_ROLES, EXISTING_USERS, grants, missing_accounts
from ..warehouse_sql import existing_columns, ledger_migration, migration, normalized_type

_BATCH = 40  # statements, the Data API's limit
_CONFLICT_ATTEMPTS = 4


def migrate(
    contracts: Contracts, warehouse: Warehouse, iam_roles: Mapping[str, str], remaining_seconds: Callable[[], float]
) -> list[str]:
    """Bring tables, roles and grants to the contracts; the statements that were run.

    Parameters
    ----------
    iam_roles
        The name of the IAM role that plays each database role.

    Raises
    ------
    MigrationError
        A contract has changed in a way that the warehouse's table cannot follow.
    StatementError, StatementTimeoutError
        As `Warehouse.run`.
    """

    def query(sql: str) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in warehouse.query(sql, remaining_seconds)[1]]

    known = [contracts.get(dataset) for dataset in contracts.datasets()]
    statements = ledger_migration()
    for contract in known:
        _, found = warehouse.query(existing_columns(contract), remaining_seconds)
        existing = {str(name): normalized_type(*types) for name, *types in found}  # type: ignore[arg-type]
        statements += migration(contract, existing)
    statements += missing_accounts(
        iam_roles,
        {name for (name,) in query(EXISTING_ROLES)},
        {name for (name,) in query(EXISTING_USERS)},
        {(role, user) for role, user in query(EXISTING_MEMBERS)},
    )
    for statement in statements:
        # One by one: Redshift changes a column's length only outside a transaction. Each can be repeated.
        _run(warehouse, [statement], remaining_seconds)
    granted = grants(warehouse.database, known)
    for batch in batched(granted, _BATCH, strict=False):
        _run(warehouse, batch, remaining_seconds)
    return statements + granted


def _run(warehouse: Warehouse, statements: tuple[str, ...] | list[str], remaining_seconds: Callable[[], float]) -> None:
    """Run a transaction; again, a few times, when it met another one. What another migration made is made."""
    for attempt in range(1, _CONFLICT_ATTEMPTS + 1):
        try:
            warehouse.run(statements, remaining_seconds)
        except StatementError as error:
            if statements[0].startswith("CREATE ") and "already exists" in str(error):
                return
            if not error.is_conflict or attempt == _CONFLICT_ATTEMPTS:
                raise
            time.sleep(random.uniform(0, attempt))  # noqa: S311  jitter
        else:
            return

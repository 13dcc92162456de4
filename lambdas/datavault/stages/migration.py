"""The loader's other work: bring the warehouse to the contracts."""

from collections.abc import Callable

from ..contract import Contracts
from ..edges.warehouse import Warehouse
from ..warehouse_sql import existing_columns, ledger_migration, migration, normalized_type


def migrate(contracts: Contracts, warehouse: Warehouse, remaining_seconds: Callable[[], float]) -> list[str]:
    """Bring the warehouse to the contracts; the statements that were run.

    Raises
    ------
    MigrationError
        A contract has changed in a way that the warehouse's table cannot follow.
    """
    statements = ledger_migration()
    for dataset in contracts.datasets():
        contract = contracts.get(dataset)
        _, found = warehouse.query(existing_columns(contract), remaining_seconds)
        existing = {str(name): normalized_type(*types) for name, *types in found}  # type: ignore[arg-type]
        statements += migration(contract, existing)
    for statement in statements:
        # One by one: Redshift changes a column's length only outside a transaction. Each can be repeated.
        warehouse.run([statement], remaining_seconds)
    return statements

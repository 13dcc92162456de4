"""Read the ledger: which chunks are in the warehouse."""

from collections.abc import Callable, Iterable

from ..audit import LedgerRow
from ..warehouse_sql import LEDGER, text
from .warehouse import Warehouse

_COLUMNS = "chunk_id, dataset, row_count, superseded"


def ledger(
    warehouse: Warehouse, remaining_seconds: Callable[[], float], object_ids: Iterable[str] | None = None
) -> list[LedgerRow]:
    """The ledger's rows, of these raw objects or of all. Raises as `Warehouse.run` does."""
    sql = f"SELECT {_COLUMNS} FROM {LEDGER}"  # noqa: S608  ours
    if object_ids is not None:
        sql += f" WHERE object_id IN ({', '.join(map(text, object_ids))})"
    _, rows = warehouse.query(sql, remaining_seconds)
    return [
        LedgerRow(str(chunk), str(dataset), int(count or 0), int(gone or 0)) for chunk, dataset, count, gone in rows
    ]

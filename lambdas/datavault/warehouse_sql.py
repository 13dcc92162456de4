"""The warehouse's SQL, in Redshift's dialect: migrations and loads. Pure: contracts in, statements out.

One load is one transaction (invariant 4): COPY into a stage, take the chunks that the ledger lacks, write both. Locks
the ledger first, because Redshift Serverless runs transactions on snapshots and enforces no key.
"""

# ruff: noqa: S608  names are quoted, values are literals of ours

from collections.abc import Mapping, Sequence

import msgspec

from .contract import Column, Contract

SCHEMA = "public"
LEDGER_SCHEMA = "datavault"
LEDGER = f"{LEDGER_SCHEMA}.ledger"

# Redshift's types of the lineage columns (`duck.LINEAGE`). 1,024 bytes is S3's limit of a key, and the rest of
# `s3://bucket/` is short; every character of a key counts in bytes already.
LINEAGE_TYPES = {
    "_object_id": "char(32)",
    "_line": "bigint",
    "_chunk_id": "varchar(64)",
    "_source": "varchar(1280)",
    "_received_at": "timestamptz",
}

# `superseded` counts the rows of a chunk that a merge has replaced since: rows in the table = rows - superseded.
_LEDGER_DDL = f"""CREATE TABLE IF NOT EXISTS {LEDGER} (
  chunk_id varchar(64) NOT NULL,
  object_id char(32) NOT NULL,
  dataset varchar(64) NOT NULL,
  first_line bigint NOT NULL,
  last_line bigint NOT NULL,
  row_count bigint NOT NULL,
  superseded bigint NOT NULL,
  loaded_at timestamptz NOT NULL
) SORTKEY (object_id)"""


class MigrationError(Exception):
    """The warehouse's table cannot be brought to the contract without breaking somebody."""


class ChunkStatus(msgspec.Struct, frozen=True):
    """What a load did with one chunk: `loaded`, `present` (loaded before, the same lines) or `refused`."""

    chunk_id: str
    status: str
    row_count: int


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def table(contract: Contract) -> str:
    return f"{SCHEMA}.{quoted(contract.dataset)}"


def migration(contract: Contract, existing: Mapping[str, str]) -> list[str]:
    """Statements that bring the dataset's table to the contract; `existing` maps its columns to their types, in order.

    Raises
    ------
    MigrationError
        A column would have to go, or to change in a way that Redshift cannot do in place.
    """
    if not existing:
        return [_create_table(contract)]
    wanted = {column.name: column for column in contract.columns}
    statements: list[str] = []
    gone = existing.keys() - wanted.keys() - LINEAGE_TYPES.keys()
    problems = [f"column {name} is in the warehouse and not in the contract" for name in gone]
    for name, column in wanted.items():
        if name not in existing:
            statements.append(f"ALTER TABLE {table(contract)} ADD COLUMN {quoted(name)} {column.warehouse_type}")
        elif existing[name] != column.warehouse_type:
            there, wanted_bytes = varchar_bytes(existing[name]), varchar_bytes(column.warehouse_type)
            if there and wanted_bytes and there < wanted_bytes:
                statements.append(
                    f"ALTER TABLE {table(contract)} ALTER COLUMN {quoted(name)} TYPE {column.warehouse_type}"
                )
            else:
                problems.append(
                    f"column {name} is {existing[name]} in the warehouse, {column.warehouse_type} in the contract"
                )
    there_already = [name for name in existing if name not in LINEAGE_TYPES]
    if not problems and there_already != list(wanted)[: len(there_already)]:
        # The loader takes Parquet objects with fewer columns as the first columns of the contract.
        problems.append("a column is not where it was: new columns go to the end")
    if problems:
        raise MigrationError(
            f"dataset {contract.dataset}: {'; '.join(sorted(problems))}. Make a new dataset for a breaking change "
            "(docs/contracts.md, Changing a contract)."
        )
    return statements


def ledger_migration() -> list[str]:
    return [f"CREATE SCHEMA IF NOT EXISTS {LEDGER_SCHEMA}", _LEDGER_DDL]


def existing_columns(contract: Contract) -> str:
    """A query for the table's columns and their types, as `normalized_type` reads them."""
    return (
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale "
        f"FROM svv_columns WHERE table_schema = '{SCHEMA}' AND table_name = {text(contract.dataset)} "
        "ORDER BY ordinal_position"
    )


def normalized_type(data_type: str, length: int | None, precision: int | None, scale: int | None) -> str:
    """A type from SVV_COLUMNS in a contract's words: `character varying` and 80 become `varchar(80)`."""
    match data_type:
        case "character varying":
            return f"varchar({length})"
        case "character":
            return f"char({length})"
        case "numeric":
            return f"decimal({precision},{scale})"
        case "timestamp with time zone":
            return "timestamptz"
    return data_type


def varchar_bytes(warehouse_type: str) -> int | None:
    """The byte limit of `varchar(n)`; Redshift counts bytes, not characters."""
    if warehouse_type.startswith("varchar("):
        return int(warehouse_type.removeprefix("varchar(").removesuffix(")"))
    return None


def _create_table(contract: Contract) -> str:
    lines = [
        f"  {quoted(column.name)} {column.warehouse_type}{' NOT NULL' if column.field.required else ''}"
        for column in contract.columns
    ]
    lines += [f"  {name} {kind} NOT NULL" for name, kind in LINEAGE_TYPES.items()]
    if contract.primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, contract.primary_key))})")
    sort_key = f" SORTKEY ({', '.join(map(quoted, contract.sort_key))})" if contract.sort_key else ""
    distribution = f"DISTSTYLE KEY DISTKEY ({quoted(contract.dist_key)})" if contract.dist_key else "DISTSTYLE AUTO"
    return f"CREATE TABLE IF NOT EXISTS {table(contract)} (\n" + ",\n".join(lines) + f"\n) {distribution}{sort_key}"


def load(contract: Contract, columns: int, manifest: str, copy_role_arn: str) -> list[str]:
    """One transaction that loads a manifest's Parquet objects, all of them with the first `columns` columns.

    The last statement answers a row per chunk of the manifest: chunk_id, status, row_count (`ChunkStatus`).
    """
    part = contract.columns[:columns]
    serialize = " SERIALIZETOJSON" if any(column.warehouse_type == "super" for column in part) else ""
    is_merge = contract.load_mode == "merge"
    return [
        f"LOCK {LEDGER}",
        f"CREATE TEMP TABLE stage ({_stage_columns(part)})",
        f"COPY stage FROM {text(manifest)} IAM_ROLE {text(copy_role_arn)} FORMAT AS PARQUET MANIFEST{serialize}",
        _STAGED,
        _TAKEN,
        *(_merge(contract, columns) if is_merge else [_append(contract, columns)]),
        _enter_in_ledger(contract),
        *(_count_superseded() if is_merge else []),
        _STATUSES,
    ]


# The COPY of `load`, counted from 1. What fails there or later may be the fault of one of its Parquet objects.
COPY_STATEMENT = 3

# By the wire format, a chunk is one range of the lines of one object.
_STAGED = (
    "CREATE TEMP TABLE staged AS SELECT _chunk_id AS chunk_id, _object_id AS object_id, min(_line) AS first_line, "
    "max(_line) AS last_line, count(*) AS row_count FROM stage GROUP BY _chunk_id, _object_id"
)

# A chunk that overlaps a loaded one, or an earlier one of this manifest, is not taken: it is there already, or it was
# cut differently and must not be.
_TAKEN = (
    "CREATE TEMP TABLE taken AS SELECT s.chunk_id, s.object_id, s.first_line, s.last_line, s.row_count FROM staged s "
    f"LEFT JOIN (SELECT object_id, first_line, last_line, '' AS precedes FROM {LEDGER} "
    "UNION ALL SELECT object_id, first_line, last_line, chunk_id AS precedes FROM staged) l "
    "ON l.object_id = s.object_id AND l.first_line <= s.last_line AND l.last_line >= s.first_line "
    "AND l.precedes < s.chunk_id WHERE l.object_id IS NULL"
)

_STATUSES = (
    "SELECT s.chunk_id, CASE WHEN t.chunk_id IS NOT NULL THEN 'loaded' WHEN l.chunk_id IS NOT NULL THEN 'present' "
    "ELSE 'refused' END AS status, s.row_count FROM staged s LEFT JOIN taken t ON t.chunk_id = s.chunk_id "
    f"LEFT JOIN {LEDGER} l ON l.chunk_id = s.chunk_id AND l.first_line = s.first_line AND l.last_line = s.last_line "
    "AND l.row_count = s.row_count"
)


def _enter_in_ledger(contract: Contract) -> str:
    return (
        f"INSERT INTO {LEDGER} (chunk_id, object_id, dataset, first_line, last_line, row_count, superseded, loaded_at) "
        f"SELECT chunk_id, object_id, {text(contract.dataset)}, first_line, last_line, row_count, 0, getdate() "
        "FROM taken"
    )


def _stage_columns(columns: Sequence[Column]) -> str:
    kinds = {quoted(column.name): column.warehouse_type for column in columns} | LINEAGE_TYPES
    return ", ".join(f"{name} {kind}" for name, kind in kinds.items())


def _target_columns(contract: Contract) -> list[str]:
    return [*(quoted(column.name) for column in contract.columns), *LINEAGE_TYPES]


def _taken_rows(contract: Contract, columns: int) -> str:
    """The taken rows of the stage with every column of the table; null where the Parquet objects are older than it."""
    selected = [
        f"s.{quoted(column.name)}"
        if number < columns
        else f"CAST(NULL AS {column.warehouse_type}) AS {quoted(column.name)}"
        for number, column in enumerate(contract.columns)
    ]
    selected += [f"s.{name}" for name in LINEAGE_TYPES]
    return f"SELECT {', '.join(selected)} FROM stage s JOIN taken t ON t.chunk_id = s._chunk_id"


def _append(contract: Contract, columns: int) -> str:
    names = ", ".join(_target_columns(contract))
    return f"INSERT INTO {table(contract)} ({names}) {_taken_rows(contract, columns)}"


# The order in which versions of a row replace each other: the later raw object, then the later line.
_LATEST = "_received_at DESC, _object_id DESC, _line DESC"


def _merge(contract: Contract, columns: int) -> list[str]:
    """Of all rows with one primary key, in the table and in the stage, only the latest stays in the table."""
    target, name = table(contract), quoted(contract.dataset)
    keys = ", ".join(map(quoted, contract.primary_key))
    same_key = " AND ".join(f"{name}.{quoted(key)} = k.{quoted(key)}" for key in contract.primary_key)
    listed = ", ".join(_target_columns(contract))
    there = ", ".join(f"{name}.{column}" for column in _target_columns(contract))
    candidates = (
        f"SELECT {listed} FROM arriving UNION ALL SELECT {there} FROM {target} JOIN arriving_keys k ON {same_key}"
    )
    place = f"row_number() OVER (PARTITION BY {keys} ORDER BY {_LATEST}) AS place"
    return [
        f"CREATE TEMP TABLE arriving AS {_taken_rows(contract, columns)}",
        f"CREATE TEMP TABLE arriving_keys AS SELECT DISTINCT {keys} FROM arriving",
        f"CREATE TEMP TABLE ranked AS SELECT {listed}, {place} FROM ({candidates}) c",
        f"DELETE FROM {target} USING arriving_keys k WHERE {same_key}",
        f"INSERT INTO {target} ({listed}) SELECT {listed} FROM ranked WHERE place = 1",
    ]


def _count_superseded() -> list[str]:
    """Mark in the ledger which chunks' rows are no longer in the table, so that the audit adds up."""
    counted = "SELECT _chunk_id AS chunk_id, count(*) AS gone FROM ranked WHERE place > 1 GROUP BY _chunk_id"
    return [
        f"CREATE TEMP TABLE replaced AS {counted}",
        f"UPDATE {LEDGER} SET superseded = superseded + gone FROM replaced WHERE ledger.chunk_id = replaced.chunk_id",
    ]

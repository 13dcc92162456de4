"""The contract's types as DuckDB's, and SQL text made safely. Shared by enrichment, packaging and `contract check`."""

from collections.abc import Iterable, Sequence

from .contract import Field
from .rows import DELIMITER, Layout

# Appended to every row: where it came from. Names begin with an underscore, which a contract's columns must not.
LINEAGE = {
    "_object_id": "VARCHAR",
    "_line": "BIGINT",
    "_chunk_id": "VARCHAR",
    "_source": "VARCHAR",
    "_received_at": "TIMESTAMP WITH TIME ZONE",
}

_INTEGERS = {16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def duck_type(field: Field) -> str:  # noqa: C901, PLR0911  one case per type
    """The type in DuckDB's SQL."""
    match field.type:
        case "string":
            return "VARCHAR"
        case "integer":
            return _INTEGERS[field.bits]
        case "number":
            return "DOUBLE"
        case "decimal":
            return f"DECIMAL({field.precision},{field.scale})"
        case "boolean":
            return "BOOLEAN"
        case "date":
            return "DATE"
        case "timestamp":
            return "TIMESTAMP WITH TIME ZONE"
        case "object":
            members = ", ".join(f"{identifier(member.name)} {duck_type(member)}" for member in field.fields)
            return f"STRUCT({members})"
        case "array":
            if field.items is None:
                raise ValueError(f"array without items: {field.name}")
            return f"{duck_type(field.items)}[]"


def read_records(path: str, fields: Iterable[Field], max_record_bytes: int) -> str:
    """A table function that reads a chunk's records with exactly the contract's types."""
    columns = ", ".join(f"{identifier(field.name)}: {literal(duck_type(field))}" for field in fields)
    # Left to guess, DuckDB reads the record {} of a single column as that column's value.
    # An encoded record may be longer than the raw one (a default's name, a number's digits), but never this much.
    return (
        f"read_json({literal(path)}, format='newline_delimited', records=true, compression='zstd', "
        f"maximum_object_size={4 * max_record_bytes}, columns={{{columns}}})"
    )


def read_rows(path: str, layout: Layout, fields: Sequence[Field], max_record_bytes: int) -> str:
    """A relation of a chunk's rows with exactly the contract's types; a field that they lack is null."""
    types = {field.name: duck_type(field) for field in fields}
    columns = ", ".join(f"{identifier(name)}: {literal(types.get(name, 'VARCHAR'))}" for name in layout.columns)
    nulls = ", ".join(map(literal, layout.nulls))
    # Nothing is left to guess from the data. A row may be longer than the raw record, but never this much.
    table = (
        f"read_csv({literal(path)}, auto_detect=false, header=false, "
        f"delim={literal(DELIMITER)}, quote='\"', escape='\"', "
        f"new_line='\\n', nullstr=[{nulls}], allow_quoted_nulls=false, compression='zstd', parallel=false, "
        f"max_line_size={4 * max_record_bytes}, columns={{{columns}}})"
    )
    if layout.columns == tuple(types):
        return table
    selected = ", ".join(
        identifier(name) if name in layout.columns else f"CAST(NULL AS {kind}) AS {identifier(name)}"
        for name, kind in types.items()
    )
    return f"(SELECT {selected} FROM {table})"  # noqa: S608  names are quoted


def empty_records(fields: Sequence[Field]) -> str:
    """A relation with the columns of `records` and no row, for type checks."""
    columns = ", ".join(f"NULL::{duck_type(field)} AS {identifier(field.name)}" for field in fields)
    return f"SELECT {columns}, NULL::BIGINT AS _line LIMIT 0"


def default_sql(contract_sql: str | None) -> str:
    """What a dataset without an enrich.sql does."""
    return contract_sql or "SELECT * FROM records"

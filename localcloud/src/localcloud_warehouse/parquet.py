"""Whether a Parquet file fits a table, by the rules of Redshift Spectrum.

In: the file's schema (DuckDB's `parquet_schema`) and the table's columns. Raises a Spectrum Scan Error where they do
not fit. Types must match in width: an INT64 does not go into an INTEGER, nor an INT32 into a BIGINT or a SMALLINT.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from localcloud_warehouse.errors import WarehouseError, spectrum_error

_COMPLEX = "group"


@dataclass(frozen=True)
class Column:
    """A column of the table. `type` is PostgreSQL's (typname), sizes are bytes, or None."""

    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    identity: bool = False

    @property
    def redshift_type(self) -> str:
        """The type as Spectrum's errors name it."""
        names = {
            "int2": "SMALLINT", "int4": "INT", "int8": "BIGINT", "float4": "FLOAT", "float8": "DOUBLE",
            "bool": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMPTZ", "jsonb": "SUPER",
        }  # fmt: skip
        match self.type:
            case "varchar" | "bpchar":
                return f"{'VARCHAR' if self.type == 'varchar' else 'CHAR'}({self.length})"
            case "numeric":
                return f"DECIMAL({self.precision}, {self.scale})"
        return names.get(self.type, self.type.upper())


@dataclass(frozen=True)
class Field:
    """A top-level column of the file."""

    name: str
    physical: str
    converted: str
    repetition: str
    precision: int | None
    scale: int | None

    @property
    def complex(self) -> bool:
        """Whether it is a struct, list or map."""
        return self.physical == _COMPLEX


def fields(connection: duckdb.DuckDBPyConnection, path: Path, url: str) -> list[Field]:
    """Return the file's top-level columns.

    Raises
    ------
    WarehouseError
        It is no Parquet file, or a damaged one.
    """
    try:
        rows = connection.execute(
            "SELECT name, type, converted_type, repetition_type, precision, scale, coalesce(num_children, 0) "
            "FROM parquet_schema(?)",
            [str(path)],
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable(url, error) from error
    found = []
    position = 1
    for _ in range(rows[0][6] if rows else 0):
        name, physical, converted, repetition, precision, scale, children = rows[position]
        group = children > 0 or physical is None
        found.append(
            Field(
                name,
                _COMPLEX if group else physical,
                converted or "",
                (repetition or "optional").lower(),
                precision,
                scale,
            )
        )
        position = _after(rows, position)
    return found


def _after(rows: list[tuple[object, ...]], position: int) -> int:
    """Return the row after the subtree at `position`; the rows are in depth-first order."""
    children = rows[position][6]
    position += 1
    for _ in range(children if isinstance(children, int) else 0):
        position = _after(rows, position)
    return position


def unreadable(url: str, error: Exception) -> WarehouseError:
    """What Spectrum says of a file that it cannot read; the cause is DuckDB's."""
    cause = str(error).splitlines()[0].split("/")[0][:200] if str(error) else type(error).__name__
    return spectrum_error(f"File '{url}' has an invalid version number or is corrupt ({cause})")


def check(columns: list[Column], found: list[Field], url: str, place: str, *, serialize: bool) -> None:
    """Raise unless every field goes into the column at its position.

    Parameters
    ----------
    place
        The folder of the file, s3://…, with which Spectrum qualifies the column.
    serialize
        SERIALIZETOJSON was given.
    """
    if any(column.type == "jsonb" for column in columns) and not serialize:
        raise WarehouseError("SUPER column in COPY query requires SERIALIZETOJSON option")
    for index, (column, field) in enumerate(zip(columns, found, strict=True)):
        if not _fits(column, field):
            physical = field.physical.lower()
            raise spectrum_error(
                f"File '{url}' has an incompatible Parquet schema for column '{place}.{column.name}'. "
                f"Column type: {column.redshift_type}, Parquet schema:\n"
                f"{field.repetition} {physical} {field.name} [i:{index} d:1 r:0]"
            )


def _fits(column: Column, field: Field) -> bool:  # noqa: PLR0911, PLR0912  a table of what fits
    if field.complex:
        return column.type == "jsonb"
    match column.type, field.physical, field.converted:
        case "bool", "BOOLEAN", _:
            return True
        case "int2", "INT32", "INT_16":
            return True
        case "int4", "INT32", "" | "INT_32":
            return True
        case "int8", "INT64", "" | "INT_64":
            return True
        case "float4", "FLOAT", _:
            return True
        case "float8", "DOUBLE", _:
            return True
        case "numeric", _, "DECIMAL":
            return (field.precision, field.scale) == (column.precision, column.scale)
        case (("varchar" | "bpchar"), "BYTE_ARRAY", "" | "UTF8" | "ENUM" | "JSON"):
            return True
        case "date", "INT32", "DATE":
            return True
        # Without the converted type (nanoseconds, or a writer that sets the logical type alone) Spectrum sees an
        # integer.
        case (("timestamp" | "timestamptz"), "INT64", "TIMESTAMP_MICROS" | "TIMESTAMP_MILLIS"):
            return True
        case (("timestamp" | "timestamptz"), "INT96", _):
            return True
        case "jsonb", "BOOLEAN" | "DOUBLE" | "FLOAT", _:
            return True
        case "jsonb", "INT32" | "INT64", "" | "INT_16" | "INT_32" | "INT_64":
            return True
        case "jsonb", "BYTE_ARRAY", "UTF8" | "JSON":
            return True
    return False

"""COPY of Parquet from S3, on the caller's connection: within its transaction, and with its temporary tables.

In: the statement, a psycopg connection, a store of objects. Out: the number of rows. DuckDB reads the Parquet and
writes CSV, which PostgreSQL's own COPY takes. Any error leaves the transaction to be rolled back by the caller.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from localcloud_warehouse import manifest, parquet
from localcloud_warehouse.copy_command import CopyCommand, parse
from localcloud_warehouse.errors import WarehouseError, detailed, spectrum_error
from localcloud_warehouse.objects import ObjectName, Objects
from localcloud_warehouse.parquet import Column, Field

_BLOCK_BYTES = 1 << 20
_TEXT_TYPES = frozenset({"varchar", "bpchar", "jsonb"})

# 0001-01-01 00:00:00 UTC since 1970.
_YEAR_ONE_MICROSECONDS = -62_135_596_800_000_000

# The largest string that Spectrum hands on, also into SUPER (read on a real warehouse, see the README).
_MAX_SUPER_TEXT_BYTES = 65535


@dataclass(frozen=True)
class CopyContext:
    """What a COPY may use.

    Attributes
    ----------
    objects
        Where the files are.
    roles
        ARNs attached to the namespace; `default_role` is the default one, or "".
    """

    objects: Objects
    roles: Callable[[], frozenset[str]]
    default_role: Callable[[], str]
    region: str = "us-east-1"


def copy(connection: psycopg.Connection, statement: str, context: CopyContext) -> int:
    """Run a COPY statement; return how many rows it loaded.

    Raises
    ------
    WarehouseError
        In Redshift's words.
    psycopg.Error
        PostgreSQL refused a row; see `errors.from_postgres`.
    """
    command = parse(statement)
    _check_role(command, context)
    if command.region and command.region != context.region:
        raise WarehouseError(
            f"COPY from Parquet reads from the warehouse's own Region {context.region}, not {command.region}"
        )
    table = sql.Identifier(command.schema, command.table) if command.schema else sql.Identifier(command.table)
    columns = _columns(connection, command, table)
    total = 0
    with tempfile.TemporaryDirectory(prefix="warehouse-copy-") as folder, duckdb.connect() as engine:
        engine.execute("SET threads = 2; SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
        for name, _ in manifest.sources(command, context.objects, context.region):
            path = Path(folder) / "object.parquet"
            context.objects.download(name, path)
            total += _load(connection, engine, path, name, command, context.region, table, columns)
            path.unlink()
    # What pg_last_copy_count() answers in this session.
    connection.execute("SELECT set_config('localcloud.last_copy_count', %s, false)", (str(total),))
    return total


def _check_role(command: CopyCommand, context: CopyContext) -> None:
    role = context.default_role() if command.role == "default" else command.role
    if not role:
        raise WarehouseError("No default IAM role is associated with the cluster")
    # A chain of roles begins with the one that is attached.
    if role.split(",")[0].strip() not in context.roles():
        message = (
            "exception name : UnauthorizedException, error type : 138, "
            f"message: Not authorized to get credentials of role {role}, should retry : 0"
        )
        raise detailed(message, 30000, "", "xen_aws_credentials_mgr.cpp:785")


def _columns(connection: psycopg.Connection, command: CopyCommand, table: sql.Identifier) -> list[Column]:
    """Return the columns to fill, in the order of the statement's list or of the table."""
    rows = connection.execute(
        """ SELECT a.attname, t.typname, CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN
        a.atttypmod - 4 END, information_schema._pg_numeric_precision(a.atttypid, a.atttypmod),
        information_schema._pg_numeric_scale(a.atttypid, a.atttypmod), a.attidentity <> '', a.attnotnull AND NOT
        a.atthasdef AND a.attidentity = '' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid =
        %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum """,
        (table.as_string(connection),),
    ).fetchall()
    columns = {row[0]: Column(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows}
    if command.columns is None:
        return [column for column in columns.values() if not column.identity]
    for name in command.columns:
        if name not in columns:
            raise WarehouseError(f'column "{name}" of relation "{command.table}" does not exist', "42703")
        if columns[name].identity:
            raise WarehouseError(f'cannot set an identity column to a value: "{name}"', "0A000")
    if any(row[6] and row[0] not in command.columns for row in rows):
        raise WarehouseError("NOT NULL column without DEFAULT must be included in column list", "42601")
    return [columns[name] for name in command.columns]


def _load(
    connection: psycopg.Connection,
    engine: duckdb.DuckDBPyConnection,
    path: Path,
    name: ObjectName,
    command: CopyCommand,
    region: str,
    table: sql.Identifier,
    columns: list[Column],
) -> int:
    url = name.https(region)
    fields = parquet.fields(engine, path, url)
    if len(fields) < len(columns) and "FILLRECORD" in command.options:
        columns = columns[: len(fields)]
    if len(fields) != len(columns):
        raise spectrum_error(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(fields)}, File name: {url}"
        )
    place = f"s3://{name.bucket}/{name.key.rpartition('/')[0]}"
    parquet.check(columns, fields, url, place, serialize="SERIALIZETOJSON" in command.options)
    # By position, so that names that differ only in case, or repeat, do no harm.
    names = [f"c{index}" for index in range(len(columns))]
    source = f"read_parquet('{path}', binary_as_string = true) AS file({', '.join(names)})"
    csv = path.with_suffix(".csv")
    try:
        _check_lengths(engine, source, columns, fields, url)
        expressions = ", ".join(
            f"{_expression(name, column, field)} AS {name}"
            for name, column, field in zip(names, columns, fields, strict=True)
        )
        # An empty string is quoted, NULL is not: PostgreSQL's COPY tells them apart by that.
        texts = [name for name, column in zip(names, columns, strict=True) if column.type in _TEXT_TYPES]
        quote = f", FORCE_QUOTE ({', '.join(texts)})" if texts else ""
        form = f"FORMAT csv, HEADER false, NULLSTR ''{quote}"
        engine.execute(f"COPY (SELECT {expressions} FROM {source}) TO '{csv}' ({form})")  # noqa: S608  our own names
    except duckdb.Error as error:
        raise parquet.unreadable(url, error) from error
    target = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    return _send(connection, sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, target), csv)


def _send(connection: psycopg.Connection, statement: sql.Composed, csv: Path) -> int:
    with connection.cursor() as cursor:
        with cursor.copy(statement) as sink, csv.open("rb") as text:
            while block := text.read(_BLOCK_BYTES):
                sink.write(block)
        csv.unlink()
        return cursor.rowcount


def _expression(name: str, column: Column, field: Field) -> str:
    """Return the SQL that makes PostgreSQL's text of a value; NULL stays NULL."""
    match column.type:
        case "jsonb":
            value = f"{name}::VARCHAR" if field.converted == "JSON" else name
            return f"CASE WHEN {name} IS NOT NULL THEN to_json({value}) END"
        # Through the count of microseconds, always UTC: DuckDB's own text of a TIMESTAMPTZ follows its time zone.
        # PostgreSQL writes BC without parentheses, after the offset.
        case "timestamp":
            return f"replace(make_timestamp(epoch_us({name}))::VARCHAR, '(BC)', 'BC')"
        case "timestamptz":
            text = f"make_timestamp(epoch_us({name}))::VARCHAR"
            before_christ = f"replace({text}, ' (BC)', '') || '+00 BC'"
            return (
                f"CASE WHEN epoch_us({name}) < {_YEAR_ONE_MICROSECONDS} THEN {before_christ} ELSE {text} || '+00' END"
            )
        case "date":
            return f"replace({name}::VARCHAR, '(BC)', 'BC')"
    return name


def _check_lengths(
    engine: duckdb.DuckDBPyConnection, source: str, columns: list[Column], fields: list[Field], url: str
) -> None:
    """Compare the longest text of each column with the column, in bytes; CHAR takes single-byte characters only.

    PostgreSQL would do so too, but for blanks at the end, which it cuts off in silence.
    """
    measured = [(index, column) for index, column in enumerate(columns) if column.type in _TEXT_TYPES]
    if not measured:
        return
    measures = []
    for index, column in measured:
        text = f"to_json(c{index})::VARCHAR" if fields[index].complex else f"c{index}::VARCHAR"
        multibyte = f"bool_or(strlen({text}) <> length({text}))" if column.type == "bpchar" else "false"
        measures += [f"max(strlen({text}))", multibyte]
    answers = engine.execute(f"SELECT {', '.join(measures)} FROM {source}").fetchone()  # noqa: S608  our own names
    for (_, column), longest, multibyte in zip(measured, (answers or ())[0::2], (answers or ())[1::2], strict=True):
        if longest is None:
            continue
        if column.type == "jsonb" and longest > _MAX_SUPER_TEXT_BYTES:
            raise WarehouseError(f"1224 String value exceeds the max size of {_MAX_SUPER_TEXT_BYTES} bytes")
        if column.type == "bpchar" and multibyte:
            raise spectrum_error(
                f"Multibyte character not supported for CHAR (Hint: try using VARCHAR). Column: {column.name}, "
                f"File name: {url}"
            )
        if column.length is not None and longest > column.length:
            raise spectrum_error(
                f"The length of the data column {column.name} is longer than the length defined in the table. "
                f"Table: {column.length}, Data: {longest}, File name: {url}"
            )

"""Whatever DuckDB writes as Parquet, of any supported type, reads back equal through COPY and the Data API's values."""

# ruff: noqa: S608  statements of SQL, written by the test itself

import datetime as dt
import json
import math
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_support import ROLE, FolderObjects, entry

from localcloud_warehouse.copy import CopyContext
from localcloud_warehouse.session import Session

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _float32(value: float) -> float:
    """The number that the shortest text of a REAL stands for."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


# NUL is the one character that no text of PostgreSQL's (or CHAR/VARCHAR of Redshift's) holds.
_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
_INSTANT = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), timezones=st.just(dt.UTC))

# DuckDB's type, Redshift's, values, and how a value of the Data API is compared with one.
TYPES: dict[str, tuple[str, st.SearchStrategy[Any], Any]] = {
    "smallint": ("smallint", st.integers(-(2**15), 2**15 - 1), lambda v: v),
    "integer": ("integer", st.integers(-(2**31), 2**31 - 1), lambda v: v),
    "bigint": ("bigint", st.integers(-(2**63), 2**63 - 1), lambda v: v),
    "double": ("float", st.floats(), lambda v: v),
    "float": ("real", st.floats(width=32), _float32),
    "boolean": ("boolean", st.booleans(), lambda v: v),
    "varchar": ("varchar(400)", _TEXT, lambda v: v),
    "decimal(12,2)": ("decimal(12,2)", st.decimals(-(10**9), 10**9, places=2), Decimal),
    "decimal(38,9)": ("decimal(38,9)", st.decimals(-(10**15), 10**15, places=9), Decimal),
    "date": ("date", st.dates(), dt.date.fromisoformat),
    "timestamptz": ("timestamptz", _INSTANT, dt.datetime.fromisoformat),
    "timestamp": (
        "timestamp",
        st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)),
        dt.datetime.fromisoformat,
    ),
    "integer[]": ("super", st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=4), json.loads),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5))
    rows = draw(st.lists(st.tuples(*(st.none() | TYPES[kind][1] for kind in kinds)), max_size=8))
    return kinds, [list(row) for row in rows]


def _literal(kind: str, value: Any) -> Any:
    # Microseconds since 1970: handing a TIMESTAMPTZ to DuckDB as an object would need pytz.
    return (value - _EPOCH) // dt.timedelta(microseconds=1) if kind == "timestamptz" and value is not None else value


def _same(got: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return (math.isnan(got) and math.isnan(expected)) or (
            got == expected and math.copysign(1, got) == math.copysign(1, expected)
        )
    return bool(got == expected)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_a_parquet_table_reads_back_equal(dsn: str, tmp_path: Path, table: tuple[list[str], list[list[Any]]]) -> None:
    kinds, rows = table
    objects = FolderObjects(tmp_path)
    path = tmp_path / "data" / "t.parquet"
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t (n integer, {', '.join(f'c{i} {kind}' for i, kind in enumerate(kinds))})")
        for number, row in enumerate(rows):
            places = ", ".join("make_timestamptz(?::bigint)" if kind == "timestamptz" else "?" for kind in kinds)
            engine.execute(
                f"INSERT INTO t VALUES ({number}, {places})", [_literal(*item) for item in zip(kinds, row, strict=True)]
            )
        engine.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    objects.manifest("m.manifest", entry("t.parquet", path.stat().st_size))
    with Session(dsn, CopyContext(objects, lambda: frozenset({ROLE}), lambda: ROLE)) as session:
        session.run(
            f"CREATE TEMP TABLE t (n integer, {', '.join(f'c{i} {TYPES[kind][0]}' for i, kind in enumerate(kinds))})"
        )
        session.run("COPY t FROM 's3://data/m.manifest' IAM_ROLE default PARQUET MANIFEST SERIALIZETOJSON")
        got = session.run("SELECT * FROM t ORDER BY n").rows
    assert len(got) == len(rows)
    for row, expected in zip(got, rows, strict=True):
        for kind, field, value in zip(kinds, row[1:], expected, strict=True):
            read = None if "isNull" in field else TYPES[kind][2](next(iter(field.values())))
            assert _same(read, value), (kind, field, value)

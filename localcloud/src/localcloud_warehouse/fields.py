"""Values and column descriptions in the Data API's form.

In: PostgreSQL's text of a value and its type. Out: a Field (`longValue`, `doubleValue`, `booleanValue`, `stringValue`,
`isNull`) and ColumnMetadata. DECIMAL, dates, timestamps and SUPER are strings, in Redshift's text form.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

Field = dict[str, Any]

_VARCHAR_OIDS = frozenset({1042, 1043, 25})
_NUMERIC_OID = 1700

# Type OIDs of PostgreSQL, and Redshift's names where PostgreSQL's is another.
_TYPE_NAMES = {
    16: "bool", 18: "char", 19: "name", 20: "int8", 21: "int2", 23: "int4",
    25: "varchar", 26: "oid", 114: "super", 700: "float4", 701: "float8", 705: "varchar",
    1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz",
    1186: "interval", 1266: "timetz", 1700: "numeric", 3802: "super",
}  # fmt: skip

_JSON_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


@dataclass(frozen=True)
class Column:
    """A column of a result."""

    name: str
    type_name: str
    length: int
    precision: int
    scale: int

    def metadata(self) -> dict[str, Any]:
        """Return the ColumnMetadata."""
        return {
            "name": self.name,
            "label": self.name,
            "typeName": self.type_name,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "nullable": 1,
            "isCaseSensitive": self.type_name in ("varchar", "bpchar"),
            "isCurrency": False,
            "isSigned": self.type_name in ("int2", "int4", "int8", "float4", "float8", "numeric"),
            "schemaName": "",
            "tableName": "",
        }


def columns_of(description: Sequence[psycopg.Column]) -> list[Column]:
    """Describe the columns of a cursor."""
    found = []
    for column in description:
        precision = column.precision or 0 if column.type_code == _NUMERIC_OID else 0
        scale = column.scale or 0 if column.type_code == _NUMERIC_OID else 0
        length = column.display_size or 0 if column.type_code in _VARCHAR_OIDS else max(column.internal_size or 0, 0)
        name = _TYPE_NAMES.get(column.type_code, column.type_display)
        found.append(Column(column.name, name, length, precision or length, scale))
    return found


def to_field(column: Column, text: str | None) -> Field:
    """Return the Field of a value, from PostgreSQL's text."""
    if text is None:
        return {"isNull": True}
    return _FIELDS.get(column.type_name, _string)(text)


def _string(text: str) -> Field:
    return {"stringValue": text}


def _integer(text: str) -> Field:
    return {"longValue": int(text)}


def _double(text: str) -> Field:
    return {"doubleValue": float(text)}


def _boolean(text: str) -> Field:
    return {"booleanValue": text == "t"}


def _super(text: str) -> Field:
    """Write JSON without the blanks that PostgreSQL puts between its parts."""
    return {"stringValue": _JSON_SPACE.sub(lambda match: match[1] or "", text)}


_FIELDS: dict[str, Callable[[str], Field]] = {
    "int2": _integer,
    "int4": _integer,
    "int8": _integer,
    "oid": _integer,
    "float4": _double,
    "float8": _double,
    "bool": _boolean,
    "super": _super,
}

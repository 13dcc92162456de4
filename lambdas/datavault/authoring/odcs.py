"""Compile a contract: Open Data Contract Standard YAML and enrich.sql in, `datavault.contract.Contract` out.

docs/contracts.md describes every option; a test holds it and the names below together.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import yaml

from ..checks import compile_pattern
from ..contract import Column, Contract, Field, FieldType
from ..duck import LINEAGE, default_sql
from ..masking import TOKEN_CHARACTERS
from ..records import Validator
from ..warehouse_sql import varchar_bytes
from .keeping import ARCHIVE_PROPERTY, moves, service_levels
from .problems import ContractError, Problem

CONTRACT_FILE = "contract.odcs.yaml"
SQL_FILE = "enrich.sql"

# Our own options, all of them: where the standard has a word, that word is used instead.
CONTRACT_PROPERTIES = {
    "csvDelimiter",
    "csvNullValues",
    "loadMode",
    "maxBadShare",
    "maxObjectBytes",
    "maxRecordBytes",
    "onBadShare",
    "unknownFields",
}
RAW_PROPERTIES = {ARCHIVE_PROPERTY}
OUTPUT_PROPERTIES = {ARCHIVE_PROPERTY, "distKey", "sortKey"}
COLUMN_PROPERTIES = {"mask"}

# From the least to the most sensitive; a dataset is as sensitive as its most sensitive column.
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")

_DATASET_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,126}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_DECIMAL = re.compile(r"(?:decimal|numeric)\(([0-9]+),\s*([0-9]+)\)")
_VARCHAR = re.compile(r"varchar\(([0-9]+)\)")
# 38 digits: the widest DECIMAL of Redshift and of DuckDB. 65,535 bytes: the longest VARCHAR of Redshift.
_MAX_PRECISION, _MAX_VARCHAR_BYTES = 38, 65_535
# A token: the id of a key (short), a colon and the digest.
_MASKED_BYTES = TOKEN_CHARACTERS + 16
# A record must fit into a chunk; half of one leaves room for what re-encoding adds.
_MAX_RECORD_BYTES = 524_288
_BITS = {"i16": 16, "i32": 32, "i64": 64, "smallint": 16, "integer": 32, "bigint": 64}
_INTEGER_TYPES = {16: "smallint", 32: "integer", 64: "bigint"}
_RANGE = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_OPTIONS: dict[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern"},
    "integer": {*_RANGE, "multipleOf", "format"},
    "number": _RANGE,
    "boolean": set(),
    "date": _RANGE,
    "timestamp": _RANGE,
    "object": set(),
    "array": {"minItems", "maxItems", "uniqueItems"},
}
_WAREHOUSE_TYPES = {
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "object": "super",
    "array": "super",
}


def compile_contract(folder: Path) -> Contract:
    """The compiled contract of one folder under contracts/.

    Raises
    ------
    ContractError
        With every problem found.
    """
    path = folder / CONTRACT_FILE
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise ContractError([Problem(str(folder), f"no {CONTRACT_FILE}", "docs/contracts.md shows one")]) from error
    except yaml.YAMLError as error:
        raise ContractError([Problem(str(path), f"not YAML: {error}")]) from error
    problems = list(_schema_problems(document, path))
    if problems:
        raise ContractError(problems)
    sql = folder / SQL_FILE
    return _Compiler(document, folder).contract(sql.read_text() if sql.exists() else None)


def _schema_problems(document: Any, path: Path) -> Iterator[Problem]:
    for error in _odcs_validator().iter_errors(document):
        place = f"{path}:{'.'.join(map(str, error.absolute_path)) or '(top)'}"
        yield Problem(place, error.message, "the Open Data Contract Standard does not allow it")


@cache
def _odcs_validator() -> jsonschema.Draft201909Validator:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    return jsonschema.Draft201909Validator(schema)


class _Compiler:
    """One compilation: collects problems on the way, and raises them all at its end."""

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self._document = document
        self._folder = folder
        self._file = folder / CONTRACT_FILE
        self._problems: list[Problem] = []

    def contract(self, sql: str | None) -> Contract:
        document, dataset = self._document, self._folder.name
        if not _DATASET_NAME.fullmatch(dataset):
            self._problem("", f"dataset name {dataset!r}", "lower-case letters, digits and _, a letter first")
        if document.get("name") != dataset:
            self._problem("name", f"is {document.get('name')!r}, its folder {dataset!r}", "they must be the same")
        if not _VERSION.fullmatch(str(document["version"])):
            self._problem("version", "is not MAJOR.MINOR.PATCH")
        raw, output = self._schema_object(f"{dataset}_raw"), self._schema_object(dataset)
        custom = self._custom(document, CONTRACT_PROPERTIES, "customProperties")
        fields = tuple(self._fields(raw, f"schema.{dataset}_raw"))
        columns = tuple(self._columns(output, f"schema.{dataset}"))
        options = self._custom(output, OUTPUT_PROPERTIES, f"schema.{dataset}.customProperties")
        contract = self._build(fields, columns, custom, options, sql)
        if contract is None or self._problems:
            raise ContractError(self._problems)
        return contract

    def _build(
        self,
        fields: tuple[Field, ...],
        columns: tuple[Column, ...],
        custom: dict[str, Any],
        options: dict[str, Any],
        sql: str | None,
    ) -> Contract | None:
        primary_key = self._primary_key(self._schema_object(self._folder.name))
        sort_key = tuple(options.get("sortKey", ()))
        dist_key = options.get("distKey")
        self._check_keys({column.name: column for column in columns}, primary_key, sort_key, dist_key)
        if custom.get("loadMode") == "merge" and not primary_key:
            self._problem("loadMode", "merge needs a primary key", "set primaryKey: true on its columns")
        if (limit := custom.get("maxRecordBytes", 0)) and not 1 <= limit <= _MAX_RECORD_BYTES:
            self._problem(
                "maxRecordBytes", f"is {limit}", f"at most {_MAX_RECORD_BYTES}: a record must fit into a chunk"
            )
        if custom.get("csvDelimiter", ",") in ("", '"', "\r", "\n") or len(custom.get("csvDelimiter", ",")) != 1:
            self._problem("csvDelimiter", f"is {custom['csvDelimiter']!r}", "one character, no quote and no line end")
        self._check_breaker(custom)
        # What consumers read was made of what producers send, which so is no less sensitive, whatever it says itself.
        levels = [column.classification for column in columns]
        raw = self._schema_object(f"{self._folder.name}_raw")
        raw_levels = [*levels, *self._raw_levels(raw, f"schema.{self._folder.name}_raw")]
        described = self._document.get("description", {})
        given: dict[str, Any] = {
            "dataset": self._folder.name,
            "version": str(self._document["version"]),
            "fields": fields,
            "columns": columns,
            "enrich_sql": default_sql(sql),
            "references": tuple(sorted(path.stem for path in (self._folder / "reference").glob("*.csv"))),
            "primary_key": primary_key,
            "sort_key": sort_key,
            "dist_key": dist_key,
            "load_mode": custom.get("loadMode", "append"),
            "unknown_fields": custom.get("unknownFields", "reject"),
            "csv": {
                "delimiter": custom.get("csvDelimiter", ","),
                "null_values": sorted({"", *custom.get("csvNullValues", [])}),
            },
            "classification": max(levels, key=CLASSIFICATIONS.index, default="internal"),
            "raw_classification": max(raw_levels, key=CLASSIFICATIONS.index, default="internal"),
            "description": described.get("purpose", "") if isinstance(described, dict) else str(described),
        }
        names = {
            "maxRecordBytes": "max_record_bytes",
            "maxObjectBytes": "max_object_bytes",
            "maxBadShare": "max_bad_share",
            "onBadShare": "on_bad_share",
        }
        given |= {ours: custom[theirs] for theirs, ours in names.items() if theirs in custom}
        given |= self._keeping(options)
        try:
            contract = msgspec.convert(msgspec.to_builtins(given), Contract)
        except msgspec.ValidationError as error:
            self._problem("customProperties", str(error))
            return None
        if not self._problems:
            self._prove(contract)
        return contract

    def _check_breaker(self, custom: dict[str, Any]) -> None:
        share = custom.get("maxBadShare")
        if share is None:
            if "onBadShare" in custom:
                self._problem("onBadShare", "says what happens beyond maxBadShare, which is not there", "set both")
        elif isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            self._problem("maxBadShare", f"is {share!r}", "from 0 to 1: 0.05 is five of a hundred records")

    def _check_keys(
        self, columns: dict[str, Column], primary_key: tuple[str, ...], sort_key: tuple[str, ...], dist_key: Any
    ) -> None:
        distributed = () if dist_key is None else (str(dist_key),)
        for option, names in {"sortKey": sort_key, "distKey": distributed}.items():
            for name in names:
                if name not in columns:
                    self._problem(option, f"{name!r} is no column")
        for name in (*primary_key, *sort_key, *distributed):
            if name in columns and columns[name].warehouse_type == "super":
                self._problem(name, "a nested column cannot be a key")
        for name in primary_key:
            if name in columns and not columns[name].field.required:
                self._problem(name, "a primary key may be null", "set required: true")

    def _prove(self, contract: Contract) -> None:
        """What no single option shows: that the processor can build its validator."""
        try:
            Validator(contract)
        except (TypeError, ValueError) as error:
            hint = "bounds are numbers, or ISO 8601 strings of dates and timestamps"
            self._problem(f"schema.{contract.dataset}_raw", str(error), hint)

    def _schema_object(self, name: str) -> dict[str, Any]:
        for candidate in self._document.get("schema", []):
            if candidate.get("name") == name:
                found: dict[str, Any] = candidate
                return found
        problem = Problem(f"{self._file}:schema", f"no object named {name}", "one for producers, one for consumers")
        if problem not in self._problems:
            self._problems.append(problem)
        return {}

    def _keeping(self, options: dict[str, Any]) -> dict[str, Any]:
        """The fields of a contract that say how fresh, how long and in which storage class."""
        dataset = self._folder.name
        raw = self._schema_object(f"{dataset}_raw")
        raw_options = self._custom(raw, RAW_PROPERTIES, f"schema.{dataset}_raw.customProperties")
        levels: dict[str, Any] = service_levels(self._document, dataset, self._problem)
        for field, name, given, kept in (
            ("moves", dataset, options, "retention_days"),
            ("raw_moves", f"{dataset}_raw", raw_options, "raw_retention_days"),
        ):
            if ARCHIVE_PROPERTY in given:
                place = f"schema.{name}.customProperties.{ARCHIVE_PROPERTY}"
                levels[field] = moves(given[ARCHIVE_PROPERTY], levels.get(kept), place, self._problem)
        return levels

    def _raw_levels(self, holder: dict[str, Any], place: str) -> Iterator[str]:
        """The classifications of what producers send, at any depth, as far as the contract says them."""
        members = [(item, f"{place}.{item.get('name', '')}") for item in holder.get("properties", [])]
        members += [(holder["items"], f"{place}[]")] if "items" in holder else []
        for item, here in members:
            if "classification" in item:
                yield self._level(item["classification"], here)
            yield from self._raw_levels(item, here)

    def _level(self, level: Any, place: str) -> str:
        if level in CLASSIFICATIONS:
            return str(level)
        self._problem(place, f"classification {level!r}", f"one of {', '.join(CLASSIFICATIONS)}")
        return CLASSIFICATIONS[-1]

    def _primary_key(self, output: dict[str, Any]) -> tuple[str, ...]:
        keys = [item for item in output.get("properties", []) if item.get("primaryKey")]
        return tuple(item["name"] for item in sorted(keys, key=lambda item: item.get("primaryKeyPosition", 0)))

    def _fields(self, holder: dict[str, Any], place: str) -> Iterator[Field]:
        seen: set[str] = set()
        for item in holder.get("properties", []):
            name = item.get("name", "")
            if name.casefold() in seen:
                self._problem(f"{place}.{name}", "stands twice", "neither DuckDB nor Redshift tells capitals apart")
            seen.add(name.casefold())
            yield self._field(item, f"{place}.{name}", name)
        if not seen:
            self._problem(place, "no properties")

    def _columns(self, output: dict[str, Any], place: str) -> Iterator[Column]:
        for item, field in zip(output.get("properties", []), self._fields(output, place), strict=True):
            here = f"{place}.{field.name}"
            if not _COLUMN_NAME.fullmatch(field.name) or field.name in LINEAGE:
                self._problem(here, "is no name for a column", "lower-case letters, digits and _, a letter first")
            custom = self._custom(item, COLUMN_PROPERTIES, here)
            mask = custom.get("mask")
            if mask not in (None, "hmac") or (mask and field.type != "string"):
                self._problem(here, f"mask {mask!r} of type {field.type}", "`hmac`, on a string column")
            level = self._level(item.get("classification", "internal"), here)
            warehouse_type = self._warehouse_type(item, field, here)
            if mask and (varchar_bytes(warehouse_type) or 0) < _MASKED_BYTES:
                self._problem(here, f"{warehouse_type} is too short for a token", f"varchar({_MASKED_BYTES})")
            yield Column(field, warehouse_type, bool(mask), level, item.get("description", ""))

    def _field(self, item: dict[str, Any], place: str, name: str) -> Field:
        kind = item.get("logicalType", "")
        options = dict(item.get("logicalTypeOptions", {}))
        for option in options.keys() - _OPTIONS.get(kind, options.keys()):
            # Left alone, it would be a rule that nobody checks.
            known = ", ".join(sorted(_OPTIONS[kind])) or "none"
            self._problem(place, f"option {option} of type {kind} is not supported", f"known here: {known}")
        physical = str(item.get("physicalType", "")).lower()
        if kind == "number" and (match := _DECIMAL.fullmatch(physical)):
            kind, precision, scale = "decimal", int(match[1]), int(match[2])
            if not scale <= precision <= _MAX_PRECISION:
                self._problem(place, f"{physical}", f"at most {_MAX_PRECISION} digits")
        else:
            precision = scale = 0
        if kind not in get_args(FieldType):
            self._problem(place, f"logicalType {kind!r}", f"one of {', '.join(sorted(get_args(FieldType)))}")
            kind = "string"
        enum = tuple(entry["value"] for entry in item.get("enum", []))
        if enum and (
            kind not in ("string", "integer") or {type(value) for value in enum} != {str if kind == "string" else int}
        ):
            self._problem(place, "enum", "values of a string or an integer property, in its own type")
            enum = ()
        pattern = options.get("pattern")
        if pattern is not None:
            try:
                compile_pattern(pattern)
            except re.error as error:
                self._problem(place, f"pattern: {error}")
                pattern = None
        bits = (
            options.get("format", physical if physical in _BITS else _narrowest(options))
            if kind == "integer"
            else "i64"
        )
        if bits not in _BITS:
            self._problem(place, f"format {bits!r}", "i16, i32 or i64")
            bits = "i64"
        items = self._field(item.get("items", {}), f"{place}[]", "") if kind == "array" else None
        return Field(
            name=name,
            type=kind,
            required=bool(item.get("required")),
            minimum=options.get("minimum"),
            maximum=options.get("maximum"),
            exclusive_minimum=options.get("exclusiveMinimum"),
            exclusive_maximum=options.get("exclusiveMaximum"),
            multiple_of=options.get("multipleOf"),
            min_length=options.get("minItems", options.get("minLength")),
            max_length=options.get("maxItems", options.get("maxLength")),
            pattern=pattern,
            enum=enum,
            bits=_BITS[bits],  # type: ignore[arg-type]
            precision=precision,
            scale=scale,
            fields=tuple(self._fields(item, place)) if kind == "object" else (),
            items=items,
            unique_items=bool(options.get("uniqueItems")),
        )

    def _warehouse_type(self, item: dict[str, Any], field: Field, place: str) -> str:
        """The Redshift type: the property's physicalType where it fits the logical one, else the usual one."""
        given = str(item.get("physicalType", "")).lower()
        match field.type:
            case "string":
                match = _VARCHAR.fullmatch(given)
                if not match or not 1 <= int(match[1]) <= _MAX_VARCHAR_BYTES:
                    hint = f"varchar(BYTES), at most {_MAX_VARCHAR_BYTES}; a character takes up to 4 bytes"
                    self._problem(place, f"physicalType {given!r}", hint)
                    return "varchar(256)"
                return given
            case "decimal":
                usual = f"decimal({field.precision},{field.scale})"
            case "integer":
                usual = _INTEGER_TYPES[field.bits]
            case other:
                usual = _WAREHOUSE_TYPES[other]
        if given and given.replace(" ", "").replace("numeric", "decimal") != usual.replace(" ", ""):
            self._problem(place, f"physicalType {given!r} for {field.type}", f"use {usual}")
        return usual

    def _custom(self, holder: dict[str, Any], known: set[str], place: str) -> dict[str, Any]:
        found = {entry["property"]: entry["value"] for entry in holder.get("customProperties", [])}
        for name in found.keys() - known:
            self._problem(place, f"unknown customProperty {name!r}", f"known here: {', '.join(sorted(known))}")
        return found

    def _problem(self, place: str, message: str, hint: str = "") -> None:
        self._problems.append(Problem(f"{self._file}:{place}" if place else str(self._file), message, hint))


def _narrowest(options: dict[str, Any]) -> str:
    """The smallest integer that holds the given range; 64 bits where a bound is missing."""
    low, high = options.get("minimum"), options.get("maximum")
    for name, bits in (("i16", 16), ("i32", 32)):
        if low is not None and high is not None and -(2 ** (bits - 1)) <= low <= high < 2 ** (bits - 1):
            return name
    return "i64"

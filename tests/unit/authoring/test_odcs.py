"""Compiling contracts: what each option becomes, and every problem with its message and its hint."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datavault.authoring.odcs import compile_contract
from datavault.authoring.problems import ContractError, Problem
from datavault.contract import Contract, CsvOptions, Field

ROOT = Path(__file__).parents[3]

MINIMAL: dict[str, Any] = {
    "apiVersion": "v3.2.0",
    "kind": "DataContract",
    "id": "urn:datavault:contract:books",
    "name": "books",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "books_raw",
            "logicalType": "object",
            "properties": [{"name": "id", "logicalType": "integer", "required": True}],
        },
        {
            "name": "books",
            "logicalType": "object",
            "properties": [
                {
                    "name": "id",
                    "logicalType": "integer",
                    "physicalType": "bigint",
                    "required": True,
                    "primaryKey": True,
                },
                {"name": "title", "logicalType": "string", "physicalType": "varchar(80)"},
            ],
        },
    ],
}
Change = Callable[[dict[str, Any]], Any]


def compiled(tmp_path: Path, change: Change = lambda _: None, folder: str = "books") -> Contract:
    document = copy.deepcopy(MINIMAL)
    change(document)
    target = tmp_path / folder
    target.mkdir(exist_ok=True)
    (target / "contract.odcs.yaml").write_text(yaml.safe_dump(document))
    return compile_contract(target)


def problems(tmp_path: Path, change: Change, folder: str = "books") -> list[Problem]:
    with pytest.raises(ContractError) as caught:
        compiled(tmp_path, change, folder)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return caught.value.problems


def raw(**property_: Any) -> Change:
    """Adds a property to what producers send."""
    return lambda document: document["schema"][0]["properties"].append({"name": "x"} | property_)


def out(**property_: Any) -> Change:
    """Adds a property to what consumers read."""
    return lambda document: document["schema"][1]["properties"].append({"name": "x"} | property_)


def custom(name: str, value: Any) -> Change:
    return lambda document: document.update(customProperties=[{"property": name, "value": value}])


def output_custom(name: str, value: Any) -> Change:
    return lambda document: document["schema"][1].update(customProperties=[{"property": name, "value": value}])


def sla(name: str, value: Any, unit: str) -> Change:
    return lambda document: document.update(slaProperties=[{"property": name, "value": value, "unit": unit}])


MASK = [{"property": "mask", "value": "hmac"}]


@pytest.mark.parametrize(("dataset", "version"), [("flights", "1.0.2"), ("orders", "1.0.0")])
def test_the_contracts_of_the_examples_compile(dataset: str, version: str) -> None:
    contract = compile_contract(ROOT / "contracts" / dataset)
    assert (contract.dataset, contract.version) == (dataset, version)


def test_every_option_arrives(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["description"] = {"purpose": "Books."}
        document["slaProperties"] = [
            {"property": "latency", "value": 5, "unit": "minutes"},
            {"property": "retention", "value": 2, "unit": "years"},
            {"property": "availability", "value": "99%"},
        ]
        document["customProperties"] = [
            {"property": "csvDelimiter", "value": ";"},
            {"property": "csvNullValues", "value": ["NA", ""]},
            {"property": "loadMode", "value": "merge"},
            {"property": "maxObjectBytes", "value": 1000},
            {"property": "maxRecordBytes", "value": 100},
            {"property": "unknownFields", "value": "ignore"},
        ]
        document["schema"][1]["customProperties"] = [
            {"property": "sortKey", "value": ["title", "id"]},
            {"property": "distKey", "value": "id"},
        ]
        document["schema"][1]["properties"][1]["classification"] = "restricted"

    contract = compiled(tmp_path, change)
    assert (contract.description, contract.freshness_seconds, contract.retention_days) == ("Books.", 300, 730)
    assert contract.csv == CsvOptions(";", ("", "NA"))
    assert (contract.load_mode, contract.max_object_bytes, contract.max_record_bytes) == ("merge", 1000, 100)
    assert (contract.unknown_fields, contract.sort_key, contract.primary_key) == ("ignore", ("title", "id"), ("id",))
    assert (contract.dist_key, contract.classification) == ("id", "restricted")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"logicalType": "integer", "logicalTypeOptions": {"minimum": 0, "maximum": 9}},
            {"bits": 16, "minimum": 0, "maximum": 9},
        ),
        (
            {"logicalType": "integer", "logicalTypeOptions": {"minimum": 0, "maximum": 40_000}},
            {"bits": 32, "minimum": 0, "maximum": 40_000},
        ),
        ({"logicalType": "integer", "logicalTypeOptions": {"format": "i32"}}, {"bits": 32}),
        ({"logicalType": "integer"}, {"bits": 64}),
        ({"logicalType": "integer", "logicalTypeOptions": {"multipleOf": 5}}, {"multiple_of": 5}),
        ({"logicalType": "integer", "enum": [{"value": 1}, {"value": 2}]}, {"enum": (1, 2)}),
        (
            {"logicalType": "number", "logicalTypeOptions": {"exclusiveMinimum": 0, "exclusiveMaximum": 1}},
            {"exclusive_minimum": 0, "exclusive_maximum": 1},
        ),
        ({"logicalType": "number", "physicalType": "DECIMAL(12, 2)"}, {"type": "decimal", "precision": 12, "scale": 2}),
        (
            {"logicalType": "number", "physicalType": "numeric(38,38)"},
            {"type": "decimal", "precision": 38, "scale": 38},
        ),
        (
            {"logicalType": "string", "logicalTypeOptions": {"pattern": "^a$", "minLength": 1, "maxLength": 2}},
            {"pattern": "^a$", "min_length": 1, "max_length": 2},
        ),
        ({"logicalType": "string", "required": True, "enum": [{"value": "a"}]}, {"required": True, "enum": ("a",)}),
        ({"logicalType": "date", "logicalTypeOptions": {"minimum": "2020-01-01"}}, {"minimum": "2020-01-01"}),
        ({"logicalType": "boolean"}, {}),
        (
            {"logicalType": "object", "properties": [{"name": "y", "logicalType": "date"}]},
            {"fields": (Field("y", "date"),)},
        ),
        (
            {
                "logicalType": "array",
                "items": {"logicalType": "string"},
                "logicalTypeOptions": {"minItems": 1, "maxItems": 3, "uniqueItems": True},
            },
            {"items": Field("", "string"), "min_length": 1, "max_length": 3, "unique_items": True},
        ),
    ],
)
def test_a_property_becomes_a_field(tmp_path: Path, given: dict[str, Any], wanted: dict[str, Any]) -> None:
    field = compiled(tmp_path, raw(**given)).fields[-1]
    assert field == Field("x", **({"type": given["logicalType"]} | wanted))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"logicalType": "integer"}, "bigint"),
        ({"logicalType": "integer", "physicalType": "smallint"}, "smallint"),
        ({"logicalType": "number"}, "double precision"),
        ({"logicalType": "number", "physicalType": "decimal(5, 1)"}, "decimal(5,1)"),
        ({"logicalType": "boolean"}, "boolean"),
        ({"logicalType": "date"}, "date"),
        ({"logicalType": "timestamp", "physicalType": "TIMESTAMPTZ"}, "timestamptz"),
        ({"logicalType": "array", "items": {"logicalType": "string"}}, "super"),
        ({"logicalType": "string", "physicalType": "varchar(65535)"}, "varchar(65535)"),
    ],
)
def test_a_property_becomes_a_column(tmp_path: Path, given: dict[str, Any], kind: str) -> None:
    assert compiled(tmp_path, out(**given)).columns[-1].warehouse_type == kind


@pytest.mark.parametrize(
    ("change", "place", "message", "hint"),
    [
        (lambda d: d.update(name="films"), "name", "is 'films', its folder 'books'", "they must be the same"),
        (lambda d: d.update(version="1.0"), "version", "is not MAJOR.MINOR.PATCH", ""),
        (lambda d: d["schema"].pop(0), "schema", "no object named books_raw", "one for producers, one for consumers"),
        (lambda d: d["schema"].pop(1), "schema", "no object named books", "one for producers, one for consumers"),
        (lambda d: d["schema"][0].pop("properties"), "schema.books_raw", "no properties", ""),
        (
            custom("colour", "red"),
            "customProperties",
            "unknown customProperty 'colour'",
            "known here: csvDelimiter, csv",
        ),
        (custom("csvDelimiter", ";;"), "csvDelimiter", "is ';;'", "one character, no quote and no line end"),
        (custom("csvDelimiter", '"'), "csvDelimiter", "is '\"'", "one character, no quote and no line end"),
        (custom("maxRecordBytes", 600_000), "maxRecordBytes", "is 600000", "at most 524288"),
        (custom("maxRecordBytes", -1), "maxRecordBytes", "is -1", "at most 524288"),
        (custom("unknownFields", "keep"), "customProperties", "Invalid enum value 'keep'", ""),
        (output_custom("sortKey", ["nope"]), "sortKey", "'nope' is no column", ""),
        (output_custom("distKey", "nope"), "distKey", "'nope' is no column", ""),
        (
            output_custom("color", 1),
            "schema.books.customProperties",
            "unknown customProperty 'color'",
            "known here: archiveAfterDays, distKey, sortKey",
        ),
        (sla("latency", 5, "parsecs"), "slaProperties.0", "5 parsecs", "whole number of"),
        (sla("retention", 0, "years"), "slaProperties.0", "0 years", "whole number of"),
        (raw(name="id", logicalType="date"), "schema.books_raw.id", "stands twice", "tells capitals apart"),
        (raw(name="ID", logicalType="date"), "schema.books_raw.ID", "stands twice", "tells capitals apart"),
        (raw(logicalType="time"), "schema.books_raw.x", "logicalType 'time'", "one of array, boolean, date"),
        (
            raw(logicalType="integer", logicalTypeOptions={"format": "u32"}),
            "schema.books_raw.x",
            "format 'u32'",
            "i16, i32 or i64",
        ),
        (
            raw(logicalType="number", physicalType="decimal(39,1)"),
            "schema.books_raw.x",
            "decimal(39,1)",
            "at most 38 digits",
        ),
        (
            raw(logicalType="number", physicalType="decimal(3,4)"),
            "schema.books_raw.x",
            "decimal(3,4)",
            "at most 38 digits",
        ),
        (
            raw(logicalType="string", logicalTypeOptions={"pattern": "("}),
            "schema.books_raw.x",
            "pattern: missing )",
            "",
        ),
        (
            raw(logicalType="string", logicalTypeOptions={"format": "email"}),
            "schema.books_raw.x",
            "option format of type string is not supported",
            "known here: maxLength, minLength, pattern",
        ),
        (
            raw(logicalType="number", logicalTypeOptions={"multipleOf": 2}),
            "schema.books_raw.x",
            "option multipleOf of type number is not supported",
            "known here",
        ),
        (
            raw(logicalType="number", enum=[{"value": 1}]),
            "schema.books_raw.x",
            "enum",
            "values of a string or an integer property",
        ),
        (raw(logicalType="string", enum=[{"value": 1}]), "schema.books_raw.x", "enum", "in its own type"),
        (
            raw(logicalType="number", logicalTypeOptions={"minimum": 0, "exclusiveMinimum": 0}),
            "schema.books_raw",
            "Cannot specify both",
            "bounds are",
        ),
        (
            raw(logicalType="date", logicalTypeOptions={"minimum": "soon"}),
            "schema.books_raw",
            "Invalid isoformat string",
            "ISO 8601",
        ),
        (raw(name='a"b', logicalType="date"), "schema.books_raw", "Renamed field names must not contain", ""),
        (out(name="_line", logicalType="date"), "schema.books._line", "is no name for a column", "lower-case letters"),
        (out(name="Title", logicalType="date"), "schema.books.Title", "is no name for a column", "lower-case letters"),
        (out(logicalType="string"), "schema.books.x", "physicalType ''", "varchar(BYTES), at most 65535"),
        (
            out(logicalType="string", physicalType="varchar(65536)"),
            "schema.books.x",
            "physicalType 'varchar(65536)'",
            "varchar(BYTES)",
        ),
        (out(logicalType="string", physicalType="text"), "schema.books.x", "physicalType 'text'", "varchar(BYTES)"),
        (
            out(logicalType="date", physicalType="timestamp"),
            "schema.books.x",
            "physicalType 'timestamp' for date",
            "use date",
        ),
        (
            out(logicalType="timestamp", physicalType="timestamp"),
            "schema.books.x",
            "physicalType 'timestamp' for timestamp",
            "use timestamptz",
        ),
        (
            out(logicalType="date", classification="secret"),
            "schema.books.x",
            "classification 'secret'",
            "one of public, internal",
        ),
        (
            out(logicalType="integer", customProperties=MASK),
            "schema.books.x",
            "mask 'hmac' of type integer",
            "`hmac`, on a string column",
        ),
        (
            out(logicalType="string", physicalType="varchar(40)", customProperties=MASK),
            "schema.books.x",
            "varchar(40) is too short for a token",
            "varchar(80)",
        ),
        (
            out(logicalType="array", items={"logicalType": "date"}, required=True, primaryKey=True),
            "x",
            "a nested column cannot be a key",
            "",
        ),
        (out(logicalType="date", primaryKey=True), "x", "a primary key may be null", "set required: true"),
        (custom("maxBadShare", 5), "maxBadShare", "is 5", "from 0 to 1"),
        (custom("maxBadShare", True), "maxBadShare", "is True", "from 0 to 1"),
        (custom("maxBadShare", "5 %"), "maxBadShare", "is '5 %'", "from 0 to 1"),
        (custom("onBadShare", "pause"), "onBadShare", "beyond maxBadShare, which is not there", "set both"),
        (
            out(logicalType="date", customProperties=[{"property": "hash", "value": 1}]),
            "schema.books.x",
            "unknown customProperty 'hash'",
            "known here: mask",
        ),
    ],
)
def test_a_problem_has_its_place_its_message_and_its_hint(
    tmp_path: Path, change: Change, place: str, message: str, hint: str
) -> None:
    found = problems(tmp_path, change)
    assert any(
        problem.place.endswith(f"contract.odcs.yaml:{place}") and message in problem.message and hint in problem.hint
        for problem in found
    ), found


def test_merging_needs_a_primary_key(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        custom("loadMode", "merge")(document)
        del document["schema"][1]["properties"][0]["primaryKey"]

    (problem,) = problems(tmp_path, change)
    assert (problem.message, problem.hint) == ("merge needs a primary key", "set primaryKey: true on its columns")


def test_a_folder_must_have_a_name_that_every_place_takes(tmp_path: Path) -> None:
    found = problems(tmp_path, lambda document: document.update(name="My-Books"), "My-Books")
    assert any(problem.hint == "lower-case letters, digits and _, a letter first" for problem in found)


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["version"] = "1"
        raw(logicalType="string", logicalTypeOptions={"pattern": "("})(document)
        out(logicalType="string")(document)

    assert len(problems(tmp_path, change)) == 3


def test_what_the_standard_does_not_allow_is_said_with_its_place(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, lambda document: document.update(status=5))
    assert problem.place.endswith("contract.odcs.yaml:status")
    assert problem.hint == "the Open Data Contract Standard does not allow it"


def test_a_contract_that_is_absent_or_no_yaml_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no contract\.odcs\.yaml\n  hint: docs/contracts.md shows one"):
        compile_contract(tmp_path)
    (tmp_path / "contract.odcs.yaml").write_text("a: [")
    with pytest.raises(ContractError, match="not YAML"):
        compile_contract(tmp_path)


def test_without_enrich_sql_records_pass_as_they_are(tmp_path: Path) -> None:
    assert compiled(tmp_path).enrich_sql == "SELECT * FROM records"


def test_reference_tables_are_the_csv_files_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "books" / "reference").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "notes.txt"):
        (tmp_path / "books" / "reference" / name).touch()
    assert compiled(tmp_path).references == ("a", "b")


def test_keys_come_in_the_order_of_their_positions(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        out(logicalType="date", required=True, primaryKey=True, primaryKeyPosition=1)(document)
        document["schema"][1]["properties"][0]["primaryKeyPosition"] = 2

    assert compiled(tmp_path, change).primary_key == ("x", "id")

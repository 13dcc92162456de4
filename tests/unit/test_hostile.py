"""Hostile input: each case of the table becomes what the table says, and every invariant holds for it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from datavault import quarantine, receipt
from datavault.edges.events import created_objects
from datavault.enrich import Enricher
from datavault.identity import manifest_key, parquet_key
from datavault.masking import MaskingKeys
from datavault.stages.loader import ParquetFile, manifest
from datavault.warehouse_sql import load
from datavault.wire import MIB

from . import hostile_inputs
from .hostile_inputs import CASES, CONTRACT, MAX_OBJECT_BYTES, REASONS, Case, value_cases
from .invariants import check
from .support import Result
from .test_enrich import parquet_rows

ROOT = Path(__file__).parents[2]
VALUES = list(value_cases())


@pytest.fixture(scope="module")
def enricher(tmp_path_factory: pytest.TempPathFactory) -> Enricher:
    folder = tmp_path_factory.mktemp("work")
    return Enricher(CONTRACT, folder / "none", folder)


def outcome(result: Result) -> str:
    """What became of each line, in the table's words."""
    found = {line: f"{line}={record['n']}" for line, record in result.records}
    found |= {
        reject.line: f"{reject.line}{'..' if reject.rest else ''}={reject.reason.value}" for reject in result.rejects
    }
    return " ".join(text for _, text in sorted(found.items()))


def rows(result: Result, enricher: Enricher, folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of the chunks' Parquet objects."""
    for chunk in result.chunks:
        yield from parquet_rows(enricher.enrich(chunk.data, MaskingKeys({"k1": "secret"})).data, folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}, {case.key}")
def test_a_hostile_object_becomes_what_the_table_says(case: Case, enricher: Enricher, tmp_path: Path) -> None:
    result = check(case.data, case.contract, f"books/{case.key}")
    assert [row["n"] for row in rows(result, enricher, tmp_path)] == [record["n"] for _, record in result.records]
    if case.outcome == "bounded":
        assert result.rejects[-1].reason.value == "too_large"
        assert result.receipt.valid <= MAX_OBJECT_BYTES / len(b'{"n": 1}\n')
    else:
        assert outcome(result) == case.outcome


@pytest.mark.parametrize(("case", "field", "wanted"), VALUES, ids=[f"{case.name}, {case.key}" for case, *_ in VALUES])
def test_a_hostile_value_is_refused_or_arrives_as_it_is(
    case: Case, field: str, wanted: Any, enricher: Enricher, tmp_path: Path
) -> None:
    result = check(case.data, case.contract, f"books/{case.key}")
    found = list(rows(result, enricher, tmp_path))
    if wanted in REASONS:
        assert outcome(result) == case.outcome
        assert [row["n"] for row in found] == [1, 3]
    else:
        assert result.rejects == []
        assert found[1][field] == wanted


# Names

KEYS = [
    "books/day one.ndjson",
    "books/a+b=c&d.ndjson",
    "books/Zürich 日本 \N{GRINNING FACE}.ndjson",
    "books/e\u0301 and \u00e9.ndjson",
    "books/100%.ndjson",
    "books/%2B%20%00.ndjson",
    "books/'; DROP TABLE books; --.ndjson",
    'books/"a"\\b.ndjson',
    "books/:s $1 %s {0}.ndjson",
    "books/=1+1.ndjson",
    "books/../flights/a.ndjson",
    "books//a.ndjson",
    "books/a\nb\tc.ndjson",
    "books/" + "x" * 1018,
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_comes_through_the_event_to_the_row_as_it_is(key: str, enricher: Enricher, tmp_path: Path) -> None:
    # As S3 writes keys into events: a form's encoding.
    entity = {"key": quote_plus(key, safe="/"), "size": 1, "versionId": "v1"}
    (event,) = created_objects(s3_event(entity))
    assert event.key == key
    result = check(b'{"n": 1}\n{"n": x}', CONTRACT, event.key)
    (row,) = rows(result, enricher, tmp_path)
    assert (row["n"], row["_source"]) == (1, f"s3://raw/{key}")
    assert quarantine.read(result.quarantine_body)[0].source == f"s3://raw/{key}"
    assert receipt.decode(result.receipt.encode()) == result.receipt
    names = [
        result.receipt.quarantine_key,
        *(parquet_key("books", chunk.header.date, chunk.header.id) for chunk in result.chunks),
    ]
    assert all(re.fullmatch(r"[a-z0-9/=.-]+", name) for name in names)


def s3_event(entity: dict[str, Any]) -> str:
    captured = json.loads((Path(__file__).parents[1] / "events/sqs_s3_object_created.json").read_text())
    body = json.loads(captured["Records"][0]["body"])
    body["Records"][0]["s3"] |= {"bucket": {"name": "raw"}, "object": entity}
    return json.dumps(body)


def test_no_value_is_in_a_statement_or_a_manifest(enricher: Enricher, tmp_path: Path) -> None:
    texts = [value.outcome for value in hostile_inputs.VALUES if value.name.startswith(("SQL", "a formula", "a path"))]
    data = b"".join(json.dumps({"n": n, "s": text}).encode() + b"\n" for n, text in enumerate(texts))
    result = check(data, CONTRACT, "books/'; DROP TABLE books; --.ndjson")
    assert [row["s"] for row in rows(result, enricher, tmp_path)] == texts
    (chunk,) = result.chunks
    file = ParquetFile(parquet_key("books", chunk.header.date, chunk.header.id), 1, len(CONTRACT.columns))
    body = manifest("processed", [file])
    location = f"s3://processed/{manifest_key('books', body)}"
    for statement in [*load(CONTRACT, file.columns, location, "arn:copy"), body.decode()]:
        assert not [text for text in [*texts, "DROP TABLE books"] if text in statement]


# Memory


@pytest.mark.parametrize("case", ["line", "element", "row", "line in gzip"])
def test_200_megabytes_without_an_end_are_never_held(case: str) -> None:
    """In a process of its own: the peak of its memory only ever grows."""
    command = [sys.executable, "-m", "tests.unit.endless", case]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["valid"], found["reasons"]) == (1, {"too_large": 1})
    # A record may be 256 KiB and a block as much; a copy or two of both is what a reader needs.
    assert found["grown_bytes"] < 16 * MIB

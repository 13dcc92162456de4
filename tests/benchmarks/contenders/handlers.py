"""The Lambda handlers that people write: one record at a time through the stream, pandas behind it.

The producer side parses each line, validates it, keeps the bad ones with the validator's reasons, and puts each record
for itself. The consumer side takes batches of 10,000 (the most that Lambda gives), joins and masks with pandas, and
writes Parquet with pyarrow.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import batched
from typing import Any

import jsonschema
import jsonschema_rs
import orjson
import pandas as pd
from pydantic import ValidationError

from datavault.masking import token

from ..datasets import CONTRACTS, Input
from ..outcome import Outcome
from . import schemas
from .datavault import KEYS

_BATCH = 10_000
type Judge = Callable[[bytes], tuple[dict[str, Any] | None, Any]]  # the record, or None and the reasons


def json_pydantic(wanted: Input) -> Outcome:
    model = schemas.model(wanted.dataset)

    def judge(line: bytes) -> tuple[dict[str, Any] | None, Any]:
        try:
            record = json.loads(line)
            model.model_validate(record)
        except ValidationError as error:
            return None, error.errors(include_url=False, include_input=False, include_context=False)
        except ValueError as error:
            return None, str(error)
        return record, None

    return _run(wanted, judge, lambda record: json.dumps(record).encode(), json.loads)


def json_jsonschema(wanted: Input) -> Outcome:
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date-time")(schemas.is_instant)
    validator = jsonschema.Draft202012Validator(schemas.json_schema(wanted.dataset), format_checker=checker)

    def judge(line: bytes) -> tuple[dict[str, Any] | None, Any]:
        try:
            record = json.loads(line)
        except ValueError as error:
            return None, str(error)
        if errors := [error.message for error in validator.iter_errors(record)]:
            return None, errors
        return record, None

    return _run(wanted, judge, lambda record: json.dumps(record).encode(), json.loads)


def orjson_jsonschema_rs(wanted: Input) -> Outcome:
    validator = jsonschema_rs.Draft202012Validator(schemas.json_schema(wanted.dataset), validate_formats=True)

    def judge(line: bytes) -> tuple[dict[str, Any] | None, Any]:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return None, str(error)
        if not validator.is_valid(record):
            return None, [error.message for error in validator.iter_errors(record)]
        return record, None

    return _run(wanted, judge, orjson.dumps, orjson.loads)


def csv_pydantic(wanted: Input) -> Outcome:
    """The producer side alone, of a CSV file: a DictReader, a lax model, a JSON text for each row."""
    model = schemas.model(wanted.dataset)
    nulls = set(wanted.data.contract.csv.null_values)
    outcome = Outcome()
    with wanted.path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                values = {name: None if value in nulls else value for name, value in row.items()}
                record = model.model_validate(values, strict=False)
            except ValidationError as error:
                outcome.rejects += 1
                error.errors(include_url=False, include_input=False, include_context=False)
                continue
            outcome.records += 1
            outcome.stream_bytes += len(record.model_dump_json())
    return outcome


def _run(wanted: Input, judge: Judge, dump: Callable[[Any], bytes], load: Callable[[bytes], dict[str, Any]]) -> Outcome:
    outcome = Outcome()
    for batch in batched(_valid(wanted, judge, outcome), _BATCH, strict=False):
        stream = [dump(record) for record in batch]
        outcome.stream_bytes += sum(map(len, stream))
        outcome.stream_records += len(stream)
        outcome.parquet_bytes += len(_parquet(wanted.dataset, [load(data) for data in stream]))
    return outcome


def _valid(wanted: Input, judge: Judge, outcome: Outcome) -> Iterator[dict[str, Any]]:
    quarantine = []
    with gzip.open(wanted.path) as lines:
        for number, line in enumerate(lines, start=1):
            record, reasons = judge(line)
            if record is None:
                outcome.rejects += 1
                quarantine.append({"line": number, "reasons": reasons, "original": line.decode(errors="replace")})
            else:
                outcome.records += 1
                yield record
    json.dumps(quarantine, default=str)


def _parquet(dataset: str, records: list[dict[str, Any]]) -> bytes:
    frame = pd.DataFrame(records)
    instant = "time_hour" if dataset == "flights" else "at"
    if instant in frame:
        frame[instant] = pd.to_datetime(frame[instant], utc=True, format="ISO8601")
    if dataset == "flights":
        for table, columns, keys in references():
            frame = frame.merge(table[columns], how="left", on=keys)
        frame["tailnum"] = frame["tailnum"].map(masked, na_action="ignore")
    elif dataset == "payments":
        frame["account"] = frame["account"].map(masked)
    file = io.BytesIO()
    frame.to_parquet(file, compression="zstd", index=False)
    return file.getvalue()


@cache
def references() -> list[tuple[pd.DataFrame, list[str], list[str]]]:
    """The flights' reference tables, as enrich.sql joins them: table, columns, keys."""
    tables = {path.stem: pd.read_parquet(path) for path in (CONTRACTS / "reference/flights").glob("*.parquet")}
    planes = tables["planes"].rename(columns={"type": "aircraft_type", "year": "built"})
    airports = tables["airports"].rename(
        columns={"faa": "dest", "name": "dest_name", "lat": "dest_lat", "lon": "dest_lon"}
    )
    weather = tables["weather"].drop_duplicates(["origin", "time_hour"])
    weather = weather.assign(time_hour=pd.to_datetime(weather["time_hour"], utc=True))
    return [
        (tables["airlines"].rename(columns={"name": "carrier_name"}), ["carrier", "carrier_name"], ["carrier"]),
        (planes, ["tailnum", "aircraft_type", "manufacturer", "model", "built", "seats"], ["tailnum"]),
        (airports, ["dest", "dest_name", "dest_lat", "dest_lon"], ["dest"]),
        (weather, ["origin", "time_hour", "temp", "wind_speed", "precip", "visib"], ["origin", "time_hour"]),
    ]


def masked(value: str) -> str:
    return token(KEYS, "k1", value)

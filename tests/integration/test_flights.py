"""Real data through every hop: each value of each of 336,776 flights, against the source files."""

import csv
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.edges.clients import client
from datavault.masking import MaskingKeys, token

from .conftest import ROOT

FLIGHTS = 336_776
REFERENCE = ROOT / "contracts/flights/reference"
TEXT = {"carrier", "tailnum", "origin", "dest"}


def rows_of(path: Any) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def number(text: str | None) -> float | None:
    return None if text in (None, "NA") else float(text)


def text(value: str | None) -> str | None:
    return None if value in (None, "NA") else value


def masking_keys(run: Context) -> MaskingKeys:
    secret = client("secretsmanager").get_secret_value(SecretId=f"{run.stack.project_name}-masking-key")
    return msgspec.json.decode(secret["SecretString"], type=MaskingKeys)


def expected_rows(run: Context) -> list[tuple[Any, ...]]:
    """The flights as the contract promises them, joined here with dictionaries instead of SQL."""
    keys = masking_keys(run)
    airlines = {row["carrier"]: row for row in rows_of(REFERENCE / "airlines.csv")}
    planes = {row["tailnum"]: row for row in rows_of(REFERENCE / "planes.csv")}
    airports = {row["faa"]: row for row in rows_of(REFERENCE / "airports.csv")}
    weather: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows_of(REFERENCE / "weather.csv"):
        there = weather.setdefault((row["origin"], row["time_hour"]), row)
        if (number(row["temp"]) or 1e9) < (number(there["temp"]) or 1e9):
            weather[row["origin"], row["time_hour"]] = row
    tokens: dict[str, str] = {}
    expected = []
    for line, row in enumerate(rows_of(ROOT / ".local/data/flights.csv"), start=2):
        tail = text(row["tailnum"])
        if tail is not None and tail not in tokens:
            tokens[tail] = token(keys, "k1", tail)
        airline, plane = airlines.get(row["carrier"], {}), planes.get(row["tailnum"], {})
        airport, hour = airports.get(row["dest"], {}), weather.get((row["origin"], row["time_hour"]), {})
        expected.append(
            (
                line,
                *(number(row[name]) for name in ("year", "month", "day", "dep_time", "sched_dep_time", "dep_delay")),
                *(number(row[name]) for name in ("arr_time", "sched_arr_time", "arr_delay")),
                row["carrier"],
                text(airline.get("name")),
                number(row["flight"]),
                None if tail is None else tokens[tail],
                *(text(plane.get(name)) for name in ("type", "manufacturer", "model")),
                *(number(plane.get(name)) for name in ("year", "seats")),
                row["origin"],
                row["dest"],
                text(airport.get("name")),
                *(number(airport.get(name)) for name in ("lat", "lon")),
                *(number(row[name]) for name in ("air_time", "distance", "hour", "minute")),
                datetime.fromisoformat(row["time_hour"]).astimezone(UTC),
                *(number(hour.get(name)) for name in ("temp", "wind_speed", "precip", "visib")),
            )
        )
    return expected


def test_every_value_in_the_warehouse_equals_the_source(
    run: Context, warehouse: psycopg.Connection[tuple[Any, ...]], flights: Loaded
) -> None:
    columns = [column for (column,) in warehouse.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'flights' "
        "AND left(column_name, 1) <> '_' ORDER BY ordinal_position"
    )]  # fmt: skip
    found = warehouse.execute(
        f"SELECT _line, {', '.join(columns)} FROM public.flights WHERE _object_id = %s ORDER BY _line",
        [flights.object_id],
    ).fetchall()

    expected = expected_rows(run)

    assert len(found) == len(expected) == FLIGHTS
    different = [(want, got) for want, got in zip(expected, found, strict=True) if want != got]
    assert not different, f"{len(different)} rows differ; the first: {different[0]}"


def test_flights_without_a_match_in_the_reference_data_keep_their_rows(
    warehouse: psycopg.Connection[tuple[Any, ...]], flights: Loaded
) -> None:
    known = {row["faa"] for row in rows_of(REFERENCE / "airports.csv")}
    planes = {row["tailnum"] for row in rows_of(REFERENCE / "planes.csv")}
    source = rows_of(ROOT / ".local/data/flights.csv")
    no_airport = sum(row["dest"] not in known for row in source)
    no_plane = sum(row["tailnum"] not in planes for row in source)
    assert no_airport > 7_000  # four airports of Puerto Rico and the Virgin Islands
    assert no_plane > 50_000

    found = warehouse.execute(
        "SELECT count(*) FILTER (WHERE dest_name IS NULL), count(*) FILTER (WHERE manufacturer IS NULL) "
        "FROM public.flights WHERE _object_id = %s",
        [flights.object_id],
    ).fetchone()

    assert found == (no_airport, no_plane)


def test_the_command_counts_every_flight(
    datavault: Callable[..., subprocess.CompletedProcess[str]], flights: Loaded
) -> None:
    sql = f"select count(*) from flights where _object_id = '{flights.object_id}'"

    assert datavault("query", "--format", "csv", sql).stdout == f"{FLIGHTS}\n"
    assert json.loads(datavault("query", sql, "--json").stdout) == [{"count": FLIGHTS}]


def test_ndjson_gives_the_same_rows_as_csv(
    warehouse: psycopg.Connection[tuple[Any, ...]], flights: Loaded, load: Callable[[str, bytes], Loaded]
) -> None:
    count = 3_000
    lines = []
    for row in rows_of(ROOT / ".local/data/flights.csv")[:count]:
        values = {name: text(value) for name, value in row.items()}
        lines.append(
            json.dumps(
                {
                    name: value if value is None or name in TEXT or name == "time_hour" else int(value)
                    for name, value in values.items()
                }
            )
        )

    loaded = load("flights/first.ndjson", "\n".join(lines).encode())

    names = "year, month, day, dep_time, carrier, carrier_name, tailnum, dest_name, arr_delay, time_hour, temp_f"
    assert loaded.rows == count
    from_json = warehouse.execute(
        f"SELECT {names} FROM public.flights WHERE _object_id = %s ORDER BY _line", [loaded.object_id]
    ).fetchall()
    from_csv = warehouse.execute(
        f"SELECT {names} FROM public.flights WHERE _object_id = %s ORDER BY _line LIMIT {count}", [flights.object_id]
    ).fetchall()
    assert from_json == from_csv

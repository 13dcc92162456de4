"""docs/benchmarks.json and the tables of docs/benchmarks.md."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from .cold_start import ColdStart
from .datasets import NAMES, ROOT, datasets
from .runner import Result, ratio
from .suite import MEASURES, Measure, Results, service
from .tables import replace_generated, table

JSON = ROOT / "docs/benchmarks.json"
_VERSIONS = (
    "msgspec",
    "duckdb",
    "isal",
    "backports.zstd",
    "pydantic",
    "pandas",
    "jsonschema",
    "jsonschema-rs",
    "orjson",
    "dlt",
    "polars",
    "pyarrow",
)
COLD_START = Measure("", "s", 0.6, 0.35, lambda results: 0.0)
ZIP_MB = {"processor": (20, 3), "enrichment": (45, 26)}
END_TO_END = Measure("", "s", 30, 12, lambda results: 0.0)


class Cloud(msgspec.Struct, frozen=True):
    """The local cloud's times in seconds. `loads` are those of the flights, one after the other."""

    start: float
    apply: float
    loads: list[float]


def write(results: Results, starts: list[ColdStart], cloud: Cloud | None) -> None:
    figures = {measure.name: measure.of(results) for measure in MEASURES}
    data = {"machine": machine(), "versions": versions(), "ratios": figures, "service": service(results)}
    JSON.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")
    parts = [_said(), _promises(figures, starts, cloud), _table_of(results), _others(results), _cold(starts)]
    replace_generated("benchmarks", "bench", "\n\n".join(parts))


def committed() -> dict[str, float]:
    """The ratios that the repository says it has."""
    return dict(msgspec.json.decode(JSON.read_bytes())["ratios"])


def machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = int(_lines("/proc/meminfo")[0].split()[1]) / 2**20
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    return {name: version(name) for name in _VERSIONS}


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _said() -> str:
    found = machine()
    names = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB, {found['system']}, "
        f"Python {found['python']}. {names}. Command: `make bench`. Each contender ran in its own process, pinned to "
        "one core, in turns; times are CPU seconds (user and system), medians over the rounds."
    )


def _row(name: str, measure: Measure, value: float) -> list[str]:
    verdict = "**missed**" if value > measure.required else "hoped for, too" if value <= measure.hoped else "yes"
    return [
        name,
        measure.text(value),
        f"≤ {measure.text(measure.required)}",
        f"≤ {measure.text(measure.hoped)}",
        verdict,
    ]


def _promises(figures: dict[str, float], starts: list[ColdStart], cloud: Cloud | None) -> str:
    rows = [_row(measure.name, measure, figures[measure.name]) for measure in MEASURES]
    rows += [_row(f"cold start of the {start.function}", COLD_START, start.seconds) for start in starts]
    for start in starts:
        if start.function in ZIP_MB:
            required, hoped = ZIP_MB[start.function]
            measure = Measure("", "MB", required, hoped, lambda results: 0.0)
            rows.append(_row(f"zip of the {start.function}", measure, start.zip_bytes / 1e6))
    if cloud:
        rows.append(_row("flights, first put to last row, local cloud", END_TO_END, cloud.loads[0]))
    promises = table(["measure", "measured", "required", "hoped for", "kept"], rows)
    if cloud:
        loads = ", ".join(f"{seconds:.1f} s" for seconds in cloud.loads)
        promises += (
            f"\n\nThe local cloud starts in {cloud.start:.1f} s and is applied in {cloud.apply:.1f} s; the flights "
            f"took {loads}, the first time with cold functions. These are times by the clock, on both cores."
        )
    return "## What is promised\n\n" + promises


def _table_of(results: Results) -> str:
    core = results["core"]
    rows = []
    for name, result in results.items():
        if name == "keep-chunks" or result.case.input.dataset != "flights":
            continue
        outcome = result.runs[0].outcome
        count = outcome.records + outcome.rejects
        times = ratio(result, core)
        rows.append(
            [
                name,
                f"{count:,}",
                f"{outcome.rejects:,}",
                f"{result.microseconds:.2f}",
                f"{result.spread:.0%}",
                f"{times:.2f}",
                f"{result.peak / 1e6:.0f}",
                str(len(result.runs)),
            ]
        )
    head = ["contender", "records", "of them bad", "µs CPU a record", "spread", "core = 1", "peak MB", "rounds"]
    return "## Flights\n\n" + table(head, rows)


def _others(results: Results) -> str:
    rows = []
    for name in NAMES:
        if name == "flights":
            continue
        of: dict[str, Result] = {
            key.removeprefix(f"{name} "): found for key, found in results.items() if key.startswith(f"{name} ")
        }
        core = of["core"]
        outcome = core.runs[0].outcome
        raw = _raw_bytes(name)
        rows.append(
            [
                name,
                f"{raw / outcome.records:.0f}",
                f"{core.microseconds:.1f}",
                f"{ratio(core, of['duckdb']):.2f} : 1",
                f"{ratio(of['processor'], of['duckdb']):.2f} : 1",
                f"1 : {1 / ratio(core, of['jsonschema-rs']):.1f}",
                f"1 : {raw / outcome.stream_bytes:.1f}",
                f"{core.peak / 1e6:.0f}",
            ]
        )
    head = [
        "data set",
        "bytes a record",
        "core, µs a record",
        "core / DuckDB",
        "processor / DuckDB",
        "core / orjson + jsonschema-rs + pandas",
        "stream / raw",
        "peak MB",
    ]
    about = "\n".join(f"- **{name}**: {dataset.about}." for name, dataset in datasets().items())
    return "## Other data\n\n" + about + "\n\n" + table(head, rows)


def _raw_bytes(name: str) -> int:
    """What the data set is as plain NDJSON."""
    from isal import igzip  # noqa: PLC0415  the only use

    from .datasets import Input  # noqa: PLC0415

    return len(igzip.decompress(Input(name).path.read_bytes()))


def _cold(starts: list[ColdStart]) -> str:
    rows = [
        [
            start.function,
            f"{start.import_seconds:.2f}",
            f"{start.client_seconds:.2f}",
            f"{start.seconds:.2f}",
            f"{start.peak / 1e6:.0f}",
            f"{start.zip_bytes / 1e6:.1f}",
        ]
        for start in starts
    ]
    head = ["function", "import, s", "first client, s", "together, s", "peak MB", "zip MB"]
    return "## Cold starts\n\n" + table(head, rows)

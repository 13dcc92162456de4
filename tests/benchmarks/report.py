"""docs/benchmarks.json and the tables of docs/benchmarks.md."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from isal import igzip

from .cloud import Cloud
from .cold_start import ColdStart
from .datasets import NAMES, ROOT, Input, datasets
from .runner import Result, ratio
from .suite import MEASURES, Results, figure, service
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
# Required and hoped for.
_COLD_START_SECONDS = (0.6, 0.35)
_ZIP_MB = {"processor": (20, 3), "enrichment": (45, 26)}
_END_TO_END_SECONDS = (30, 12)


class Run(msgspec.Struct, frozen=True):
    """All that a run has measured, and with what."""

    results: dict[str, Result]
    starts: list[ColdStart]
    cloud: Cloud | None
    machine: dict[str, str | int]
    versions: dict[str, str]


def write(run: Run) -> None:
    """Write both documents."""
    figures = {measure.name: measure.of(run.results) for measure in MEASURES}
    service_times = service(run.results)
    data = {"machine": run.machine, "versions": run.versions, "ratios": figures, "service": service_times}
    JSON.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")
    promises = _promises(figures, run.starts, run.cloud)
    parts = [_said(run), promises, _table_of(run.results), _others(run.results), _cold(run.starts)]
    replace_generated("benchmarks", "bench", "\n\n".join(parts))


def committed() -> dict[str, float]:
    """The ratios that the repository says it has."""
    return dict(msgspec.json.decode(JSON.read_bytes())["ratios"])


def machine() -> dict[str, str | int]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = int(_lines("/proc/meminfo")[0].split()[1]) / 2**20
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": os.cpu_count() or 0,
        "memory_gib": round(memory),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    return {name: version(name) for name in _VERSIONS}


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _said(run: Run) -> str:
    found = run.machine
    names = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB, {found['system']}, "
        f"Python {found['python']}. {names}. Command: `make bench`. Each contender ran in its own process, pinned to "
        "one core, in turns; times are CPU seconds (user and system), medians over the rounds."
    )


def _row(name: str, value: float, unit: str, required: float, hoped: float) -> list[str]:
    verdict = "**missed**" if value > required else "hoped for, too" if value <= hoped else "yes"
    return [name, figure(value, unit), f"≤ {figure(required, unit)}", f"≤ {figure(hoped, unit)}", verdict]


def _promises(figures: dict[str, float], starts: list[ColdStart], cloud: Cloud | None) -> str:
    rows = [
        _row(measure.name, figures[measure.name], measure.unit, measure.required, measure.hoped) for measure in MEASURES
    ]
    rows += [_row(f"cold start of the {start.function}", start.seconds, "s", *_COLD_START_SECONDS) for start in starts]
    rows += [
        _row(f"zip of the {start.function}", start.zip_bytes / 1e6, "MB", *_ZIP_MB[start.function])
        for start in starts
        if start.function in _ZIP_MB
    ]
    if cloud:
        rows.append(_row("flights, first put to last row, local cloud", cloud.loads[0], "s", *_END_TO_END_SECONDS))
    promises = table(["measure", "measured", "required", "hoped for", "kept"], rows)
    if cloud:
        loads = ", ".join(f"{seconds:.1f} s" for seconds in cloud.loads)
        promises += (
            f"\n\nThe local cloud starts in {cloud.start:.1f} s and is applied in {cloud.apply:.1f} s; the flights "
            f"took {loads}, the first time with cold functions. These are times by the clock, on both cores."
        )
        rows = [
            [
                f"{small.objects:,}",
                f"{small.put:.1f}",
                f"{small.seconds:.1f}",
                f"{small.seconds / small.objects * 1e3:.0f}",
            ]
            for small in cloud.small
        ]
        head = ["objects of 1 kB", "s to the last put", "s to the last row", "ms an object"]
        promises += "\n\n" + table(head, rows)
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

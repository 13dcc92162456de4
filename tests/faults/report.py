"""What was tried and what came of it: a table for people, JSON for machines."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Point:
    """One fault, really tried. `deliveries` are the invocations that it took in all, `failed` those that failed."""

    suite: str
    scenario: str
    function: str
    call: str
    fault: str
    deliveries: int
    failed: int
    rows: int
    lost: int
    duplicated: int
    is_balanced: bool
    outcome: str

    @property
    def is_good(self) -> bool:
        return self.is_balanced and not self.lost and not self.duplicated and not self.outcome.startswith("FAILED")


def totals(points: Iterable[Point]) -> dict[str, int]:
    points = list(points)
    return {
        "points tried": len(points),
        "deliveries": sum(point.deliveries for point in points),
        "records lost": sum(point.lost for point in points),
        "records duplicated": sum(point.duplicated for point in points),
        "not balanced": sum(not point.is_balanced for point in points),
        "failed": sum(not point.is_good for point in points),
    }


def write_json(points: list[Point], seed: int, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"seed": seed, "totals": totals(points), "points": [asdict(point) for point in points]}
    file.write_text(json.dumps(content, indent=1) + "\n")


def print_table(points: list[Point], seed: int, console: Console) -> None:
    table = Table(title="Fault points", title_justify="left", header_style="bold")
    for name in ("scenario", "function", "call", "fault"):
        table.add_column(name, overflow="fold")
    for name in ("deliveries", "rows", "lost", "twice"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    suite = ""
    for point in points:
        if point.suite != suite:
            suite = point.suite
            table.add_section()
            table.add_row(f"[bold]{suite}[/bold]")
        style = "" if point.is_good else "red"
        counts = (point.deliveries, point.rows, point.lost, point.duplicated)
        table.add_row(
            point.scenario, point.function, point.call, point.fault, *map(str, counts), point.outcome, style=style
        )
    console.print(table)
    console.print(", ".join(f"{name}: {count}" for name, count in totals(points).items()), f"(seed {seed})")

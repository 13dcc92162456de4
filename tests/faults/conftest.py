"""A deployed stack with its event source mappings off, the functions in this process, and the list of points tried."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from datavault.cli.context import Context

from ..integration.conftest import run as run  # noqa: PLC0414  its fixture is ours too
from . import report
from .bench import Bench, clients
from .injector import Injector, installed
from .mappings import mappings_off
from .report import Point

ROOT = Path(__file__).resolve().parents[2]
REPORT = Path(os.environ.get("FAULTS_REPORT", ROOT / ".local" / "faults" / "report.json"))
POINTS = pytest.StashKey[list[Point]]()
SEED = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[POINTS] = []
    config.stash[SEED] = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))


def pytest_report_header(config: pytest.Config) -> str:
    return f"faults: FAULTS_SEED={config.stash[SEED]} repeats this run"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if points := config.stash[POINTS]:
        seed = config.stash[SEED]
        report.write_json(points, seed, REPORT)
        report.print_table(points, seed, Console(width=160))
        terminalreporter.write_line(f"all points: {REPORT}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what needs the mappings: a stream's mapping that is switched on again begins at the stream's beginning."""
    items.sort(key=lambda item: "test_sigkill" not in item.nodeid)


@pytest.fixture(scope="session")
def points(request: pytest.FixtureRequest) -> list[Point]:
    return request.config.stash[POINTS]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return request.config.stash[SEED]


@pytest.fixture(scope="session")
def aws(run: Context) -> Callable[[str], Any]:
    return clients(run.stack)


@pytest.fixture(scope="session")
def injector() -> Iterator[Injector]:
    with installed() as injector:
        yield injector


@pytest.fixture(scope="session")
def bench(
    run: Context,
    aws: Callable[[str], Any],
    injector: Injector,
    points: list[Point],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    """Everything that a run of a scenario needs; the mappings are off meanwhile."""
    with mappings_off(aws, run.stack):
        yield Bench(run.stack, aws, injector, points, tmp_path_factory.mktemp("faults"))

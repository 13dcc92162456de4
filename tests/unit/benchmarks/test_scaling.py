"""The arithmetic of docs/scaling.md against hand-made figures, and the simulation against the arithmetic."""

import msgspec
import pytest

from datavault.cost.pipeline import needed_shards
from datavault.cost.workload import Workload
from tests.benchmarks.scaling.arithmetic import ENVIRONMENTS, Settings, first_to_saturate, limits, need
from tests.benchmarks.scaling.simulation import simulate

WORK = Workload(512)
WIDE = Settings(
    processor_concurrency=500, shards=100, parallelization_factor=10, loader_window_seconds=30, base_capacity_rpu=512
)


def test_shards_are_those_that_the_cost_is_computed_with() -> None:
    for gb_per_day in (1.0, 500.0, 5_000.0):
        work = Workload(gb_per_day, peak=1)
        assert -(-need(work).shards // 1) == needed_shards(work)


def test_a_flow_at_a_hops_limit_needs_all_of_the_hop() -> None:
    settings = ENVIRONMENTS["staging"]
    found = limits(WORK, settings)
    assert need(Workload(found["processor"])).processors == pytest.approx(settings.processor_concurrency)
    assert need(Workload(found["stream"])).shards == pytest.approx(settings.shards)
    enrichments = settings.shards * settings.parallelization_factor
    assert need(Workload(found["enrichment"])).enrichments == pytest.approx(enrichments)


def test_everything_that_came_in_is_loaded_or_waits() -> None:
    seen = simulate(WORK, WIDE, 600)
    assert seen.objects == pytest.approx(600 * need(WORK).objects_per_second, rel=0.5)
    assert 0 < seen.loaded == len(seen.latencies)
    assert seen.chunks == seen.loaded + seen.waiting["stream"] + seen.waiting["loader"]


def test_the_same_seed_gives_the_same_run() -> None:
    assert simulate(WORK, WIDE, 300) == simulate(WORK, WIDE, 300)
    assert simulate(WORK, WIDE, 300) != simulate(WORK, WIDE, 300, seed=2)


@pytest.mark.parametrize(
    ("narrow", "hop", "waits_at"),
    [
        ({"processor_concurrency": 2}, "processor", "processor (objects)"),
        ({"shards": 1, "parallelization_factor": 10}, "stream", "stream"),
        ({"base_capacity_rpu": 1}, "loader", "loader"),
    ],
)
def test_what_the_arithmetic_says_saturates_first_is_where_the_simulation_queues(
    narrow: dict[str, int], hop: str, waits_at: str
) -> None:
    settings = msgspec.structs.replace(WIDE, **narrow)
    found, limit = first_to_saturate(WORK, settings)
    assert found == hop
    calm, crowded = (simulate(Workload(limit * share), settings, 1_200).waiting for share in (0.5, 2.0))
    assert crowded[waits_at] > 10 * max(1, calm[waits_at]) or crowded[waits_at] > calm[waits_at] + 500
    assert max(crowded, key=lambda name: crowded[name]) == waits_at


def test_a_hop_is_as_busy_as_its_part_of_the_limit() -> None:
    settings = msgspec.structs.replace(WIDE, processor_concurrency=2)
    half = Workload(limits(WORK, settings)["processor"] / 2)
    assert simulate(half, settings, 3_600).busy["processor"] == pytest.approx(0.5, abs=0.07)

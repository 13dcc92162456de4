"""The arithmetic of docs/scaling.md against hand-made figures, and the simulation against arithmetic and theory."""

import statistics
from pathlib import Path

import msgspec
import pytest

from datavault.cost.pipeline import needed_shards
from datavault.cost.workload import LOAD_SECONDS
from tests.benchmarks.scaling import dollars
from tests.benchmarks.scaling.arithmetic import Flow, first_to_saturate, limits, need, ramp_seconds, sized, use
from tests.benchmarks.scaling.service import FILE, load
from tests.benchmarks.scaling.settings import Settings, read
from tests.benchmarks.scaling.simulation import simulate

SERVICE = load(Path(__file__).with_name("service.json"))
FLOW = Flow(512, SERVICE)
WIDE = Settings(
    processor_concurrency=500, shards=100, parallelization_factor=10, loader_window_seconds=30, base_capacity_rpu=512
)
NARROW = [
    # With so many shards that the chunks of one put hardly ever meet: a meeting stops the processor for a second.
    ({"processor_concurrency": 1, "shards": 2000, "parallelization_factor": 1}, "processor"),
    ({"shards": 1, "parallelization_factor": 10}, "stream"),
    ({"shards": 2, "parallelization_factor": 1}, "enrichment"),
    ({"base_capacity_rpu": 8}, "loader"),
]


def narrow(changes: dict[str, int], hop: str) -> tuple[Flow, Settings]:
    """A stack in which that hop is the narrowest."""
    slow = msgspec.structs.replace(SERVICE, enrichment_seconds_per_chunk=4.0) if hop == "enrichment" else SERVICE
    return Flow(512, slow), msgspec.structs.replace(WIDE, **changes)


def test_the_committed_measurement_can_be_read() -> None:
    assert load(FILE).raw_bytes_per_chunk > load(FILE).chunk_bytes


def test_the_needs_of_a_tb_a_day_are_those_of_a_hand_calculation() -> None:
    found = need(Flow(1024, SERVICE))
    assert found.objects_per_second == pytest.approx(1024 * 1024 / 86_400 / 64)
    assert found.processors == pytest.approx(found.objects_per_second * (64 * 0.0135 + 0.004 + 0.5))
    assert found.chunks_per_second == pytest.approx(8 * found.objects_per_second)
    assert found.shards == pytest.approx(1024**4 / 86_400 * 920 / 8600 / 1024**2)
    assert found.enrichments == pytest.approx(found.chunks_per_second * (0.13 * 8 * 1024**2 / 8.6e6 + 0.2))
    assert found.rpu == pytest.approx(1024**2 / 86_400 * 830 / 8600 / 2)


@pytest.mark.parametrize("gb_per_day", [1.0, 500.0, 5_000.0])
def test_shards_are_those_that_the_cost_is_computed_with(gb_per_day: float) -> None:
    flow = Flow(gb_per_day, SERVICE)
    assert -(-need(flow).shards // 1) == needed_shards(msgspec.structs.replace(flow.work(), peak=1))


@pytest.mark.parametrize("settings", [WIDE, read("dev"), read("prod"), read("prod").grown()])
@pytest.mark.parametrize("object_mb", [0.001, 1.0, 64.0])
def test_a_flow_at_a_hops_limit_uses_all_of_the_hop(settings: Settings, object_mb: float) -> None:
    for hop, limit in limits(Flow(1, SERVICE, object_mb), settings).items():
        assert use(Flow(limit, SERVICE, object_mb), settings)[hop] == pytest.approx(1, rel=0.01)


def test_a_load_of_a_thousand_chunks_is_the_most_that_the_ledger_takes_at_once() -> None:
    rpu = read("prod").base_capacity_rpu
    seconds = (
        LOAD_SECONDS + 1000 * 8 * 830 / 8600 / 2 / rpu
    )  # 8 MiB of raw input a chunk, COPY at 2 MB a second and RPU
    reached = Flow(limits(FLOW, read("prod"))["loader"], SERVICE)
    assert reached.chunks_per_second == pytest.approx(1000 / seconds)


def test_a_loader_that_is_always_busy_with_loads_that_are_not_full_has_room() -> None:
    settings = msgspec.structs.replace(WIDE, loader_window_seconds=10)
    seen = simulate(FLOW.times(8), settings, 1_000, warm_up=300)
    assert seen.busy["loader"] > 0.97
    assert seen.saturated == ""
    assert max(seen.waiting["loader"]) < 1000


def test_a_queues_mapping_begins_with_five_and_adds_three_hundred_a_minute() -> None:
    assert [ramp_seconds(number) for number in (1, 5, 305, 605)] == [0, 0, 60, 120]


def test_sized_settings_carry_the_flow_and_its_peak_in_the_simulation() -> None:
    settings = sized(FLOW)
    assert simulate(FLOW, settings, 600, warm_up=200).saturated == ""
    assert simulate(FLOW.times(3), settings, 600, warm_up=200).saturated == ""


def test_no_warehouse_is_large_enough_beyond_the_ledgers_lock() -> None:
    with pytest.raises(ValueError, match="several stacks"):
        sized(Flow(1024**2, SERVICE))


@pytest.mark.parametrize("load_factor", [0.5, 2.0])
def test_everything_that_came_in_is_loaded(load_factor: float) -> None:
    seen = simulate(FLOW.times(load_factor), WIDE, 600)
    assert seen.objects == pytest.approx(600 * need(FLOW).objects_per_second * load_factor, rel=0.5)
    assert seen.objects * FLOW.chunks_per_object == seen.chunks == seen.loaded == len(seen.latencies)


def test_the_same_seed_gives_the_same_run() -> None:
    assert simulate(FLOW, WIDE, 300) == simulate(FLOW, WIDE, 300)
    assert simulate(FLOW, WIDE, 300) != simulate(FLOW, WIDE, 300, seed=2)


def test_one_processor_with_equal_objects_waits_as_pollaczek_and_khinchine_say() -> None:
    """M/D/1: the mean wait is rho * service / (2 * (1 - rho))."""
    object_mb, rho = 1.0, 0.7
    settings = msgspec.structs.replace(WIDE, processor_concurrency=1, shards=2000, parallelization_factor=1)
    service = Flow(1, SERVICE, object_mb).processor_seconds
    flow = Flow(limits(Flow(1, SERVICE, object_mb), settings)["processor"] * rho, SERVICE, object_mb)
    seen = simulate(flow, settings, 20_000, warm_up=500, spread=0)
    assert seen.busy["processor"] == pytest.approx(rho, rel=0.03)
    assert seen.blocked < 0.002  # else it would not be M/D/1
    assert statistics.fmean(seen.waits) == pytest.approx(rho * service / (2 * (1 - rho)), rel=0.08)


@pytest.mark.parametrize(("changes", "hop"), NARROW)
def test_the_simulation_saturates_where_the_arithmetic_says_and_not_before(changes: dict[str, int], hop: str) -> None:
    flow, settings = narrow(changes, hop)
    found, limit = first_to_saturate(flow, settings)
    assert found == hop
    before, after = (
        simulate(msgspec.structs.replace(flow, gb_per_day=limit * share), settings, 2_000, warm_up=600)
        for share in (0.7, 1.4)
    )
    assert (before.saturated, after.saturated) == ("", hop)
    assert after.per_second[hop] == pytest.approx(
        need(msgspec.structs.replace(flow, gb_per_day=limit)).chunks_per_second, rel=0.1
    )


def test_a_hop_is_as_busy_as_its_part_of_the_limit() -> None:
    settings = msgspec.structs.replace(WIDE, processor_concurrency=2)
    half = Flow(limits(FLOW, settings)["processor"] / 2, SERVICE)
    assert simulate(half, settings, 3_600).busy["processor"] == pytest.approx(0.5, abs=0.05)


def test_a_full_stream_stops_the_processors() -> None:
    flow, settings = narrow({"shards": 1, "parallelization_factor": 10, "processor_concurrency": 2}, "stream")
    over = msgspec.structs.replace(flow, gb_per_day=2 * limits(flow, settings)["stream"])
    seen = simulate(over, settings, 1_000, warm_up=300)
    assert seen.saturated == "stream"
    assert seen.blocked > 0.5
    assert seen.waiting["processor"][-1] > seen.waiting["processor"][30] > 0


def test_the_warehouse_of_dev_is_stopped_by_its_hours_long_before_it_is_busy() -> None:
    stopped = dollars.rpu_limit(Flow(1, SERVICE), read("dev"))
    assert stopped is not None
    assert stopped < limits(Flow(1, SERVICE), read("dev"))["loader"] / 100
    assert dollars.rpu_limit(Flow(1, SERVICE), read("prod")) is None


def test_small_objects_cost_calls_and_not_bytes() -> None:
    settings = read("prod")
    many, bill = dollars.batch(Flow(1, SERVICE, 1000 / 2**20), 100_000, settings)
    one, one_bill = dollars.batch(Flow(1, SERVICE, 1e8 / 2**20), 1, settings)
    assert many["invocations"] == 200_000
    assert one["invocations"] == 13
    assert many["transactions"] == 100
    assert sum(line.usd for line in bill) > 50 * sum(line.usd for line in one_bill)
